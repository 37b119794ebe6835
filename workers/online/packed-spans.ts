/**
 * Spans of a trace as one text, until it is judged, and then in case a late span reopens it. The collector of garbage has one thing to look at
 * instead of some hundred, and what was read a moment ago dies young instead of being moved twice.
 */
import { deserialize, serialize } from 'node:v8'
import type { Evaluator, ProjectedSpan } from '../../engine/evaluate/evaluator.ts'
import { makeSpan } from '../../engine/model/make-span.ts'

export interface PackedSpans {
  readonly count: number
  /**
   * V8's serialisation of the values of all spans, one after the other in the order of their keys; a character is a byte. Null stands for what the
   * span before has there, as most values are the same in a trace, and no field of a span is null itself.
   */
  readonly bytes: string
}

type Values = Record<string, unknown>

/** Of one trace, projected by one evaluator: their keys are the same, in the same order. */
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

/** What was packed, in its order; objects of the shape that the evaluator's projection gives. */
export function unpackSpans(
  { count, bytes }: PackedSpans,
  { tenant, traceId, evaluator }: { tenant: string; traceId: string; evaluator: Evaluator },
): ProjectedSpan[] {
  const values = deserialize(Buffer.from(bytes, 'latin1')) as unknown[]
  const { empty, keys } = shapeOf(evaluator)
  const spans: Values[] = []
  let before: Values = {}
  let at = 0
  for (let i = 0; i < count; i++) {
    const span: Values = { ...empty, tenant, traceId }
    for (const key of keys) {
      const value = values[at++]
      span[key] = value === null ? before[key] : value
    }
    before = span
    spans.push(span)
  }
  return spans as unknown[] as ProjectedSpan[]
}

interface Shape {
  /** A copy of it has the hidden class of what the projection gives. */
  readonly empty: Values
  readonly keys: readonly string[]
}

const shapes = new WeakMap<Evaluator, Shape>()

function shapeOf(evaluator: Evaluator): Shape {
  let shape = shapes.get(evaluator)
  if (shape === undefined) {
    const empty = { ...evaluator.project(makeSpan()) }
    shape = { empty, keys: Object.keys(empty).filter(isOwn) }
    shapes.set(evaluator, shape)
  }
  return shape
}

/** The trace says the others. */
function isOwn(key: string): boolean {
  return key !== 'tenant' && key !== 'traceId'
}
