/** How long judges' answers are, by what a running instance has stored of the same evals. */
import type { EvalCost } from '../../dsl/cost/eval-cost.ts'
import { LOOKED_AT_RESULTS, meanAnswerTokens } from '../../engine/judge/answer-tokens.ts'
import { resultsResponseSchema } from '../../server/schemas.ts'
import { type Answer, askApi } from '../commands/ask-api.ts'

/** By eval: mean tokens of one answer. Those of which none is stored have no entry. */
export type AnswerTokens = ReadonlyMap<string, number>

export async function storedAnswerTokens(server: string, costs: readonly EvalCost[]): Promise<Answer<AnswerTokens>> {
  const known = new Map<string, number>()
  for (const { evalId, judge } of costs) {
    // Of a session it is not known of how many answers a result is made.
    if (judge === null || judge.perTraceOfSession) continue
    const answer = await askApi(
      server,
      'v1/results',
      { eval: evalId, limit: `${LOOKED_AT_RESULTS}` },
      resultsResponseSchema,
    )
    if (!answer.ok) return answer
    const tokens = answer.value.results.map(({ judge: by, standIn }) =>
      standIn === undefined ? by?.outputTokens : undefined,
    )
    const mean = meanAnswerTokens(tokens, judge.callsPerSubject * judge.models.length)
    if (mean !== null) known.set(evalId, mean)
  }
  return { ok: true, value: known }
}
