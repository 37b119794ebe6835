/** Sets the store's group to where a backup found it, so that what the log took since is stored again; that is idempotent. */
import type { Consumer, Log, PartitionOffset } from '../../storage/log/port.ts'
import { LogError } from '../../storage/log/port.ts'
import { AGENT_TRACES, EVAL_RESULTS } from '../../storage/log/topics.ts'
import { STORE_GROUP } from '../../workers/integrity/verify.ts'
import type { Manifest } from './manifest.ts'

const TOPICS = [AGENT_TRACES, EVAL_RESULTS] as const
/** A member that was killed is let go of by then. */
const JOIN_MS = 60_000

export class StoreIsRunning extends Error {
  override readonly name = 'StoreIsRunning'
}

/**
 * In a log that is another one (the record before the position is not the one of then) it starts at the beginning: everything that is
 * there is stored. Rejects with `StoreIsRunning` while the group has members, and with `LogError`.
 */
export async function setStoreOffsets(log: Log, noted: NonNullable<Manifest['offsets']>): Promise<string[]> {
  const wanted: PartitionOffset[] = []
  const topics: string[] = []
  let isOther = false
  for (const topic of TOPICS) {
    const extents = await extentsOf(log, topic)
    if (extents.length > 0) topics.push(topic)
    for (const { partition, start, end } of extents) {
      if (end === 0) continue
      const then = noted.find((one) => one.topic === topic && one.partition === partition)
      const offset = then === undefined ? start : await positionIn(log, then, start)
      if (then !== undefined && then.offset > 0 && offset !== then.offset) isOther = true
      wanted.push({ topic, partition, offset })
    }
  }
  if (wanted.length === 0) return []
  const consumer = await log.openConsumer({ groupId: STORE_GROUP, topics, startFrom: 'earliest' })
  try {
    await untilAlone(log, consumer, topics)
    const outcome = await consumer.commit(wanted)
    if (!outcome.ok) throw new StoreIsRunning(RUNNING)
  } finally {
    await consumer.close()
  }
  return isOther ? ['the log is another one, or has lost what the backup knew: all of it is stored again'] : []
}

const RUNNING = 'the store role runs: stop it (assay serve trans-store, or assay up), and restore again with --force'

async function untilAlone(log: Log, consumer: Consumer, topics: readonly string[]): Promise<void> {
  let partitions = 0
  for (const topic of topics) partitions += await log.partitionsOf(topic)
  const deadlineMs = performance.now() + JOIN_MS
  while (consumer.assignment().length < partitions) {
    if (performance.now() > deadlineMs) throw new StoreIsRunning(RUNNING)
    await consumer.fetch({ maxBytes: 1, maxWaitMs: 200 })
  }
}

async function extentsOf(log: Log, topic: string): Promise<{ partition: number; start: number; end: number }[]> {
  try {
    return await log.endOffsets(topic)
  } catch (error) {
    if (error instanceof LogError && error.code === 'unknown_topic') return []
    throw error
  }
}

async function positionIn(
  log: Log,
  { topic, partition, offset, lastTimeMs }: NonNullable<Manifest['offsets']>[number],
  start: number,
): Promise<number> {
  if (offset <= start) return start
  if (lastTimeMs === null) return start
  const [last] = await log.read(topic, partition, offset - 1, 1)
  return last?.offset === offset - 1 && last.appendTimeMs === lastTimeMs ? offset : start
}
