/** Whether a judge drifted, put into the log after each batch of its anchors: an alert says it without waiting for the store. */
import { judgeRecordOf } from '../../engine/alerting/judge-record.ts'
import { judgeDriftRecord } from '../../storage/alerts/judge-drift-record.ts'
import { readAnchorRounds } from '../../storage/labels/anchors.ts'
import type { Log } from '../../storage/log/port.ts'
import { ALERT_STATE, alertTopics } from '../../storage/log/topics.ts'
import type { TracesStore } from '../../storage/traces/port.ts'

export interface JudgeDriftOptions {
  log: Pick<Log, 'append' | 'ensureTopics'>
  traces: Pick<TracesStore, 'queryResults'>
}

/** Idempotent: what is written takes the place of what was. Rejects where the store or the log is away. */
export async function writeJudgeDrift(
  tenant: string,
  evalId: string,
  { log, traces }: JudgeDriftOptions,
): Promise<void> {
  // Batches of a round end at the same time in several workers: who wrote looks again, so that the last word is of them all.
  for (let written = ''; ; ) {
    const judge = judgeRecordOf(await readAnchorRounds(traces, tenant, evalId))
    const text = JSON.stringify(judge)
    if (judge === null || text === written) return
    await log.ensureTopics(alertTopics)
    await log.append(ALERT_STATE, [judgeDriftRecord(tenant, evalId, judge)])
    written = text
  }
}
