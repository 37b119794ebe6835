/**
 * Compares the store with the log: what was acknowledged is stored, or lies in dead-letters, or waits behind the store group's
 * committed offset. Counts come first, a number a partition and 65,536 records; only where they differ are offsets listed and records
 * read, so that a day without a finding costs a pass over two columns.
 */

import { type DayCounts, findingsOf, type Gap, type VerifyReport } from '../../engine/integrity/report.ts'
import { type Erased, followErasures } from '../../storage/erasure/tombstones.ts'
import type { Log } from '../../storage/log/port.ts'
import { AGENT_TRACES, EVAL_RESULTS } from '../../storage/log/topics.ts'
import type { TracesTable } from '../../storage/traces/encode.ts'
import { dayOf, type OffsetRange, RECORDS_OF_PIECE, type TracesIntegrity } from '../../storage/traces/integrity.ts'
import { examineRecords } from './examine.ts'
import { deadLetteredSources } from './sources.ts'

export const STORE_GROUP = 'trans-store'

const DAY_MS = 24 * 3_600_000
/** Clocks of the log, of who stores and of the store may differ by this. */
const SKEW_MS = 3_600_000
/** Of gaps and of orphans; the counts have all. */
const LISTED = 100

export interface VerifyOptions {
  readonly log: Log
  readonly store: TracesIntegrity
  /** Days, UTC: the start of the first and the end of the last. */
  readonly fromMs: number
  readonly toMs: number
  readonly nowMs: () => number
  /** Reads every record and looks for each span and result by its ids, whatever the counts say. */
  readonly isDeep?: boolean
  readonly groupId?: string
  /** Days are checked one after the other. */
  readonly onProgress?: (done: number, total: number) => void
}

/** Of each topic, where its records may be. */
const TABLES: readonly (readonly [topic: string, tables: readonly TracesTable[]])[] = [
  [AGENT_TRACES, ['spans', 'messages']],
  [EVAL_RESULTS, ['results']],
]

/** Rejects with `LogError`, or with the store's error. */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const { log, store, fromMs, toMs, nowMs } = options
  const startedMs = nowMs()
  const days: DayCounts[] = []
  const gaps: Gap[] = []
  const starts = dayStarts(fromMs, toMs)
  const erased = await erasedSoFar(options)
  let done = 0
  for (const startMs of starts) {
    for (const [topic, tables] of TABLES)
      days.push(...(await verifyDay(options, { topic, tables, startMs, gaps, erased })))
    options.onProgress?.(++done, starts.length)
  }
  const window = { fromMs, toMs: Math.min(toMs, await storedUpToMs(log, options.groupId ?? STORE_GROUP)) }
  const orphans = await store.orphans(window, { limit: LISTED, expiredMs: nowMs() + SKEW_MS })
  const { visible, awaitingMerge } = await store.duplicates({ fromMs, toMs })
  const report: VerifyReport = {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    checkedAt: new Date(startedMs).toISOString(),
    durationMs: Math.max(0, nowMs() - startedMs),
    isClean: true,
    days,
    gaps: { records: days.reduce((sum, { missing }) => sum + missing, 0), ranges: gaps },
    orphans: {
      results: orphans.total,
      examples: orphans.examples.map(({ tenant, evalId, traceId, spanId }) => ({
        tenant,
        eval: evalId,
        traceId,
        ...(spanId !== '' && { spanId }),
      })),
    },
    duplicates: { visibleSpans: visible, awaitingMerge },
  }
  return { ...report, isClean: findingsOf(report).length === 0 }
}

async function erasedSoFar({ log, nowMs }: VerifyOptions): Promise<Erased> {
  const erased = await followErasures({ log, nowMs, onProblem: () => {} })
  await erased.close()
  return erased
}

function dayStarts(fromMs: number, toMs: number): number[] {
  const starts: number[] = []
  for (let ms = fromMs; ms < toMs; ms += DAY_MS) starts.push(ms)
  return starts
}

interface DayOfTopic {
  readonly topic: string
  readonly tables: readonly TracesTable[]
  readonly startMs: number
  readonly erased: Erased
  /** Added to. */
  readonly gaps: Gap[]
}

