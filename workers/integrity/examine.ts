/** Records that are not found by their positions: read, and looked for by what is in them. */
import { parseResults } from '../../engine/codec/results.ts'
import { decodeRecord } from '../../engine/conventions/normalise.ts'
import { decodeMessages } from '../../engine/conventions/span-messages.ts'
import type { Erased } from '../../storage/erasure/tombstones.ts'
import { holdsMessages } from '../../storage/log/holds-messages.ts'
import { type Log, type LogRecord, UnreadableRecords } from '../../storage/log/port.ts'
import { tenantOf } from '../../storage/log/tenant-of.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import {
  messageKey,
  type OffsetRange,
  resultKey,
  spanKey,
  type TracesIntegrity,
} from '../../storage/traces/integrity.ts'

export interface Examination {
  readonly log: Log
  readonly store: TracesIntegrity
  readonly topic: string
  readonly piece: OffsetRange
  /** The offsets that have rows. */
  readonly stored: ReadonlySet<number>
  /** Looks at those too, and at every row of them. */
  readonly isDeep: boolean
  /** Asked when there is a record that is not stored. */
  readonly sources: () => Promise<ReadonlySet<string>>
  /** Is in no record any more, or in one that cannot be changed; it is not missed. */
  readonly erased: Erased
  /** What is past its retention at this time may be stored no more. */
  readonly expiredMs: number
}

export interface Examined {
  stored: number
  storedElsewhere: number
  empty: number
  deadLettered: number
  /** Nothing but what is past its tenant's retention. */
  expired: number
  /** No longer in the log. */
  gone: number
  /** Their offsets, rising. */
  missing: number[]
}

/** In memory at once. */
const PAGE_RECORDS = 500
const PAGE_BYTES = 8 << 20

export async function examineRecords(examination: Examination): Promise<Examined> {
  const { topic, piece, stored, isDeep } = examination
  const examined: Examined = {
    stored: 0,
    storedElsewhere: 0,
    empty: 0,
    deadLettered: 0,
    expired: 0,
    gone: 0,
    missing: [],
  }
  let sources: ReadonlySet<string> | null = null
  for (let next = piece.from; next < piece.to; ) {
    if (!isDeep && stored.has(next)) {
      examined.stored++
      next++
      continue
    }
    const end = next + Math.min(PAGE_RECORDS, lengthOfRun(examination, next))
    sources ??= await examination.sources()
    const { records, readTo, unreadableTo } = await readPage(examination, next, end)
    // What is left out between two records, or before the end of a page without any, is in the log no more, or was let go.
    const found = new Set(records.map(({ offset }) => offset))
    for (let offset = next; offset < readTo; offset++) {
      if (found.has(offset)) continue
      if (sources.has(`${topic}/${piece.partition}/${offset}`)) examined.deadLettered++
      else examined.gone++
    }
    for (let offset = readTo; offset < unreadableTo; offset++) {
      if (stored.has(offset)) examined.stored++
      else examined.missing.push(offset)
    }
    next = Math.max(readTo, unreadableTo)
    if (records.length === 0) continue
    await judge(examination, records, sources, examined)
  }
  return examined
}

/** Records from `next` on, before `end`: whole up to `readTo`, and from there to `unreadableTo` such that the log cannot read. */
async function readPage(
  { log, topic, piece: { partition } }: Examination,
  next: number,
  end: number,
): Promise<{ records: LogRecord[]; readTo: number; unreadableTo: number }> {
  try {
    const page = await log.read(topic, partition, next, end - next, PAGE_BYTES)
    const records = page.filter(({ offset }) => offset < end)
    return { records, readTo: (records.at(-1)?.offset ?? end - 1) + 1, unreadableTo: 0 }
  } catch (error) {
    if (!(error instanceof UnreadableRecords)) throw error
    const { from, to } = error.range
    // Where a damaged batch ends is not always known: each look goes on by one at least.
    const unreadableTo = Math.min(end, Math.max(to, next + 1))
    return { records: [], readTo: Math.min(end, Math.max(next, from)), unreadableTo }
  }
}

/** How many records from `from` on are to be read. */
function lengthOfRun({ piece, stored, isDeep }: Examination, from: number): number {
  let to = from
  while (to < piece.to && (isDeep || !stored.has(to))) to++
  return to - from
}

