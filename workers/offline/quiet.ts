/** Whether a run that is asked for by hand has to wait for what is on its way. */
import { type Log, LogError } from '../../storage/log/port.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import { STORE_GROUP } from '../integrity/verify.ts'

type AskedLog = Pick<Log, 'committed' | 'endOffsets' | 'offsetsForTime'>

/**
 * True where nothing arrived since then, and all that did before is stored: no trace is between the log and the store, or still coming.
 * False where the log cannot tell.
 */
export async function isQuietSince(log: AskedLog, sinceMs: number): Promise<boolean> {
  try {
    return await isQuiet(log, sinceMs)
  } catch (error) {
    if (error instanceof LogError) return false
    throw error
  }
}

async function isQuiet(log: AskedLog, sinceMs: number): Promise<boolean> {
  const [ends, since, committed] = await Promise.all([
    log.endOffsets(AGENT_TRACES),
    log.offsetsForTime(AGENT_TRACES, sinceMs),
    log.committed(STORE_GROUP),
  ])
  const stored = committed.filter(({ topic }) => topic === AGENT_TRACES)
  return ends.every(({ partition, start, end }) => {
    const offsetIn = (all: readonly { partition: number; offset: number }[]): number =>
      all.find((one) => one.partition === partition)?.offset ?? start
    return offsetIn(since) >= end && offsetIn(stored) >= end
  })
}
