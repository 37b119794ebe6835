import { expect, test } from 'vitest'
import type { SeriesResponse } from '../../../client/api.ts'
import { linesOf } from './series-model.ts'

const verdicts = { pass: 1, fail: 0, unknown: 0, error: 0 }
const point = (hour: number, measureHash: string, passRate?: number, label?: string) => ({
  start: new Date(hour * 3_600_000).toISOString(),
  measureHash,
  verdicts,
  ...(passRate !== undefined && { passRate, lower: passRate, upper: passRate }),
  ...(label !== undefined && { label }),
})
const series = (points: SeriesResponse['points']): SeriesResponse => ({
  eval: 'a/b',
  from: '',
  to: '',
  step: '1h',
  points,
})

test('another measure is another line, and a break', () => {
  const { times, lines, breaks } = linesOf(
    series([point(1, 'a', 0.5), point(2, 'a'), point(2, 'b', 1), point(3, 'b', 0.9)]),
  )
  expect(times).toEqual([3_600, 7_200, 10_800])
  expect(lines.map(({ rate }) => rate)).toEqual([
    [0.5, null, null],
    [null, 1, 0.9],
  ])
  expect(breaks).toEqual([7_200])
})

test('labels are lines of their own, and no breaks', () => {
  const { lines, breaks } = linesOf(series([point(1, 'a', 0.5, 'v1'), point(1, 'a', 0.7, 'v2')]))
  expect(lines.map(({ label }) => label)).toEqual(['v1', 'v2'])
  expect(breaks).toEqual([])
})

test('who stood in for the judge has a line of its own, called so, and makes no break', () => {
  const standIn = { level: 'or_else', by: 'b/two' } as const
  const { lines, breaks } = linesOf(series([point(1, 'a', 0.5), { ...point(2, 'derived', 1), standIn }]))
  expect(lines.map(({ label }) => label)).toEqual(['', 'or else b/two'])
  expect(breaks).toEqual([])
})
