/** Waits until everything that is in the log has been read and its offsets are committed, by every group. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ALERT_GROUP } from '../../alerting/evaluator.ts'
import { MANAGER_GROUP } from '../../alerting/manager.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { Log } from '../../storage/log/port.ts'
import { AGENT_TRACES, EVAL_RESULTS, NOTIFICATIONS } from '../../storage/log/topics.ts'

const READERS = [
  ['trans-evaluate', AGENT_TRACES],
  ['trans-store', AGENT_TRACES],
  ['trans-store', EVAL_RESULTS],
  [ALERT_GROUP, EVAL_RESULTS],
  [MANAGER_GROUP, NOTIFICATIONS],
] as const

/** Records that a group has not committed, by group and topic. Those that are done with are left out. */
export async function lags(log: Log): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (const [group, topic] of READERS) {
    const committed = (await log.committed(group)).filter((one) => one.topic === topic)
    let lag = 0
    for (const { partition, start, end } of await log.endOffsets(topic)) {
      lag += end - Math.max(start, committed.find((one) => one.partition === partition)?.offset ?? start)
    }
    if (lag > 0) found.set(`${group} of ${topic}`, lag)
  }
  return found
}

/** Twice in a row, for what one group writes is read by another. False when the time is over before. */
export async function untilDrained(log: Log, deadlineMs: number, onWait: (left: string) => void): Promise<boolean> {
  let quiet = 0
  let left = 'nobody has answered yet'
  while (quiet < 2) {
    if (performance.now() > deadlineMs) return false
    try {
      const found = await lags(log)
      quiet = found.size === 0 ? quiet + 1 : 0
      left = [...found].map(([reader, lag]) => `${reader} ${lag}`).join(', ')
    } catch (error) {
      left = messageOf(error)
      quiet = 0
    }
    if (quiet === 0) onWait(left)
    await sleep(1_000)
  }
  return true
}
