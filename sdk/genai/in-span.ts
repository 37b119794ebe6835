import { type Attributes, type Context, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { VERSION } from '../version.ts'

export const tracer = () => trace.getTracer('@assay/sdk', VERSION)

/** Marks the span as failed. Never throws, whatever was thrown. */
export function recordError(span: Span, error: unknown): void {
  try {
    const message = error instanceof Error ? error.message : String(error)
    span.setAttribute('error.type', errorType(error))
    span.recordException(error instanceof Error ? error : message)
    span.setStatus({ code: SpanStatusCode.ERROR, message })
  } catch {
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
}

/** A status or a code where there is one: it has few values, which is what the attribute is for. */
function errorType(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '_OTHER'
  if ('status' in error && typeof error.status === 'number') return String(error.status)
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.constructor?.name ?? '_OTHER'
}

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise

export interface InSpan<T> {
  name: string
  attributes: Attributes
  kind?: SpanKind
  parent?: Context
  work: (span: Span) => T
  /** What the result adds to the span. What it throws is not the agent's affair. */
  onResult?: (span: Span, result: Awaited<T>) => void
}

/** Runs the work inside a span that is active meanwhile, and ends it with the work, a promise's included. */
export function inSpan<T>({ name, attributes, kind = SpanKind.INTERNAL, parent, work, onResult }: InSpan<T>): T {
  const from = parent ?? context.active()
  const span = tracer().startSpan(name, { kind, attributes }, from)
  const fail = (error: unknown): void => {
    recordError(span, error)
    span.end()
  }
  const succeed = (result: Awaited<T>): void => {
    try {
      onResult?.(span, result)
    } catch {
      // A result that can't be looked at leaves the span without it.
    }
    span.end()
  }
  let outcome: T
  try {
    outcome = context.with(trace.setSpan(from, span), () => work(span))
  } catch (error) {
    fail(error)
    throw error
  }
  if (!isPromise(outcome)) {
    succeed(outcome as Awaited<T>)
    return outcome
  }
  // The agent gets its own promise, of whatever class it is.
  outcome.then((result) => succeed(result as Awaited<T>), fail)
  return outcome
}
