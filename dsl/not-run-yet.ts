/** What compiles and is carried in the plan, and this version does not run: said at the check, by `assay up` and by tests alike. */
import type { AlertPlan } from './plan.ts'

/** Labels that results of evals carry. */
export const CARRIED_LABELS: ReadonlySet<string> = new Set(['agent.name', 'agent.version', 'env'])

/** What of an alert this version does not run, as a subject of a sentence; null when it runs. */
export function notRunYet({ on, by, when }: Pick<AlertPlan, 'on' | 'by' | 'when'>): string | null {
  if (when.kind === 'regression') return 'alerts on changes (`regresses`, `rises`, `falls`)'
  if (when.kind === 'anomaly') return 'alerts on anomalies'
  if (on.kind === 'scope') return 'alerts on a scope'
  const { measure } = when
  if (measure.kind === 'score' && measure.fn !== 'mean' && measure.fn !== 'sum')
    return `alerts on \`${measure.fn}(score)\``
  if (by.length > 0) return 'alerts by group'
  const foreign = by.find((group) => group.kind === 'attr' || !CARRIED_LABELS.has(group.path))
  if (foreign === undefined) return null
  const name = foreign.kind === 'attr' ? `attr("${foreign.name}")` : foreign.path
  return `alerts by \`${name}\`, which results do not carry`
}
