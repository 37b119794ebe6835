/** A trace as the Live page lists it: of its root as it was streamed, or of what the store told before. */
import type { StreamEvent, TraceSummary } from '../../../client/api.ts'
import type { SpanJson } from '../../../engine/model/span-json.ts'

export interface LiveTrace {
  readonly traceId: string
  readonly endedAt: string
  readonly durationMs: number
  /** What was asked, or the root's name. */
  readonly title: string
  readonly agent: string | undefined
  readonly hasFailed: boolean
}

export const TRACES_SHOWN = 6
/** Of the query for what the store has. */
export const TRACES_KEY: readonly string[] = ['live-traces']

export function ofRoot({ data }: StreamEvent & { type: 'span' }): LiveTrace {
  // The API's description leaves the span's own fields open; they are those of `SpanJson`.
  const { traceId, startTime, durationMs, name, input, agent, status } = data as unknown as SpanJson
  const [title, hasFailed] = [input?.text || name, status === 'error']
  return { traceId, endedAt: endOf(startTime, durationMs), durationMs, title, agent: agent?.name, hasFailed }
}

export function ofSummary({
  traceId,
  startTime,
  durationMs,
  name,
  input,
  agent,
  failedSpans,
}: TraceSummary): LiveTrace {
  const [title, hasFailed] = [input ?? name, failedSpans > 0]
  return { traceId, endedAt: endOf(startTime, durationMs), durationMs, title, agent: agent?.name, hasFailed }
}

const endOf = (startTime: string, durationMs: number): string =>
  new Date(Date.parse(startTime) + durationMs).toISOString()

/** Two tellings of one end may differ by so much: both are made of a start without its microseconds. */
const END_PRECISION_MS = 1

/**
 * Each once, those that ended last first. Of a trace that was streamed the store knows more, what its other spans say: it is told as stored
 * once its root is in that.
 */
export function newestTraces(streamed: readonly LiveTrace[], stored: readonly LiveTrace[] = []): LiveTrace[] {
  const byId = new Map<string, LiveTrace>()
  for (const trace of streamed) if (!byId.has(trace.traceId)) byId.set(trace.traceId, trace)
  for (const trace of stored) {
    const known = byId.get(trace.traceId)
    const holdsRoot = known === undefined || Date.parse(trace.endedAt) >= Date.parse(known.endedAt) - END_PRECISION_MS
    if (holdsRoot) byId.set(trace.traceId, trace)
  }
  return [...byId.values()].sort((a, b) => laterFirst(a.endedAt, b.endedAt)).slice(0, TRACES_SHOWN)
}

/** Order of two times of the same form; rows of one time stay as they are. */
export const laterFirst = (a: string, b: string): number => (a === b ? 0 : a < b ? 1 : -1)

/** What was streamed is stored within, also where the store is somewhat behind. */
const STORED_WITHIN_MS = 10_000
const ASK_EVERY_MS = 2_000

/** How often to ask the store again, of roots the last of which was told then: until an answer that should have it. */
export const askAgainMs = (toldAtMs: number | null, answeredAtMs: number): number | false =>
  toldAtMs !== null && answeredAtMs < toldAtMs + STORED_WITHIN_MS && ASK_EVERY_MS
