/** How long a judge's answers about an eval are, by those that are stored: a process that has asked nobody yet need not guess. */
import { findMetric } from '../../dsl/metrics.ts'
import type { JudgePlan, OfflineEvalPlan } from '../../dsl/plan.ts'
import { LOOKED_AT_RESULTS, meanAnswerTokens } from '../../engine/judge/answer-tokens.ts'
import type { TracesStore } from '../../storage/traces/port.ts'

/** Mean tokens of one answer, of the series in force; null where none is stored, or its results do not tell of how many answers they are. */
export async function storedAnswerTokens(
  traces: Pick<TracesStore, 'queryResults'>,
  tenant: string,
  { id, measureHash, method, sample }: Pick<OfflineEvalPlan, 'id' | 'measureHash' | 'method' | 'sample'>,
  { models }: Pick<JudgePlan, 'models'>,
): Promise<number | null> {
  const metric = method.kind === 'metric' ? findMetric(method.metric.name) : undefined
  // Of a session it asks of each trace, as many as there are.
  if (metric?.meanOverTraces === true && sample.scope.subject === 'session') return null
  const results = await traces.queryResults(tenant, { evalId: id, limit: LOOKED_AT_RESULTS })
  const tokens = results.filter((one) => one.measureHash === measureHash).map((one) => one.judgeOutputTokens)
  return meanAnswerTokens(tokens, (metric?.judgeCalls ?? 1) * models.length)
}
