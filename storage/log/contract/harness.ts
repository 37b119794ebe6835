/** What the cases of the log contract share: topics and groups of their own, and waiting with a deadline. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer, ConsumerOptions, Log, LogRecord, RecordToAppend, TailedLog, TopicPartition } from '../port.ts'

export interface LogContractHarness {
  /** Another client of the same log. */
  open(): Promise<TailedLog>
  /** After all cases. */
  close?(): Promise<void>
  /** The shortest session timeout that the adapter supports; brokers have a lower bound (Kafka: 6 s by default). */
  shortSessionTimeoutMs: number
  /** How long a rebalance or a delivery may take before a case fails. */
  deadlineMs: number
}

export interface Bench {
  readonly shortSessionTimeoutMs: number
  readonly deadlineMs: number
  open(): Promise<TailedLog>
  /** A log with a new topic. */
  withTopic(partitions: number): Promise<{ log: TailedLog; topic: string }>
  /** Waits until the condition holds, trying again and again; fails at the deadline with `what`. */
  eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void>
  close(): Promise<void>
}

export function createBench(harness: LogContractHarness): Bench {
  const opened: TailedLog[] = []
  const open = async () => {
    const log = await harness.open()
    opened.push(log)
    return log
  }
  return {
    shortSessionTimeoutMs: harness.shortSessionTimeoutMs,
    deadlineMs: harness.deadlineMs,
    open,
    async withTopic(partitions) {
      const log = await open()
      const topic = unique('topic')
      await log.ensureTopics([{ name: topic, partitions, retentionMs: null, retentionBytes: null, compacted: false }])
      return { log, topic }
    },
    async eventually(what, condition) {
      const deadline = performance.now() + harness.deadlineMs
      while (!(await condition())) {
        if (performance.now() > deadline) throw new Error(`not within ${harness.deadlineMs} ms: ${what}`)
        await sleep(5)
      }
    },
    async close() {
      for (const log of opened) await log.close()
      await harness.close?.()
    },
  }
}

export const unique = (what: string): string => `${what}-${randomUUID()}`

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const textOf = (record: LogRecord): string => decoder.decode(record.value)

export function record(text: string, more?: Partial<RecordToAppend>): RecordToAppend {
  return { key: null, value: encoder.encode(text), ...more }
}

/** `from` … `from + count - 1` as texts, dealt over the partitions in turn. */
export function numbered(partitions: number, from: number, count: number): RecordToAppend[] {
  return Array.from({ length: count }, (_, i) => record(String(from + i), { partition: (from + i) % partitions }))
}

export const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

/** A member that fetches in a loop, keeps what it saw, and commits after each fetch unless told not to. */
export interface Pump {
  readonly consumer: Consumer
  readonly seen: LogRecord[]
  /** Whatever its commits were refused for. */
  readonly refusals: string[]
  /** Stops fetching; the member stays in the group until its session ends. */
  stop(): Promise<void>
}

export async function startPump(
  log: Log,
  options: Omit<ConsumerOptions, 'startFrom'> & Partial<ConsumerOptions>,
  { commits = true }: { commits?: boolean } = {},
): Promise<Pump> {
  const consumer = await log.openConsumer({ startFrom: 'earliest', ...options })
  const seen: LogRecord[] = []
  const refusals: string[] = []
  const stopping = new AbortController()
  const run = async () => {
    while (!stopping.signal.aborted) {
      const records = await consumer.fetch({ maxBytes: 1 << 20, maxWaitMs: 100, signal: stopping.signal })
      seen.push(...records)
      if (!commits || records.length === 0) continue
      const outcome = await consumer.commit(positionsAfter(records))
      if (!outcome.ok) refusals.push(outcome.reason)
    }
  }
  const running = run()
  const stop = async () => {
    stopping.abort()
    await running
  }
  return { consumer, seen, refusals, stop }
}

/** Where to go on after these records: the next offset of each partition. */
export function positionsAfter(records: readonly LogRecord[]): { topic: string; partition: number; offset: number }[] {
  const next = new Map<string, { topic: string; partition: number; offset: number }>()
  for (const { topic, partition, offset } of records) {
    next.set(nameOf({ topic, partition }), { topic, partition, offset: offset + 1 })
  }
  return [...next.values()]
}

/** Fetches until `count` records came or the deadline passed. */
export async function fetchCount(
  bench: Bench,
  consumer: Consumer,
  count: number,
  maxBytes = 16 << 20,
): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  await bench.eventually(`${count} records fetched`, async () => {
    if (records.length < count) records.push(...(await consumer.fetch({ maxBytes, maxWaitMs: 100 })))
    return records.length >= count
  })
  return records
}

/** Fetches, dropping nothing, until the consumer has this many partitions. */
export async function untilAssigned(bench: Bench, consumer: Consumer, count: number): Promise<void> {
  await bench.eventually(`${count} partitions assigned`, async () => {
    if (consumer.assignment().length === count) return true
    const early = await consumer.fetch({ maxBytes: 1, maxWaitMs: 50 })
    for (const { topic, partition, offset } of early.toReversed()) consumer.seek({ topic, partition, offset })
    return consumer.assignment().length === count
  })
}
