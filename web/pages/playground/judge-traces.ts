/** Runs a plan's online evals on stored traces, as a backtest does: what is masked in them is not taken for what was said. */
import type { Result, TraceResponse } from '../../../client/api.ts'
import type { Plan } from '../../../dsl/plan.ts'
import { createStoredJudge } from '../../../engine/backtest/judge-stored.ts'
import { scoreUnitOf } from '../../../engine/evaluate/score.ts'
import { spanFromJson } from '../../../engine/model/parse-span.ts'
import type { EvalResult } from '../../../engine/model/result.ts'
import type { Span } from '../../../engine/model/span.ts'
import type { Judged } from './protocol.ts'

export function judgeTraces(
  plan: Plan,
  traces: readonly unknown[],
): { judged: readonly Judged[]; notRun: readonly string[] } {
  const judge = createStoredJudge(plan)
  const unitOf = new Map(plan.evals.map((one) => [one.id, scoreUnitOf(one)]))
  const judged: Judged[] = []
  for (const trace of traces as readonly TraceResponse[]) {
    const spans = trace.spans.map(spanOf)
    const stored = new Map(
      [...trace.results, ...trace.spans.flatMap(({ results }) => results)].map((result) => [keyOf(result), result]),
    )
    for (const result of judge.judge(spans, new Map())) {
      const unit = unitOf.get(result.evalId) ?? null
      judged.push(toJudged(result, unit, stored, judge.isMasked(result)))
    }
  }
  return { judged, notRun: plan.evals.filter(({ kind }) => kind === 'offline').map(({ id }) => id) }
}

const keyOf = ({ eval: evalId, spanId = '' }: Pick<Result, 'eval' | 'spanId'>): string => `${evalId} ${spanId}`

function spanOf(json: unknown): Span {
  const parsed = spanFromJson(json)
  if (!parsed.ok) throw new Error(`a stored span does not parse: ${parsed.message}`)
  return parsed.span
}

/** `isMasked`: what it reads is not short, but has stars for what was said. */
function toJudged(
  result: EvalResult,
  unit: string | null,
  stored: ReadonlyMap<string, Result>,
  isMasked: boolean,
): Judged {
  const { evalId, traceId, spanId, verdict, score, reason, evidence } = result
  const before = stored.get(`${evalId} ${spanId}`)?.verdict
  const [first] = evidence
  const why =
    first !== undefined
      ? `${first.field}: ${first.masked} (${first.pattern})`
      : reason === undefined
        ? ''
        : [
            isMasked ? 'masked' : reason.code.replaceAll('_', ' '),
            'field' in reason ? reason.field : 'detail' in reason ? reason.detail : '',
          ]
            .filter(Boolean)
            .join(': ')
  return {
    traceId,
    evalId,
    spanId,
    verdict,
    why,
    ...(score !== undefined && { score }),
    ...(score !== undefined && unit !== null && { scoreUnit: unit }),
    ...(before !== undefined && before !== verdict && { was: before }),
  }
}
