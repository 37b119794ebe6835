/**
 * How Assay traces itself: what it does calls this, and this does nothing until somebody asks for traces (`open-tracing.ts`). One tracer a
 * thread, as there is one registry of metrics.
 *
 * Assay's own traces may come back to it, to be evaluated and stored like any other. Work on them is done *quietly*: it makes no spans, or
 * each would bring about the next for ever.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { messageOf } from '../../engine/message-of.ts'
import type { SpanPlace } from './traceparent.ts'

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

export interface SpanStart {
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  /** Of a request that came with a trace; otherwise what is done at the moment, where that is traced. */
  readonly parent?: SpanPlace | null
  /** What brought it about, where it is no part of that. */
  readonly links?: readonly SpanPlace[]
  readonly attributes?: Attributes
}

export interface TracedSpan {
  readonly place: SpanPlace | null
  set(attributes: Attributes): void
  fail(reason: string): void
  /** A span that is not ended is never told of. */
  end(): void
}

export interface Tracer {
  start(name: string, options: SpanStart): TracedSpan & { readonly place: SpanPlace }
}

export const NO_SPAN: TracedSpan = { place: null, set: () => {}, fail: () => {}, end: () => {} }

/** What the code that runs is part of. */
type Doing = { readonly kind: 'quiet' } | { readonly kind: 'span'; readonly span: TracedSpan; isOver: boolean }

const QUIET: Doing = { kind: 'quiet' }
const doing = new AsyncLocalStorage<Doing>()
let tracer: Tracer | null = null

/** Of this thread, from now on; null: nothing is traced. */
export function useTracer(next: Tracer | null): void {
  tracer = next
}

export const isTracing = (): boolean => tracer !== null
export const isQuiet = (): boolean => doing.getStore() === QUIET

/** The span that the code which runs is part of; null where there is none, or it has ended meanwhile. */
export function presentSpan(): TracedSpan | null {
  const now = doing.getStore()
  return now?.kind === 'span' && !now.isOver ? now.span : null
}

/** Nothing that this does is traced. */
export const quietly = <T>(work: () => T): T => (tracer === null ? work() : doing.run(QUIET, work))

/** A span that its caller ends. `start` is asked only where it is traced. */
export function beginSpan(name: string, start: () => SpanStart): TracedSpan {
  if (tracer === null || isQuiet()) return NO_SPAN
  return begin(tracer, name, start())
}

/** A span around some work, which fails when that does. What the work does is part of it. */
export async function traced<T>(
  name: string,
  start: () => SpanStart,
  work: (span: TracedSpan) => Promise<T>,
): Promise<T> {
  if (tracer === null || isQuiet()) return work(NO_SPAN)
  return during(begin(tracer, name, start()), work)
}

/** As `traced`, where it is part of something that is traced; by itself it is worth no trace. */
export function tracedWithin<T>(
  name: string,
  start: () => SpanStart,
  work: (span: TracedSpan) => Promise<T>,
): Promise<T> {
  return presentSpan() === null ? work(NO_SPAN) : traced(name, start, work)
}

/** As `traced`, although what goes on is quiet. */
export async function tracedAloud<T>(
  name: string,
  start: () => SpanStart,
  work: (span: TracedSpan) => Promise<T>,
): Promise<T> {
  return tracer === null ? work(NO_SPAN) : during(tracer.start(name, start()), work)
}

function begin(by: Tracer, name: string, start: SpanStart): TracedSpan {
  const parent = start.parent ?? presentSpan()?.place ?? null
  return by.start(name, { ...start, parent })
}

function during<T>(span: TracedSpan, work: (span: TracedSpan) => Promise<T>): Promise<T> {
  const now: Doing = { kind: 'span', span, isOver: false }
  return doing.run(now, async () => {
    try {
      return await work(span)
    } catch (error) {
      span.fail(messageOf(error))
      throw error
    } finally {
      now.isOver = true
      span.end()
    }
  })
}
