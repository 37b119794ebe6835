/**
 * Joins what was said in log events to its spans, for evaluation: whichever comes first waits for the other. A span that was judged before
 * its messages came is judged again with them, in a next revision, as one that was sent again. What comes when the span is no longer here
 * is stored (`storage/traces/queries.ts` reads it with its span) and judged no more.
 */
import { decodeRecord, type SpanParts } from '../../engine/conventions/normalise.ts'
import {
  decodeMessages,
  lacksMessages,
  type SpanMessages,
  withMessages,
} from '../../engine/conventions/span-messages.ts'
import type { UnreadConventions } from '../../engine/conventions/unread.ts'
import type { Message, Span } from '../../engine/model/span.ts'
import { holdsMessages } from '../../storage/log/holds-messages.ts'
import type { LogRecord } from '../../storage/log/port.ts'
import { tenantOf } from '../../storage/log/tenant-of.ts'
import { Fifo } from './fifo.ts'
import { LatestSpans } from './latest-spans.ts'

/** Shared by the partitions of a worker. */
export interface JoinBudget {
  readonly maxBytes: number
  sizeBytes: number
  /** Of tenants who have sent no messages apart so far: the first that they send find the spans of just now. */
  readonly ofStrangers: LatestSpans
}

/** More are of no use: nearly every span lacks a text that no eval reads, and few tenants send messages apart. */
const MOST_OF_STRANGERS = 100

export const defaultJoinBudget = (): JoinBudget => ({
  maxBytes: 24 << 20,
  sizeBytes: 0,
  ofStrangers: new LatestSpans(MOST_OF_STRANGERS),
})

export interface JoinedSpan {
  readonly span: Span
  /** 1 for a span that comes; more for one that was told of before and is now fuller. */
  readonly revision: number
}

interface Entry {
  /** As it was sent. */
  span: Span | null
  readonly messages: SpanMessages[]
  revision: number
  sizeBytes: number
  readonly keptUntilMs: number
}

interface Kept {
  readonly key: string
  readonly entry: Entry
}

/** Its offset is not committed past while it waits for the other side. */
interface Held {
  readonly key: string
  readonly entry: Entry
  readonly offset: number
  readonly untilMs: number
}

/** Exporters send logs and spans within seconds of each other; minutes are for those that were cut off for a while. */
const KEEP_MS = 600_000
/** The object and its map entry, with attributes; texts come on top. */
const SPAN_BYTES = 1_500
const MESSAGES_BYTES = 300
export class MessageJoin {
  readonly #budget: JoinBudget
  readonly #holdMs: number
  readonly #entries = new Map<string, Entry>()
  /** In the order in which they came. */
  #order = new Fifo<Kept>()
  readonly #held = new Fifo<Held>()
  /** Those who send messages apart: spans of others are not held for any. */
  readonly #tenants = new Set<string>()

  constructor(budget: JoinBudget, holdMs: number) {
    this.#budget = budget
    this.#holdMs = holdMs
  }

  /** The span, with what was said of it so far. */
  addSpan(span: Span, offset: number, nowMs: number): JoinedSpan {
    if (!lacksMessages(span)) return { span, revision: 1 }
    if (!this.#tenants.has(span.tenant)) {
      this.#budget.ofStrangers.add(this, span)
      return { span, revision: 1 }
    }
    const entry = this.#entryOf(span, offset, nowMs)
    this.#keepSpan(entry, span)
    this.#makeRoom(nowMs)
    return { span: withMessages(span, entry.messages), revision: entry.revision }
  }

  /** The spans that are fuller by them. */
  addMessages(messages: readonly SpanMessages[], offset: number, nowMs: number): JoinedSpan[] {
    const fuller = new Set<Entry>()
    for (const one of messages) {
      this.#meet(one.tenant, nowMs)
      const entry = this.#entryOf(one, offset, nowMs)
      if (entry.messages.some(({ key }) => key === one.key)) continue
      entry.messages.push(one)
      this.#resize(entry, MESSAGES_BYTES + sizeOf(one.inputMessages) + sizeOf(one.outputMessages))
      if (entry.span !== null) fuller.add(entry)
    }
    const joined: JoinedSpan[] = []
    for (const entry of fuller) {
      const span = withMessages(entry.span!, entry.messages)
      if (span !== entry.span) joined.push({ span, revision: ++entry.revision })
    }
    this.#makeRoom(nowMs)
    return joined
  }

