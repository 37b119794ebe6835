import { expect, test } from 'vitest'
import { makeSpan } from '../model/make-span.ts'
import { viewTrace } from './trace-view.ts'

test('a trace with too many spans keeps its root, however late it starts, and the earliest', () => {
  const span = (id: number, parentSpanId?: string) =>
    makeSpan({ spanId: id.toString(16).padStart(16, '0'), startTimeUs: id, parentSpanId })
  const root = span(9)
  const children = [5, 4, 3, 2, 1].map((id) => span(id, root.spanId))
  const view = viewTrace('default', 'a'.repeat(32), [...children, root], 3)
  expect([view.cut, view.root.spanId]).toEqual([true, root.spanId])
  expect(view.spans.map(({ startTimeUs }) => startTimeUs).sort()).toEqual([1, 2, 9])
})