async function judge(
  { store, topic, stored, expiredMs, erased }: Examination,
  records: readonly LogRecord[],
  sources: ReadonlySet<string>,
  examined: Examined,
): Promise<void> {
  const find = topic === AGENT_TRACES ? tracesStored : resultsStored
  const found = await find(store, records, { expiredMs, erased })
  for (const [index, { partition, offset }] of records.entries()) {
    const rows = found[index]
    if (sources.has(`${topic}/${partition}/${offset}`)) examined.deadLettered++
    else if (rows === null || rows === undefined) examined.missing.push(offset)
    else if (rows.total === 0) examined.empty++
    else if (rows.expired === rows.total && !stored.has(offset)) examined.expired++
    else if (rows.stored + rows.expired < rows.total) examined.missing.push(offset)
    else if (stored.has(offset)) examined.stored++
    else examined.storedElsewhere++
  }
}

type NotMissed = Pick<Examination, 'expiredMs' | 'erased'>

/** Null for a record that cannot be read, which the store loop puts into dead-letters. `expired`: not stored, and no more to be. */
type RowsOfRecord = { total: number; stored: number; expired: number } | null

/** Of each record the spans, or the messages that were sent apart from theirs. */
async function tracesStored(
  store: TracesIntegrity,
  records: readonly LogRecord[],
  notMissed: NotMissed,
): Promise<RowsOfRecord[]> {
  const ofSpans = await spansStored(store, records, notMissed)
  const ofMessages = await messagesStored(store, records, notMissed)
  return records.map((record, index) => (holdsMessages(record) ? ofMessages : ofSpans)[index] ?? null)
}

async function messagesStored(
  store: TracesIntegrity,
  records: readonly LogRecord[],
  { expiredMs, erased }: NotMissed,
): Promise<RowsOfRecord[]> {
  const decoded = records.map((record) => {
    if (!holdsMessages(record)) return []
    const outcome = decodeMessages(tenantOf(record), record.value)
    return outcome.ok ? outcome.messages.filter(({ tenant, traceId }) => !erased.coversTrace(tenant, traceId)) : null
  })
  const all = decoded.flatMap((messages) => messages ?? [])
  const keys = await store.storedMessages(all)
  const kept = await store.keptMs('messages', tenantsOf(all))
  return decoded.map(
    (messages) =>
      messages &&
      rowsOf(messages, {
        isStored: (message) => keys.has(messageKey(message)),
        isExpired: ({ tenant, timeUs }) => timeUs / 1000 + (kept.get(tenant) ?? FOR_EVER_MS) <= expiredMs,
      }),
  )
}

async function spansStored(
  store: TracesIntegrity,
  records: readonly LogRecord[],
  { expiredMs, erased }: NotMissed,
): Promise<RowsOfRecord[]> {
  const decoded = records.map(({ headers, value, appendTimeMs }) => {
    if (holdsMessages({ headers })) return []
    const outcome = decodeRecord(tenantOf({ headers }), value)
    return outcome.ok ? outcome.spans.filter((span) => !erased.covers(span, appendTimeMs)) : null
  })
  const all = decoded.flatMap((spans) => spans ?? [])
  const keys = await store.storedSpans(all)
  const kept = await store.keptMs('spans', tenantsOf(all))
  return decoded.map(
    (spans) =>
      spans &&
      rowsOf(spans, {
        isStored: (span) => keys.has(spanKey(span)),
        isExpired: ({ tenant, startTimeUs }) => startTimeUs / 1000 + (kept.get(tenant) ?? FOR_EVER_MS) <= expiredMs,
      }),
  )
}

async function resultsStored(
  store: TracesIntegrity,
  records: readonly LogRecord[],
  { expiredMs, erased }: NotMissed,
): Promise<RowsOfRecord[]> {
  const decoded = records.map(({ value }) => {
    const outcome = parseResults(value)
    return outcome.ok ? outcome.results.filter(({ tenant, traceId }) => !erased.coversTrace(tenant, traceId)) : null
  })
  const all = decoded.flatMap((results) => results ?? [])
  const keys = await store.storedResults(all)
  const kept = await store.keptMs('results', tenantsOf(all))
  return decoded.map(
    (results) =>
      results &&
      rowsOf(results, {
        isStored: (result) => keys.has(resultKey(result)),
        isExpired: ({ tenant, subjectTimeUs }) => subjectTimeUs / 1000 + (kept.get(tenant) ?? FOR_EVER_MS) <= expiredMs,
      }),
  )
}

const FOR_EVER_MS = Number.POSITIVE_INFINITY

function rowsOf<Row>(
  rows: readonly Row[],
  { isStored, isExpired }: { isStored: (row: Row) => boolean; isExpired: (row: Row) => boolean },
): RowsOfRecord {
  const missing = rows.filter((row) => !isStored(row))
  return { total: rows.length, stored: rows.length - missing.length, expired: missing.filter(isExpired).length }
}

const tenantsOf = (rows: readonly { tenant: string }[]): string[] => [...new Set(rows.map(({ tenant }) => tenant))]
