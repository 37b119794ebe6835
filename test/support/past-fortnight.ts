/** A data folder of an Assay that has been at work for a fortnight in which its agent answered well: what alerts on changes compare with. */
import type { EvalPlan, Plan } from '../../dsl/plan.ts'
import { makeResult, type ResultFields } from '../../engine/model/make-result.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { plansOfOne } from '../../storage/definitions/plans.ts'
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { alertTopics, onlineTopics } from '../../storage/log/topics.ts'
import { openTraces } from '../../storage/traces/open.ts'
import { createBaselines } from '../../workers/offline/baselines.ts'

const HOUR_MS = 3_600_000
const FORTNIGHT_MS = 14 * 24 * HOUR_MS

export interface PastSeries {
  /** Of the plan, by its name. */
  name: string
  everyMs: number
  /** The n-th, the newest first, as it differs from a pass. */
  result: (n: number) => ResultFields
}

/** Stores the results of whole hours and what the job makes of them for the alerts; gives them. */
export async function storeFortnight(
  dataDir: string,
  plan: Plan,
  series: readonly PastSeries[],
  nowMs: number,
): Promise<EvalResult[]> {
  const toMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS
  const results = series.flatMap(({ name, everyMs, result }, nth) => {
    const evalPlan: EvalPlan | undefined = plan.evals.find((one) => one.name === name)
    if (evalPlan === undefined) throw new Error(`there is no eval ${name}`)
    const { id: evalId, measureHash, verdictHash } = evalPlan
    return Array.from({ length: FORTNIGHT_MS / everyMs }, (_, n) => {
      // Off the quarters of an hour, where periods end: which period has a result must not hang on a second.
      const atMs = toMs - (n + 0.4) * everyMs
      const traceId = `${nth + 1}${n.toString(16).padStart(31, '0')}`
      const at = { traceId, subjectTimeUs: atMs * 1_000, evaluatedAtMs: atMs }
      return makeResult({ evalId, measureHash, verdictHash, ...at, ...result(n) })
    })
  })
  const log = await openEmbeddedLog({ dataDir, retentionIntervalMs: null })
  const traces = await openTraces({ dataDir, nowMs: () => nowMs })
  try {
    await traces.migrate()
    await traces.insertResults(results, 'fortnight')
    await log.ensureTopics([...onlineTopics, ...alertTopics])
    const onProblem = (text: string): never => {
      throw new Error(text)
    }
    await createBaselines({
      log,
      traces,
      definitions: plansOfOne('default', () => plan),
      nowMs: () => nowMs,
      onProblem,
    })()
  } finally {
    await traces.close()
    await log.close()
  }
  return results
}
