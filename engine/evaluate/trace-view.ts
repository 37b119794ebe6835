import { CAPS } from '../../dsl/caps.ts'
import { type ProjectedSpan, startAfterNs, type TraceView } from './subject.ts'

/** `spans`: at least one, each span id once, in any order. `isEarly`: others may be to come. */
export function viewTrace(
  tenant: string,
  traceId: string,
  spans: readonly ProjectedSpan[],
  maxSpans: number = CAPS.spansPerTrace,
  isEarly = false,
): TraceView {
  const isTooLong = spans.length > maxSpans
  const seen = isTooLong ? [...spans].sort(rootsFirst).slice(0, maxSpans) : spans
  let first = seen[0]
  if (first === undefined) throw new RangeError(`trace ${traceId} has no spans`)
  let parentless: ProjectedSpan | undefined
  let agent: ProjectedSpan | undefined
  for (const span of seen) {
    if (byStart(span, first) < 0) first = span
    if (span.parentSpanId === undefined && (parentless === undefined || byStart(span, parentless) < 0))
      parentless = span
    if (span.kind === 'agent' && (agent === undefined || byStart(span, agent) < 0)) agent = span
  }
  const originUs = first.startTimeUs
  let endNs = 0
  for (const span of seen) endNs = Math.max(endNs, startAfterNs(span, originUs) + span.durationNs)
  const root = parentless ?? agent ?? first
  return {
    tenant,
    traceId,
    spans: seen,
    root,
    agent: agent ?? root,
    startTimeUs: originUs,
    durationNs: endNs - first.startTimeSubUs,
    cut: isTooLong || isEarly,
  }
}

function rootsFirst(a: ProjectedSpan, b: ProjectedSpan): number {
  return Number(a.parentSpanId !== undefined) - Number(b.parentSpanId !== undefined) || byStart(a, b)
}

/** By start; the span id settles a tie, so that the order of arrival never matters. */
export function byStart(a: ProjectedSpan, b: ProjectedSpan): number {
  return a.startTimeUs - b.startTimeUs || a.startTimeSubUs - b.startTimeSubUs || (a.spanId < b.spanId ? -1 : 1)
}
