import { SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

/** What is dropped first comes first. */
export const PRIORITIES = ['low', 'normal', 'high', 'critical'] as const
export type Priority = (typeof PRIORITIES)[number]

/** Errors go last, then the roots of traces; without a root a trace has no name, no duration and settles late. */
export function defaultPriority(span: ReadableSpan): Priority {
  if (span.status.code === SpanStatusCode.ERROR) return 'critical'
  const parent = span.parentSpanContext
  return parent === undefined || parent.isRemote === true ? 'high' : 'normal'
}
