/** The Reflect gateway, whatever protocol a request came by: who may send, how much is held at a time, and the way into the log. */
import { type Bounds, DEFAULT_BOUNDS } from '../engine/bounds/bounds.ts'
import type { Gate } from '../storage/access/gate.ts'
import type { Log } from '../storage/log/port.ts'
import { AGENT_TRACES } from '../storage/log/topics.ts'
import { type AcceptOutcome, acceptLogs, acceptMetrics, acceptTraces, type StreamBatch } from './accept.ts'
import type { Encoding, PartialSuccess } from './answer.ts'
import { createInflater, type Inflate } from './body.ts'
import { addTally, emptyCounters, type GatewayCounters } from './counters.ts'
import type { Edges } from './edges.ts'
import { Breaker, type BreakerView } from './guard/breaker.ts'
import { createFairPool, type FairPool, MOST_OF_FREE } from './guard/fair-pool.ts'
import { type Limits, type LimitsView, NO_LIMITS } from './guard/limits.ts'
import { createWorkQueue, type WorkQueue } from './guard/queue.ts'
import { createTurns } from './guard/turns.ts'
import { hexOfBatch, readNativeSpans, type SpanIds } from './native-spans.ts'
import { busy, type Endpoint, malformed, type Rejection, refusalOfBody, refusalOfLimit } from './refusals.ts'
import { createHistory, type StreamHistory } from './stream/history.ts'
import { tracedIngest } from './traced-ingest.ts'

export interface GatewayOptions {
  log: Pick<Log, 'append' | 'partitionFor'>
  /** Where streams that come back are looked for; without it nothing is: what they send again is appended again. */
  history?: Pick<Log, 'read' | 'endOffsets'>
  /** Who may send, and as which tenant. */
  gate: Gate
  /** What of spans may be kept; all unless told. */
  edges?: Edges
  /** What of a span is too large, or too far from now, to be kept as it came. */
  bounds?: Bounds
  nowMs?: () => number
  /** Of one request, as sent and inflated; 20 MiB unless told. */
  maxBodyBytes?: number
  /** Of all requests at hand; 128 MiB unless told. */
  maxHeldBytes?: number
  /** Of that a tenant may hold so many times what is free: `guard/fair-pool.ts`. */
  mostOfFree?: number
  topic?: string
  breaker?: Breaker
  /** What tenants may send; as much as they like unless told. */
  limits?: Limits
  /** After this long an append is given up; what it held may still be appended. 7 s unless told: exporters wait for 10. */
  appendTimeoutMs?: number
  /** Told of what should never happen; stderr unless told. */
  onBug?: (error: unknown) => void
}

export type Taken =
  | {
      ok: true
      spanCount: number
      /** Sent apart from their spans. */
      messageCount: number
      partial: PartialSuccess | null
      /** Of spans that were sent in the native form. */
      ids: readonly SpanIds[] | null
    }
  | { ok: false; rejection: Rejection }

export interface Payload {
  readonly endpoint: Endpoint
  /** Inflated. */
  readonly bytes: Uint8Array
  readonly encoding: Encoding
  readonly tenant: string
  /** Of what came over a stream. */
  readonly batch?: StreamBatch
  /** The sender's `traceparent`. */
  readonly traceparent?: string | undefined
}

export interface Gateway {
  readonly gate: Gate
  readonly history: StreamHistory | null
  /** Bytes of bodies, over all protocols. */
  readonly budget: FairPool
  /** Requests that are let in at a time, over all protocols. */
  readonly queue: WorkQueue
  /** So few at a time over all protocols that bombs take no more than so many times what a body may come to. */
  readonly inflate: Inflate
  readonly maxBodyBytes: number
  readonly counters: GatewayCounters
  readonly onBug: (error: unknown) => void
  /** Why nothing is taken of the tenant at the moment; null when it is. To be asked before a body is read. */
  closed(tenant: string): Rejection | null
  /** Resolves when the spans are durable, or nothing of them was kept. Counts it. `heldBytes`: on top of what is taken already. */
  take(payload: Payload, heldBytes: number): Promise<Taken>
  stats(): GatewayCounters & { breaker: BreakerView; limits: LimitsView }
}

const MEBIBYTE = 1024 * 1024
/** Bodies inflated at a time: two keep two cores busy. */
const MAX_INFLATING = 2
/** Of the memory for bodies, what may be waiting as it was announced: the rest is for what bodies grow to. */
const QUEUE_RATIO = 0.75
/** How a message ends that turns a request away. */
const NOTHING_KEPT = '; nothing was kept'

const NO_EDGES: Edges = { of: () => null }

