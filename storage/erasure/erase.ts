/** Erases a trace, a user or a session from every copy that can be changed, and says until when the others last. */
import { decodeRecord } from '../../engine/conventions/normalise.ts'
import { appendAudit } from '../access/audit.ts'
import type { Log, LogRecord, RecordChange } from '../log/port.ts'
import { tenantOf } from '../log/tenant-of.ts'
import {
  AGENT_TRACES,
  accessTopics,
  DEAD_LETTERS,
  EVAL_RESULTS,
  erasureTopics,
  onlineTopics,
  UNSETTLED_TRACES,
} from '../log/topics.ts'
import { createTimeSlice } from '../time-slice.ts'
import type { TracesErasure } from '../traces/erasure.ts'
import { findIdsIn } from './ids-in-bytes.ts'
import { appendTombstones, hashOfSubject, POLL_MS, type SubjectKind } from './tombstones.ts'
import { type IsErased, type Removed, withoutNotes, withoutTraces } from './without-traces.ts'

export interface ErasureParts {
  readonly log: Log
  readonly store: TracesErasure
  /** Of a tenant whose identifiers are tokenised at the edge. */
  readonly tokenOf: (tenant: string, value: string) => string | null
  /** Judges' answers that are remembered of the tenant. */
  readonly forgetAnswers: (tenant: string) => Promise<number>
  readonly nowMs: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly storeGroupId?: string
}

export interface Wanted {
  readonly tenant: string
  /** For the audit log. */
  readonly by: string
  readonly kind: SubjectKind
  /** As it was sent, or as it is stored. */
  readonly id: string
  /** Counts, and changes nothing. */
  readonly isDryRun: boolean
}

export interface ErasureReport {
  /** Of which there was anything. */
  readonly traces: number
  /** Rows of ClickHouse. */
  readonly spans: number
  readonly results: number
  /** Of the log, changed or to be changed in place; 0 where the log cannot be. */
  readonly records: number
  readonly deadLetters: number
  readonly answers: number
  /** Topics that keep a copy, until then; none where the log was changed in place. */
  readonly keptUntil: readonly { topic: string; untilMs: number }[]
  /** The store had spans in hand that may have been written after the deletion: to be asked for again. */
  readonly isSettled: boolean
}

const PAGE_RECORDS = 500
const PAGE_BYTES = 8 << 20
const SETTLE_MS = 30_000
const SETTLE_POLL_MS = 250
/** Roles look for tombstones once a second; what they read before that they may still write. */
const KNOWN_EVERYWHERE_MS = 2 * POLL_MS
const TOPICS = [AGENT_TRACES, EVAL_RESULTS, UNSETTLED_TRACES, DEAD_LETTERS] as const

/** Rejects with `LogError`, or the store's error: then it is to be asked for again. */
export async function erase(parts: ErasureParts, wanted: Wanted): Promise<ErasureReport> {
  const { log, store, nowMs } = parts
  const { tenant, kind, id, isDryRun } = wanted
  await log.ensureTopics([...accessTopics, ...erasureTopics])
  const token = kind === 'trace' ? null : parts.tokenOf(tenant, id)
  const ids = [...new Set([id, ...(token === null ? [] : [token])])]
  const traceIds = new Set(kind === 'trace' ? ids : await store.tracesOf(tenant, kind, ids))
  if (kind !== 'trace') await findInLog(parts, { tenant, kind, ids }, traceIds)
  const atMs = nowMs()
  const stored = await store.count(tenant, [...traceIds])
  if (isDryRun) {
    const log = await rewriteLog(parts, { tenant, ids, traceIds, isDryRun })
    return {
      traces: found(traceIds, stored, log),
      ...stored,
      ...log,
      answers: 0,
      keptUntil: keptUntil(parts, atMs),
      isSettled: true,
    }
  }
  await appendAudit(log, {
    atMs,
    tenant,
    by: wanted.by,
    act: 'erase',
    target: hashOfSubject(tenant, kind, id),
    detail: { kind, traces: traceIds.size, spans: stored.spans, results: stored.results },
  })
  const subjects = kind === 'trace' ? [] : ids.map((one) => hashOfSubject(tenant, kind, one))
  await appendTombstones(log, { tenant, atMs, traceIds: [...traceIds], subjects })
  const isSettled = await settled(parts)
  await store.erase(tenant, [...traceIds])
  const changed = await rewriteLog(parts, { tenant, ids, traceIds, isDryRun })
  const answers = await parts.forgetAnswers(tenant)
  return {
    traces: found(traceIds, stored, changed),
    ...stored,
    ...changed,
    answers,
    keptUntil: keptUntil(parts, atMs),
    isSettled,
  }
}

/** A trace that was named need not be there. */
const found = (
  traceIds: ReadonlySet<string>,
  { spans, results }: Pick<ErasureReport, 'spans' | 'results'>,
  { records, deadLetters }: Pick<ErasureReport, 'records' | 'deadLetters'>,
): number => (spans + results + records + deadLetters === 0 ? 0 : traceIds.size)

