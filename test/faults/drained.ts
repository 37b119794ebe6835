/** Waits until everything that is in the log has been read and its offsets are committed, by every group. */
import { ALERT_GROUP } from '../../alerting/evaluator.ts'
import { MANAGER_GROUP } from '../../alerting/manager.ts'
import type { Log } from '../../storage/log/port.ts'
import { AGENT_TRACES, EVAL_RESULTS, NOTIFICATIONS } from '../../storage/log/topics.ts'
import { type Patience, untilNothingLeft } from './movement.ts'
import type { SupervisedProcess } from './supervised.ts'

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

/** Twice in a row, for what one group writes is read by another. What is left, should it stand still. */
export async function untilDrained(log: Log, patience: Patience): Promise<string> {
  let quiet = 0
  const left = async (): Promise<string> => {
    const found = await lags(log).catch((error: unknown) => {
      quiet = 0
      throw error
    })
    quiet = found.size === 0 ? quiet + 1 : 0
    if (quiet > 1) return ''
    return [...found].map(([reader, lag]) => `${reader} ${lag}`).join(', ') || 'nothing, to be looked at once more'
  }
  return await untilNothingLeft(patience, left, 1_000)
}

/** Traces that evaluators are to judge again when the store has the rest of them, by their own counters. */
export async function tracesWaiting(processes: readonly SupervisedProcess[]): Promise<number> {
  let waiting = 0
  for (const { role, httpUrl } of processes) {
    if (role !== 'trans-evaluate') continue
    const answer = await fetch(`${httpUrl}/health`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) })
    const { components } = (await answer.json()) as { components: { counters?: Record<string, number> }[] }
    for (const { counters } of components) waiting += counters?.waitingForStore ?? 0
  }
  return waiting
}

const ANSWER_LIMIT_MS = 10_000
