/** `assay explain TRACE`: what every eval at hand makes of a trace, a line each. */
import type { EvalPlan } from '../../dsl/plan.ts'
import { describeReason } from '../../engine/evaluate/reason-text.ts'
import type { ExplainedSubject } from '../../server/explain-trace.ts'
import { explained } from './explain-report.ts'

export interface ExplainedEval {
  readonly evalPlan: EvalPlan
  /** The gravest first. */
  readonly subjects: readonly ExplainedSubject[]
}

const OUTSIDE = 'not in scope'
const STORED_FAIL = 'stored: fail'

export function overviewText(traceId: string, evals: readonly ExplainedEval[]): string {
  const rows = evals.map(({ evalPlan, subjects }) => ({ id: evalPlan.id, ...rowOf(evalPlan, subjects) }))
  const idWidth = Math.max(0, ...rows.map(({ id }) => id.length))
  const verdictWidth = Math.max(0, ...rows.map(({ verdict }) => verdict.length))
  const lines = rows.map(({ id, verdict, note }) =>
    `  ${id.padEnd(idWidth)}  ${verdict.padEnd(verdictWidth)}  ${note}`.trimEnd(),
  )
  const some =
    rows.find(({ verdict, note }) => verdict === 'fail' || note.endsWith(STORED_FAIL)) ??
    rows.find(({ verdict }) => verdict !== OUTSIDE)
  const why = some === undefined ? '' : `\nWhy: assay explain ${traceId} ${some.id}\n`
  return `${lines.join('\n')}\n${why}`
}

function rowOf(evalPlan: EvalPlan, subjects: readonly ExplainedSubject[]): { verdict: string; note: string } {
  const [gravest] = subjects
  if (gravest === undefined || gravest.explanation.verdict === 'none') return { verdict: OUTSIDE, note: '' }
  const { explanation, stored } = gravest
  if (evalPlan.kind === 'offline' && stored === null) return { verdict: 'not judged yet', note: '' }
  const same = subjects.filter((one) => one.explanation.verdict === explanation.verdict).length
  const differs = subjects.find((one) => one.stored !== null && one.stored.verdict !== one.explanation.verdict)
  const notes = [
    ...(subjects.length > 1 ? [`${same} of ${subjects.length} spans`] : []),
    ...(explanation.reason === undefined ? [] : [describeReason(explanation.reason)]),
    ...(differs?.stored ? [`stored: ${differs.stored.verdict}`] : []),
  ]
  return { verdict: explanation.verdict, note: notes.join(', ') }
}

export function overviewJson(evals: readonly ExplainedEval[]): string {
  return `${JSON.stringify({ evals: evals.map(({ evalPlan, subjects }) => explained(evalPlan, subjects)) }, null, 2)}\n`
}
