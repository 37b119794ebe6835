import { findMetric } from './metrics.ts'
import type { OfflineEvalPlan } from './plan.ts'

const ASKED: ReadonlySet<string> = new Set(['faithfulness', 'context_recall'])

/** What of an offline eval this version compiles and carries, and does not run yet; null when it runs. */
export function notRunYet({ method, sample }: Pick<OfflineEvalPlan, 'method' | 'sample'>): string | null {
  if (sample.scope.subject === 'session') return 'sessions are not judged yet'
  if (method.kind === 'metric') {
    const { name } = method.metric
    const runs = findMetric(name)?.judgeCalls === 0 || ASKED.has(name)
    return runs ? null : `the metric \`${name}\` asks a judge, which is not done yet`
  }
  return null
}
