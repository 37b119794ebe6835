/** How long judges' answers are, by what a running instance has stored of the same evals. */
import type { EvalCost } from '../../dsl/cost/eval-cost.ts'
import { resultsResponseSchema } from '../../server/schemas.ts'
import { type Answer, askApi } from '../commands/ask-api.ts'

/** The newest results of an eval. */
const LOOKED_AT = '200'

/** By eval: mean tokens of one answer. Those of which none is stored have no entry. */
export type AnswerTokens = ReadonlyMap<string, number>

export async function storedAnswerTokens(server: string, costs: readonly EvalCost[]): Promise<Answer<AnswerTokens>> {
  const known = new Map<string, number>()
  for (const { evalId, judge } of costs) {
    // Of a session it is not known of how many answers a result is made.
    if (judge === null || judge.perTraceOfSession) continue
    const answer = await askApi(server, 'v1/results', { eval: evalId, limit: LOOKED_AT }, resultsResponseSchema)
    if (!answer.ok) return answer
    const tokens = answer.value.results.flatMap(({ judge: by, standIn }) =>
      // What was answered from the cache has 0.
      standIn === undefined && by?.outputTokens !== undefined && by.outputTokens > 0 ? [by.outputTokens] : [],
    )
    const answers = judge.callsPerSubject * judge.models.length
    if (tokens.length > 0) known.set(evalId, tokens.reduce((sum, one) => sum + one, 0) / tokens.length / answers)
  }
  return { ok: true, value: known }
}
