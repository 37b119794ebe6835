/** `assay explain TRACE`: what every eval at hand makes of a trace, a line each. */
import type { EvalPlan } from '../../dsl/plan.ts'
import { describeReason } from '../../engine/evaluate/reason-text.ts'
import { graver } from '../../engine/evaluate/verdict.ts'
import { type ExplainedSubject, verdictOf } from '../../server/explain-trace.ts'
import type { ResultJson } from '../../server/schemas.ts'
import { explained } from './explain-report.ts'

export interface ExplainedEval {
  readonly evalPlan: EvalPlan
  /** The gravest first. */
  readonly subjects: readonly ExplainedSubject[]
}

const OUTSIDE = 'not in scope'
const ELSEWHERE = 'as it is stored: the eval is not among the definitions here (--evals)'

/** `elsewhere`: what is stored of evals that are not at hand. */
export function overviewText(
  traceId: string,
  evals: readonly ExplainedEval[],
  elsewhere: readonly ResultJson[],
): string {
  const rows = [
    ...evals.map(({ evalPlan, subjects }) => ({ id: evalPlan.id, ...rowOf(evalPlan, subjects) })),
    ...[...Map.groupBy(elsewhere, (result) => result.eval)].map(([id, results]) => ({
      id,
      verdict: results.map(({ verdict }) => verdict).reduce(graver),
      note: ELSEWHERE,
    })),
  ]
  const idWidth = Math.max(0, ...rows.map(({ id }) => id.length))
  const verdictWidth = Math.max(0, ...rows.map(({ verdict }) => verdict.length))
  const lines = rows.map(({ id, verdict, note }) =>
    `  ${id.padEnd(idWidth)}  ${verdict.padEnd(verdictWidth)}  ${note}`.trimEnd(),
  )
  const known = rows.filter(({ note }) => note !== ELSEWHERE)
  const some = known.find(({ verdict }) => verdict === 'fail') ?? known.find(({ verdict }) => verdict !== OUTSIDE)
  const why = some === undefined ? '' : `\nWhy: assay explain ${traceId} ${some.id}\n`
  return `${lines.join('\n')}\n${why}`
}

function rowOf(evalPlan: EvalPlan, subjects: readonly ExplainedSubject[]): { verdict: string; note: string } {
  const [gravest] = subjects
  if (gravest === undefined) return { verdict: OUTSIDE, note: '' }
  const verdict = verdictOf(gravest)
  if (verdict === 'none') return { verdict: OUTSIDE, note: '' }
  const { explanation, stored, difference } = gravest
  if (evalPlan.kind === 'offline' && stored === null) return { verdict: 'not judged yet', note: '' }
  const same = subjects.filter((one) => verdictOf(one) === verdict).length
  const notes = [
    ...(subjects.length > 1 ? [`${same} of ${subjects.length} spans`] : []),
    ...(difference !== null
      ? [difference]
      : explanation.reason === undefined
        ? []
        : [describeReason(explanation.reason)]),
  ]
  return { verdict, note: notes.join(', ') }
}

export function overviewJson(evals: readonly ExplainedEval[], elsewhere: readonly ResultJson[]): string {
  const explanations = evals.map(({ evalPlan, subjects }) => explained(evalPlan, subjects))
  return `${JSON.stringify({ evals: explanations, elsewhere }, null, 2)}\n`
}