export function createGateway(options: GatewayOptions): Gateway {
  const { log, gate, nowMs = Date.now, topic = AGENT_TRACES } = options
  const { maxBodyBytes = 20 * MEBIBYTE, maxHeldBytes = 128 * MEBIBYTE } = options
  const { edges = NO_EDGES } = options
  const { mostOfFree = MOST_OF_FREE } = options
  const turns = createTurns()
  const budget = createFairPool(maxHeldBytes, mostOfFree)
  const counters = emptyCounters()
  const { bounds = DEFAULT_BOUNDS } = options
  const { breaker = new Breaker(nowMs), limits = NO_LIMITS, appendTimeoutMs = 7_000 } = options

  /** `accepting` says when it comes to the append: what is waited for before, such as the count of a limit, is not the log's fault. */
  const append = async (accepting: (onAppend: () => void) => Promise<AcceptOutcome>): Promise<AcceptOutcome> => {
    const passage = breaker.enter()
    if (!passage.ok)
      return {
        kind: 'unavailable',
        message: passage.reason + NOTHING_KEPT,
        retryAfterSeconds: passage.retryAfterSeconds,
      }
    const late = Promise.withResolvers<AcceptOutcome>()
    let timer: NodeJS.Timeout | undefined
    const onAppend = (): void => {
      passage.appending()
      timer = setTimeout(() => late.resolve(silent(appendTimeoutMs)), appendTimeoutMs)
    }
    try {
      const outcome = await Promise.race([accepting(onAppend), late.promise])
      if (outcome.kind === 'accepted') addTally(counters, outcome.trimmed)
      if (outcome.kind === 'unavailable') passage.end('failed', outcome.message.replace(NOTHING_KEPT, ''))
      else
        passage.end(
          outcome.kind === 'accepted' && outcome.spanCount + outcome.messageCount > 0 ? 'appended' : 'nothing',
        )
      return outcome
    } finally {
      clearTimeout(timer)
      passage.end('nothing')
    }
  }

  const accept = async ({ endpoint, bytes, encoding, tenant, batch }: Payload): Promise<Taken> => {
    const to = { log, topic, tenant, batch, limits, bounds, nowMs, edge: edges.of(tenant) }
    switch (endpoint) {
      case 'traces':
        return takenOf(await append((onAppend) => acceptTraces({ ...to, onAppend }, bytes, encoding)), null)
      case 'logs':
        return takenOf(await append((onAppend) => acceptLogs({ ...to, onAppend }, bytes, encoding, nowMs())), null)
      case 'metrics':
        return takenOf(acceptMetrics(bytes, encoding), null)
      case 'spans': {
        const read = readNativeSpans(bytes, nowMs(), batch && hexOfBatch(bytes, { tenant, ...batch }))
        if (!read.ok) return { ok: false, rejection: malformed(read.message) }
        const outcome = await append((onAppend) => acceptTraces({ ...to, onAppend }, read.body, 'json'))
        return takenOf(alsoTelling(outcome, read.ignored), read.ids)
      }
    }
  }

  return {
    gate,
    history: options.history === undefined ? null : createHistory(options.history, topic, nowMs),
    budget,
    queue: createWorkQueue({ maxBytes: QUEUE_RATIO * maxHeldBytes, maxBodyBytes, mostOfFree, nowMs }),
    inflate: createInflater(MAX_INFLATING),
    maxBodyBytes,
    counters,
    onBug: options.onBug ?? reportBug,
    take: async (payload, heldBytes) => {
      if (!budget.take(payload.tenant, heldBytes)) return rejected(counters, refusalOfBody('overloaded', 0))
      try {
        const turn = turns.take()
        if (turn !== null) await turn
        const taken = await tracedIngest(payload, () => accept(payload))
        if (!taken.ok) return rejected(counters, taken.rejection)
        counters.acceptedRequests++
        counters.acceptedSpans += taken.spanCount
        counters.acceptedMessages += taken.messageCount
        if (payload.endpoint === 'traces') counters.rejectedSpans += taken.partial?.rejected ?? 0
        if (taken.spanCount > 0) counters.lastAcceptedAtMs = nowMs()
        return taken
      } finally {
        budget.release(payload.tenant, heldBytes)
      }
    },
    closed: (tenant) => {
      const closed = breaker.refusal()
      if (closed !== null) return busy('log_unavailable', closed.reason + NOTHING_KEPT, closed.retryAfterSeconds)
      const over = limits.closed(tenant)
      return over === null ? null : refusalOfLimit(over)
    },
    stats: () => ({
      ...counters,
      rejected: { ...counters.rejected },
      breaker: breaker.view(),
      limits: limits.view(),
    }),
  }
}

function reportBug(error: unknown): void {
  console.error('gateway:', error)
}

/** A log that hangs: the sender is told before its own patience ends. */
const silent = (timeoutMs: number): AcceptOutcome => ({
  kind: 'unavailable',
  message: `the log did not answer within ${timeoutMs / 1_000} s`,
  retryAfterSeconds: 5,
})

function rejected(counters: GatewayCounters, rejection: Rejection): Taken {
  counters.rejected[rejection.reason]++
  return { ok: false, rejection }
}

/** `more`: what else the sender should know of what was taken. */
function alsoTelling(outcome: AcceptOutcome, more: string | null): AcceptOutcome {
  if (outcome.kind !== 'accepted' || more === null) return outcome
  const { rejected = 0, message } = outcome.partial ?? {}
  return { ...outcome, partial: { rejected, message: message === undefined ? more : `${message}; ${more}` } }
}

function takenOf(outcome: AcceptOutcome, ids: readonly SpanIds[] | null): Taken {
  switch (outcome.kind) {
    case 'accepted':
      return {
        ok: true,
        spanCount: outcome.spanCount,
        messageCount: outcome.messageCount,
        partial: outcome.partial,
        ids,
      }
    case 'invalid':
      return { ok: false, rejection: malformed(outcome.message) }
    case 'unavailable':
      return { ok: false, rejection: busy('log_unavailable', outcome.message, outcome.retryAfterSeconds) }
    case 'limited':
      return { ok: false, rejection: refusalOfLimit(outcome.over) }
  }
}
