import { expect, test } from 'vitest'
import { FAULT_POINTS } from '../../storage/fault-point.ts'
import { Population, tracesPerRequest } from './population.ts'
import { ENGINES, makeSchedule } from './schedule.ts'

const POINTS = Object.keys(FAULT_POINTS)
const full = { seed: 7, spans: 1_000_000, kills: 200 }

test('a seed makes one schedule, another seed another', () => {
  expect(makeSchedule(full)).toEqual(makeSchedule(full))
  expect(makeSchedule({ ...full, seed: 8 })).not.toEqual(makeSchedule(full))
})

test.each([
  ['the full form', full],
  ['the short form', { ...full, spans: 10_000, kills: POINTS.length + 6 }],
])('%s comes to its kills, at every point and of every engine, within the load', (_, options) => {
  const entries = makeSchedule(options)
  const atPoints = entries.filter((entry) => entry.kind === 'point')
  const atRandom = entries.filter((entry) => entry.kind === 'random')
  expect(new Set(atPoints.map(({ point }) => point))).toEqual(new Set(POINTS))
  for (const engine of ENGINES) expect(atRandom.map(({ victim }) => victim)).toContain(engine)
  // To die at a point, a process that runs already is killed and started anew.
  const forPoints = atPoints.filter(({ atSpans }) => atSpans > 0).length + atPoints.length
  expect(forPoints + atRandom.length).toBe(options.kills)
  const due = entries.map(({ atSpans }) => atSpans)
  expect(due).toEqual(due.toSorted((a, b) => a - b))
  expect(due.at(-1)).toBeLessThan(options.spans)
})

test('a trace is known by its ids, and nothing else is', () => {
  const population = new Population(7, 1_000)
  const ids = population.idsFrom(20)
  expect(population.numberOf(ids.toString('hex', 0, 16))).toBe(20)
  expect(population.placeOf(20, ids.toString('hex', 24 + 16, 48))).toBe(1)
  expect(population.placeOf(21, ids.toString('hex', 24 + 16, 48))).toBeNull()
  expect(population.numberOf('f'.repeat(32))).toBeNull()
  expect(new Population(8, 1_000).numberOf(ids.toString('hex', 0, 16))).toBeNull()
  population.mark(20, 'acknowledged')
  expect(population.countTraces('acknowledged')).toBe(tracesPerRequest)
})