  /** The offset that may not be committed past, for a side that waits for the other and not for too long; null if there is none. */
  heldOffset(nowMs: number): number | null {
    for (let first = this.#held.peek(); first !== undefined; first = this.#held.peek()) {
      const { key, entry, offset, untilMs } = first
      const isOpen = entry.span === null || lacksMessages(withMessages(entry.span, entry.messages))
      if (this.#entries.get(key) === entry && isOpen && untilMs > nowMs) return offset
      this.#held.shift()
    }
    return null
  }

  /** The partition is another's now. */
  drop(): void {
    for (const { sizeBytes } of this.#entries.values()) this.#budget.sizeBytes -= sizeBytes
    this.#entries.clear()
    this.#order = new Fifo()
    this.#budget.ofStrangers.drop(this)
  }

  /** Its spans are held for messages from now on; those of just now are there for the first. */
  #meet(tenant: string, nowMs: number): void {
    if (this.#tenants.has(tenant)) return
    this.#tenants.add(tenant)
    for (const span of this.#budget.ofStrangers.take(this, tenant)) {
      const key = keyOf(span)
      this.#keepSpan(this.#entries.get(key) ?? this.#newEntry(key, nowMs), span)
    }
  }

  #entryOf(of: Pick<Span, 'tenant' | 'traceId' | 'spanId'>, offset: number, nowMs: number): Entry {
    const key = keyOf(of)
    const before = this.#entries.get(key)
    if (before !== undefined) return before
    const entry = this.#newEntry(key, nowMs)
    this.#held.push({ key, entry, offset, untilMs: nowMs + this.#holdMs })
    return entry
  }

  #newEntry(key: string, nowMs: number): Entry {
    const entry: Entry = { span: null, messages: [], revision: 1, sizeBytes: 0, keptUntilMs: nowMs + KEEP_MS }
    this.#entries.set(key, entry)
    this.#order.push({ key, entry })
    return entry
  }

  #keepSpan(entry: Entry, span: Span): void {
    if (entry.span === null) this.#resize(entry, SPAN_BYTES)
    entry.span = span
  }

  #forget({ key, entry }: Kept): void {
    if (this.#entries.get(key) !== entry) return
    this.#entries.delete(key)
    this.#budget.sizeBytes -= entry.sizeBytes
  }

  #resize(entry: Entry, byBytes: number): void {
    entry.sizeBytes += byBytes
    this.#budget.sizeBytes += byBytes
  }

  #makeRoom(nowMs: number): void {
    for (let first = this.#order.peek(); first !== undefined; first = this.#order.peek()) {
      if (this.#budget.sizeBytes <= this.#budget.maxBytes && first.entry.keptUntilMs > nowMs) return
      this.#forget(first)
      this.#order.shift()
    }
  }
}

function keyOf({ tenant, traceId, spanId }: Pick<Span, 'tenant' | 'traceId' | 'spanId'>): string {
  return `${tenant} ${traceId} ${spanId}`
}

/** Roughly, as `traces-in-memory.ts` counts. */
function sizeOf(messages: readonly Message[] | undefined): number {
  let units = 0
  for (const { parts } of messages ?? []) for (const part of parts) if ('content' in part) units += part.content.length
  return units * 1.5
}

export type ReadOutcome = { ok: true; spans: readonly JoinedSpan[] } | { ok: false; message: string }

/** The spans of a record of `agent-traces`, or those that its messages make fuller. */
export function readJoined(
  record: LogRecord,
  join: MessageJoin,
  nowMs: number,
  { parts, unread }: { parts: SpanParts; unread?: UnreadConventions },
): ReadOutcome {
  const tenant = tenantOf(record)
  const { offset, value } = record
  if (holdsMessages(record)) {
    const outcome = decodeMessages(tenant, value)
    return outcome.ok ? { ok: true, spans: join.addMessages(outcome.messages, offset, nowMs) } : outcome
  }
  const outcome = decodeRecord(tenant, value, parts, unread)
  return outcome.ok ? { ok: true, spans: outcome.spans.map((span) => join.addSpan(span, offset, nowMs)) } : outcome
}