async function verifyDay(
  options: VerifyOptions,
  { topic, tables, startMs, gaps, erased }: DayOfTopic,
): Promise<DayCounts[]> {
  const { log, store, nowMs, isDeep = false, groupId = STORE_GROUP } = options
  const { ranges, lags } = await rangesOfDay(options, topic, startMs)
  const storedSinceMs = startMs - SKEW_MS
  const counted = await store.storedRecords(tables, ranges, storedSinceMs)
  const recordsAt = new Map(counted.map(({ partition, from, records }) => [`${partition}/${from}`, records]))
  let found: Promise<ReadonlySet<string>> | undefined
  // Read once for all partitions, where it is needed at all.
  const sources = () => (found ??= deadLetteredSources(log, { topic, groupId, sinceMs: startMs }))
  const days: DayCounts[] = []
  for (const range of ranges) {
    const { partition } = range
    const day: DayCounts = {
      topic,
      partition,
      day: dayOf(startMs),
      records: range.to - range.from,
      stored: 0,
      storedElsewhere: 0,
      empty: 0,
      deadLettered: 0,
      expired: 0,
      missing: 0,
      lag: lags.get(partition) ?? 0,
    }
    for (const piece of piecesOf(range)) {
      const records = recordsAt.get(`${partition}/${piece.from}`) ?? 0
      if (!isDeep && records === piece.to - piece.from) {
        day.stored += records
        continue
      }
      const offsets = records === 0 ? new Set<number>() : await store.storedOffsets(tables, piece, storedSinceMs)
      const examined = await examineRecords({
        log,
        store,
        topic,
        piece,
        stored: offsets,
        isDeep,
        sources,
        erased,
        expiredMs: nowMs() + SKEW_MS,
      })
      day.records -= examined.gone
      day.stored += examined.stored
      day.storedElsewhere += examined.storedElsewhere
      day.empty += examined.empty
      day.deadLettered += examined.deadLettered
      day.expired += examined.expired
      day.missing += examined.missing.length
      addGaps(gaps, topic, partition, examined.missing)
    }
    if (day.records > 0 || day.lag > 0) days.push(day)
  }
  return days
}

/** What the log took on a day, as far as the store group has committed, and how much it has not. */
async function rangesOfDay(
  { log, toMs, groupId = STORE_GROUP }: VerifyOptions,
  topic: string,
  startMs: number,
): Promise<{ ranges: OffsetRange[]; lags: Map<number, number> }> {
  // In this order: what is appended or committed meanwhile makes lag, and never a gap.
  const committed = new Map(
    (await log.committed(groupId)).filter((one) => one.topic === topic).map((one) => [one.partition, one.offset]),
  )
  const extents = await log.endOffsets(topic)
  const firsts = await offsetsAt(log, topic, startMs)
  const ends = await offsetsAt(log, topic, Math.min(toMs, startMs + DAY_MS))
  const lags = new Map<number, number>()
  const ranges: OffsetRange[] = []
  for (const { partition, start, end } of extents) {
    const from = Math.max(start, firsts.get(partition) ?? start)
    const to = Math.max(from, Math.min(end, ends.get(partition) ?? end))
    const storedTo = Math.min(to, Math.max(from, committed.get(partition) ?? start))
    lags.set(partition, to - storedTo)
    ranges.push({ partition, from, to: storedTo })
  }
  return { ranges, lags }
}

async function offsetsAt(log: Log, topic: string, timeMs: number): Promise<Map<number, number>> {
  const offsets = await log.offsetsForTime(topic, timeMs)
  return new Map(offsets.map(({ partition, offset }) => [partition, offset]))
}

function piecesOf({ partition, from, to }: OffsetRange): OffsetRange[] {
  const pieces: OffsetRange[] = []
  for (let at = from; at < to; at += RECORDS_OF_PIECE) {
    pieces.push({ partition, from: at, to: Math.min(to, at + RECORDS_OF_PIECE) })
  }
  return pieces
}

/** Adjacent offsets are one gap. */
function addGaps(gaps: Gap[], topic: string, partition: number, missing: readonly number[]): void {
  for (const offset of missing) {
    const last = gaps.at(-1)
    if (last?.topic === topic && last.partition === partition && last.to === offset) last.to++
    else if (gaps.length < LISTED) gaps.push({ topic, partition, from: offset, to: offset + 1 })
  }
}

/** Everything that the log took before this moment is stored: a result of then has its subject, or is an orphan. */
async function storedUpToMs(log: Log, groupId: string): Promise<number> {
  const committed = await log.committed(groupId)
  let upToMs = Number.POSITIVE_INFINITY
  for (const { partition, start, end } of await log.endOffsets(AGENT_TRACES)) {
    const offset = committed.find((one) => one.topic === AGENT_TRACES && one.partition === partition)?.offset ?? start
    if (offset >= end) continue
    const [next] = await log.read(AGENT_TRACES, partition, offset, 1, 1)
    if (next !== undefined) upToMs = Math.min(upToMs, next.appendTimeMs)
  }
  return upToMs
}
