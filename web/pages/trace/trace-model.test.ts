import { expect, test } from 'vitest'
import type { TraceResponse } from '../../../client/api.ts'
import { marksIn, marksOf, preciseMs, traceOf, visibleRows } from './trace-model.ts'

const at = (us: number): string => `2026-11-21T12:00:00.${String(us).padStart(6, '0')}Z`
const span = (spanId: string, parentSpanId: string | undefined, startUs: number, more: object = {}) => ({
  traceId: 't',
  spanId,
  ...(parentSpanId !== undefined && { parentSpanId }),
  kind: 'llm',
  name: spanId,
  startTime: at(startUs),
  durationMs: 1,
  status: 'ok',
  results: [],
  ...more,
})
const response = (spans: object[], results: object[] = []) =>
  ({ traceId: 't', spans, results }) as unknown as TraceResponse

test('spans stand below their parents, by start; an orphan and a circle are roots', () => {
  const { rows } = traceOf(
    response(
      [
        span('root', undefined, 0),
        span('b', 'root', 20),
        span('a', 'root', 10),
        span('below', 'a', 15),
        span('orphan', 'gone', 30),
        span('x', 'y', 40),
        span('y', 'x', 50),
      ].sort((one, two) => one.startTime.localeCompare(two.startTime)),
    ),
  )
  expect(rows.map((row) => [row.span.spanId, row.level])).toEqual([
    ['root', 1],
    ['a', 2],
    ['below', 3],
    ['b', 2],
    ['orphan', 1],
    ['x', 1],
    ['y', 1],
  ])
  expect(visibleRows(rows, new Set(['a'])).map((row) => row.span.spanId)).toEqual([
    'root',
    'a',
    'b',
    'orphan',
    'x',
    'y',
  ])
})

test('microseconds count', () => {
  expect(preciseMs(at(1_500)) - preciseMs(at(0))).toBeCloseTo(1.5, 5)
  const { durationMs } = traceOf(response([span('root', undefined, 250, { durationMs: 0.5 })]))
  expect(durationMs).toBeCloseTo(0.5, 5)
})

test('calls are added up, agents around them are not', () => {
  const trace = traceOf(
    response([
      span('root', undefined, 0, { kind: 'agent', costUsd: 3, tokens: { input: 30 } }),
      span('a', 'root', 1, { costUsd: 1, tokens: { input: 10, output: 2 } }),
      span('b', 'root', 2, { costUsd: 2, tokens: { input: 20 } }),
    ]),
  )
  expect(trace).toMatchObject({ costUsd: 3, inputTokens: 30, outputTokens: 2 })
})

test('marks are of the span and the field, and overlaps are one', () => {
  const evidence = (start: number, end: number, pattern: string, more: object = {}) => ({
    field: 'output.text',
    start,
    end,
    pattern,
    masked: '*',
    ...more,
  })
  const trace = traceOf(
    response(
      [
        span('a', undefined, 0, {
          results: [
            { evidence: [evidence(4, 8, 'one'), evidence(6, 9, 'two'), evidence(0, 3, 'in', { field: 'input.text' })] },
          ],
        }),
        span('b', 'a', 1),
      ],
      [{ evidence: [evidence(20, 22, 'of trace', { spanId: 'a' }), evidence(1, 2, 'other', { spanId: 'b' })] }],
    ),
  )
  expect(marksOf(marksIn(trace), 'a', 'output.text')).toEqual([
    { start: 4, end: 9, patterns: ['one', 'two'] },
    { start: 20, end: 22, patterns: ['of trace'] },
  ])
})