/** Traces of which the store may have nothing yet. Where the log cannot be changed, what is stored already is not looked at again. */
async function findInLog(
  { log, storeGroupId = 'trans-store' }: ErasureParts,
  { tenant, kind, ids }: { tenant: string; kind: 'user' | 'session'; ids: readonly string[] },
  found: Set<string>,
): Promise<void> {
  const isNumber = ids.some((id) => /^-?[\d.]+$/.test(id))
  const needles = ids.map((id) => Buffer.from(id))
  const from = new Map<number, number>()
  if (log.rewrite === undefined) {
    for (const one of await log.committed(storeGroupId)) {
      if (one.topic === AGENT_TRACES) from.set(one.partition, one.offset)
    }
  }
  for await (const record of spansAndLetters(log, from)) {
    if (tenantOf(record) !== tenant || isLetterOfOther(record)) continue
    const bytes = Buffer.from(record.value.buffer, record.value.byteOffset, record.value.byteLength)
    // A number is not written in digits.
    if (!isNumber && !needles.some((needle) => bytes.includes(needle))) continue
    const outcome = decodeRecord(tenant, record.value)
    for (const span of outcome.ok ? outcome.spans : []) {
      const named = kind === 'user' ? span.userId : span.sessionId
      if (named !== undefined && ids.includes(named)) found.add(span.traceId)
    }
  }
}

/** A letter may be handed back to its topic. */
async function* spansAndLetters(log: Log, from: ReadonlyMap<number, number>): AsyncGenerator<LogRecord> {
  yield* records(log, AGENT_TRACES, from)
  yield* records(log, DEAD_LETTERS, new Map())
}

const isLetterOfOther = ({ topic, headers }: LogRecord): boolean =>
  topic === DEAD_LETTERS && headers.source?.startsWith(`${AGENT_TRACES}/`) !== true

/** Whether the store has written all that it may have read before it knew; it is not waited for without end. */
async function settled({ log, nowMs, sleep, storeGroupId = 'trans-store' }: ErasureParts): Promise<boolean> {
  await sleep(KNOWN_EVERYWHERE_MS)
  const ends = (await log.endOffsets(AGENT_TRACES)).filter(({ start, end }) => end > start)
  for (const untilMs = nowMs() + SETTLE_MS; ; await sleep(SETTLE_POLL_MS)) {
    const committed = new Map(
      (await log.committed(storeGroupId)).flatMap((one) =>
        one.topic === AGENT_TRACES ? [[one.partition, one.offset] as const] : [],
      ),
    )
    if (ends.every(({ partition, end }) => (committed.get(partition) ?? 0) >= end)) return true
    if (nowMs() >= untilMs) return false
  }
}

interface Rewriting {
  readonly tenant: string
  readonly ids: readonly string[]
  readonly traceIds: ReadonlySet<string>
  readonly isDryRun: boolean
}

async function rewriteLog(
  { log }: ErasureParts,
  { tenant, ids, traceIds, isDryRun }: Rewriting,
): Promise<{ records: number; deadLetters: number }> {
  const counts = { records: 0, deadLetters: 0 }
  const { rewrite } = log
  if (rewrite === undefined) return counts
  const needles = ids.map((id) => Buffer.from(id))
  const isTraceIn = findIdsIn(traceIds)
  const mayBeAbout = (bytes: Uint8Array): boolean => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return needles.some((needle) => buffer.includes(needle)) || isTraceIn(buffer)
  }
  const isErased: IsErased = (traceId) => traceIds.has(traceId)
  const without = (record: LogRecord): Removed | null => {
    const { topic, value, headers } = record
    if (topic === UNSETTLED_TRACES) return withoutNotes(tenant, value, isErased)
    if (tenantOf(record) !== tenant) return null
    const source = topic === DEAD_LETTERS ? (headers.source ?? '').split('/')[0]! : topic
    return withoutTraces(source, value, isErased, mayBeAbout)
  }
  for (const topic of TOPICS) {
    let changes: RecordChange[] = []
    const write = async (): Promise<void> => {
      if (changes.length > 0 && !isDryRun) await rewrite.call(log, topic, changes)
      changes = []
    }
    for await (const record of records(log, topic, new Map())) {
      const removed = without(record)
      if (removed === null) continue
      if (topic === DEAD_LETTERS) counts.deadLetters++
      else counts.records++
      changes.push({ partition: record.partition, offset: record.offset, value: removed.value })
      if (changes.length >= PAGE_RECORDS) await write()
    }
    await write()
  }
  return counts
}

function keptUntil({ log }: ErasureParts, atMs: number): ErasureReport['keptUntil'] {
  if (log.rewrite !== undefined) return []
  return onlineTopics.flatMap(({ name, retentionMs }) =>
    retentionMs === null ? [] : [{ topic: name, untilMs: atMs + retentionMs }],
  )
}

async function* records(log: Log, topic: string, from: ReadonlyMap<number, number>): AsyncGenerator<LogRecord> {
  const giveWay = createTimeSlice()
  for (const { partition, start, end } of await log.endOffsets(topic)) {
    for (let next = Math.max(start, from.get(partition) ?? start); next < end; ) {
      const page = await log.read(topic, partition, next, PAGE_RECORDS, PAGE_BYTES)
      for (const record of page) {
        yield record
        await giveWay()
      }
      const last = page.at(-1)
      if (last === undefined) break
      next = last.offset + 1
    }
  }
}
