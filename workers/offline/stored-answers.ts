/** How long a judge's answers about an eval are, by those that are stored: a process that has asked nobody yet need not guess. */
import { findMetric } from '../../dsl/metrics.ts'
import type { JudgePlan, OfflineEvalPlan } from '../../dsl/plan.ts'
import type { TracesStore } from '../../storage/traces/port.ts'

/** The newest results of an eval: some runs of most. */
const LOOKED_AT = 200

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
  const answers = (metric?.judgeCalls ?? 1) * models.length
  const results = await traces.queryResults(tenant, { evalId: id, limit: LOOKED_AT })
  const tokens = results.flatMap(({ judgeOutputTokens = 0, ...one }) =>
    // What was answered from the cache has 0.
    one.measureHash === measureHash && judgeOutputTokens > 0 ? [judgeOutputTokens] : [],
  )
  return tokens.length === 0 ? null : tokens.reduce((sum, count) => sum + count, 0) / tokens.length / answers
}
