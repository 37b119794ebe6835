/** Retention of the embedded log: by time, by size (consumed records only), and compaction. Every deletion is reported. */
import type { CoordinatorFile } from './coordinator-file.ts'
import type { TopicFile } from './topic-file.ts'

export type LogReport =
  | {
      kind: 'deleted'
      topic: string
      partition: number
      records: number
      bytes: number
      reason: 'time' | 'size' | 'compacted'
      /** How many of them some group had not consumed (or nobody, if the topic has no group). */
      unconsumed: number
    }
  | { kind: 'retention_failed'; topic: string; error: Error }

export interface RetentionParts {
  coordinator: CoordinatorFile
  nowMs: () => number
  report: (report: LogReport) => void
  /** Lets other work of the thread run between transactions. */
  pause: () => Promise<void>
}

// About 8 MB of records of 30 kB a transaction: a few milliseconds of the thread.
const RECORDS_PER_TRANSACTION = 256
// A deletion by size frees this much more, so that not every append deletes; it runs inside an append, which bounds it.
const MAX_SLACK_BYTES = 16 << 20
const PAGES_PER_SHRINK = 512

/** Applies the topic's retention as it stands now. */
export async function enforceRetention(topic: TopicFile, parts: RetentionParts): Promise<void> {
  const { retentionMs, retentionBytes, compacted } = topic.spec()
  for (let partition = 0; partition < topic.partitions; partition++) {
    if (retentionMs !== null) {
      const below = topic.offsetForTime(partition, parts.nowMs() - retentionMs)
      await removeBelow(topic, partition, below, parts)
    }
    if (compacted) {
      const removed = topic.compact(partition)
      const { name } = topic
      if (removed.records > 0) {
        parts.report({ kind: 'deleted', topic: name, partition, ...removed, reason: 'compacted', unconsumed: 0 })
      }
    }
    await parts.pause()
  }
  if (retentionBytes !== null) {
    const live = topic.extents().reduce((sum, extent) => sum + extent.liveBytes, 0)
    if (live > retentionBytes) makeRoom(topic, live - retentionBytes, retentionBytes, parts)
  }
  topic.shrink(PAGES_PER_SHRINK)
}

async function removeBelow(topic: TopicFile, partition: number, below: number, parts: RetentionParts): Promise<void> {
  const consumed = consumedBelow(topic, partition, parts.coordinator)
  let start = topic.extents()[partition]!.start
  let records = 0
  let bytes = 0
  let unconsumed = 0
  for (;;) {
    const removed = topic.removeOldest(partition, below, RECORDS_PER_TRANSACTION)
    if (removed.records === 0) break
    records += removed.records
    bytes += removed.bytes
    unconsumed += Math.min(removed.records, Math.max(0, removed.nextOffset - Math.max(start, consumed ?? 0)))
    start = removed.nextOffset
    await parts.pause()
  }
  if (records > 0) {
    parts.report({ kind: 'deleted', topic: topic.name, partition, records, bytes, reason: 'time', unconsumed })
  }
}

/**
 * Deletes consumed records, the oldest of all partitions first, until `bytes` and a slack are free. Returns the bytes freed:
 * fewer if the rest is not consumed. A topic that no group ever read has nobody to wait for: its oldest records go.
 */
export function makeRoom(
  topic: TopicFile,
  bytes: number,
  retentionBytes: number,
  parts: Pick<RetentionParts, 'coordinator' | 'report'>,
): number {
  const wanted = bytes + Math.min(MAX_SLACK_BYTES, Math.floor(retentionBytes / 50))
  const sources = topic.extents().map(({ partition, end }) => ({
    partition,
    below: consumedBelow(topic, partition, parts.coordinator) ?? end,
    oldestMs: topic.oldestTimeMs(partition),
    records: 0,
    bytes: 0,
  }))
  let freed = 0
  while (freed < wanted) {
    const oldest = sources
      .filter((source) => source.oldestMs !== null)
      .reduce<(typeof sources)[number] | null>((a, b) => (a === null || b.oldestMs! < a.oldestMs! ? b : a), null)
    if (oldest === null) break
    const removed = topic.removeOldest(oldest.partition, oldest.below, 16)
    freed += removed.bytes
    oldest.records += removed.records
    oldest.bytes += removed.bytes
    // Nothing left that may go: out of the running.
    oldest.oldestMs = removed.records === 0 ? null : topic.oldestTimeMs(oldest.partition)
  }
  for (const source of sources) {
    if (source.records === 0) continue
    const unconsumed = consumedBelow(topic, source.partition, parts.coordinator) === null ? source.records : 0
    const { partition, records } = source
    parts.report({
      kind: 'deleted',
      topic: topic.name,
      partition,
      records,
      bytes: source.bytes,
      reason: 'size',
      unconsumed,
    })
  }
  return freed
}

/** Every group has consumed the records below this offset; null if the topic has no group. */
function consumedBelow(topic: TopicFile, partition: number, coordinator: CoordinatorFile): number | null {
  return coordinator.progress({ topic: topic.name, partition })[0]?.offset ?? null
}

/** The groups that have not consumed all of the topic: what keeps records from deletion by size. */
export function groupsBehind(topic: TopicFile, coordinator: CoordinatorFile): string[] {
  const behind = topic
    .extents()
    .flatMap(({ partition, end }) =>
      coordinator.progress({ topic: topic.name, partition }).filter(({ offset }) => offset < end),
    )
  return [...new Set(behind.map(({ groupId }) => groupId))].sort()
}
