import { expect, test } from 'vitest'
import type { Result } from '../../../client/api.ts'
import { traceOf } from '../trace/trace-model.ts'
import { alignSteps, alignVerdicts } from './compare-model.ts'

interface Step {
  name: string
  result?: string
  verdict?: Result['verdict']
}

const traceWith = (steps: readonly Step[]) =>
  traceOf({
    traceId: 'a'.repeat(32),
    results: [],
    spans: [{ name: 'run' }, ...steps].map(({ name, result, verdict }: Step, index) => ({
      traceId: 'a'.repeat(32),
      spanId: `${index}`.padStart(16, '0'),
      ...(index > 0 && { parentSpanId: '0'.repeat(16) }),
      kind: index === 0 ? 'agent' : 'tool',
      name,
      startTime: `2026-11-21T12:00:00.${String(index).padStart(3, '0')}Z`,
      durationMs: 1,
      status: 'ok',
      tool: { name, result },
      results: verdict === undefined ? [] : [{ eval: 'shop/fine', verdict } as Result],
    })),
  })

test('steps that both have stand beside each other, the others alone', () => {
  const left = traceWith([{ name: 'find' }, { name: 'price', result: '3' }, { name: 'send' }])
  const right = traceWith([{ name: 'find' }, { name: 'stock' }, { name: 'price', result: '4' }])
  const shown = alignSteps(left, right).map((pair) => [
    pair.left?.span.name ?? '',
    pair.right?.span.name ?? '',
    pair.differs,
  ])
  expect(shown).toEqual([
    ['run', 'run', false],
    ['find', 'find', false],
    ['', 'stock', false],
    ['price', 'price', true],
    ['send', '', false],
  ])
})

test('verdicts on spans count for the trace, the gravest of each eval', () => {
  const left = traceWith([
    { name: 'a', verdict: 'pass' },
    { name: 'b', verdict: 'fail' },
  ])
  expect(alignVerdicts(left, traceWith([{ name: 'a', verdict: 'pass' }]))).toEqual([
    { evalId: 'shop/fine', left: 'fail', right: 'pass' },
  ])
})

test('traces of thousands of steps are not aligned, and all of them are there', () => {
  const long = traceWith(Array.from({ length: 2_000 }, () => ({ name: 'call' })))
  expect(alignSteps(long, traceWith([{ name: 'call' }]))).toHaveLength(2_001)
})
