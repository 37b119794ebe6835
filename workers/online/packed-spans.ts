/**
 * The spans of a judged trace as one text. They are kept in case a late span reopens the trace, which few do; meanwhile the collector of
 * garbage has one thing to look at instead of some hundred.
 */
import { deserialize, serialize } from 'node:v8'
import type { Evaluator, ProjectedSpan } from '../../engine/evaluate/evaluator.ts'
import { makeSpan, type SpanFields } from '../../engine/model/make-span.ts'

export interface PackedSpans {
  readonly count: number
  /**
   * V8's serialisation of the values of all spans, one after the other in the order of their keys; a character is a byte. Null stands for what the
   * span before has there, as most values are the same in a trace, and no field of a span is null itself.
   */
  readonly bytes: string
}

type Values = Record<string, unknown>

/** All of one trace, projected by one evaluator: their keys are the same, in the same order. */
export function packSpans(spans: ReadonlyMap<string, ProjectedSpan>): PackedSpans {
  const values: unknown[] = []
  let before: Values = {}
  for (const span of spans.values() as Iterable<unknown> as Iterable<Values>) {
    for (const key in span) {
      if (!isOwn(key)) continue
      const value = span[key]
      values.push(Object.is(value, before[key]) ? null : value)
    }
    before = span
  }
  return { count: spans.size, bytes: serialize(values).toString('latin1') }
}

/** What was packed, by span id; objects of the shape that the evaluator's projection gives. */
export function unpackSpans(
  { count, bytes }: PackedSpans,
  { tenant, traceId, evaluator }: { tenant: string; traceId: string; evaluator: Evaluator },
): Map<string, ProjectedSpan> {
  const values = deserialize(Buffer.from(bytes, 'latin1')) as unknown[]
  const keys = Object.keys(evaluator.project(makeSpan())).filter(isOwn)
  const spans = new Map<string, ProjectedSpan>()
  let before: Values = {}
  for (let i = 0; i < count; i++) {
    const fields: Values = { tenant, traceId }
    keys.forEach((key, at) => {
      const value = values[i * keys.length + at]
      fields[key] = value === null ? before[key] : value
    })
    before = fields
    const span = evaluator.project(makeSpan(fields as SpanFields))
    spans.set(span.spanId, span)
  }
  return spans
}

/** The trace says the others. */
function isOwn(key: string): boolean {
  return key !== 'tenant' && key !== 'traceId'
}
