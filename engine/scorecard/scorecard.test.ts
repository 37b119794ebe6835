import { expect, test } from 'vitest'
import type { ScorecardPlan } from '../../dsl/plan.ts'
import { scorecardLines, scorecardTitle } from './render.ts'
import { buildScorecard, type RowData, type Tally } from './scorecard.ts'

const DAY_NS = 86_400e9
const ratio = { kind: 'ratio' } as const
const number = { kind: 'number' } as const
const plan: ScorecardPlan = {
  kind: 'scorecard',
  id: 'support/weekly',
  name: 'weekly',
  package: 'support',
  title: null,
  owner: null,
  mode: 'live',
  schedule: { cron: '0 9 * * 1', timeZone: 'UTC' },
  overNs: 7 * DAY_NS,
  versusNs: 7 * DAY_NS,
  rows: [
    {
      cells: [
        { fn: 'pass_rate', evalId: 'support/fast', type: ratio },
        { fn: 'coverage', evalId: 'support/fast', type: ratio },
        { fn: 'count', evalId: 'support/fast', type: { kind: 'int' } },
        { fn: 'spend', evalId: 'support/fast', type: { kind: 'money', currency: 'USD' } },
      ],
      by: [],
    },
    { cells: [{ fn: 'mean', evalId: 'support/fast', type: number }], by: [{ kind: 'field', path: 'env' }] },
  ],
  notify: [],
  file: 'support.eval',
  line: 1,
}

/** Subjects that are independent and weigh the same, with scores of this mean and spread. */
function tally(env: string, pass: number, fail: number, unknown: number, mean: number): Tally {
  const n = pass + fail
  const sums = [pass, fail, unknown, 0, n * mean, n]
  const of = [pass, fail, unknown, 0, n * (mean * mean + 0.25), n]
  const scoreOf = [pass * mean, fail * mean, 0, 0]
  // A subject is of one verdict: of two verdicts there is no product, of each with its score there is.
  const product = (i: number, j: number): number => {
    if (i === j) return of[i]!
    if (i < 4 && j === 4) return scoreOf[i]!
    if (i < 2 && j === 5) return sums[i]!
    return i === 4 && j === 5 ? n * mean : 0
  }
  const products = sums.flatMap((_, i) => sums.slice(i).map((__, k) => product(i, i + k)))
  return {
    group: env === '' ? {} : { env },
    counts: { pass, fail, unknown, error: 0 },
    scored: n,
    clusters: n + unknown,
    sums,
    products,
    bins: [[2_000, n, mean]],
    few: [],
    costMicroUsd: pass * 5_000,
  }
}

const data = (row: number): RowData => ({
  now: row === 0 ? [tally('', 190, 20, 10, 4)] : [tally('prod', 180, 20, 10, 4), tally('dev', 10, 0, 0, 3)],
  before: row === 0 ? [tally('', 95, 5, 0, 4.5)] : [tally('prod', 95, 5, 0, 4.5)],
  steps: row === 0 ? [{ ...tally('', 9, 1, 0, 4), step: 1 }] : [],
  scale: { low: 1, high: 5 },
  corrected: { passRate: { value: 0.8, interval: { low: 0.7, high: 0.9 }, labelled: 40 }, mean: null },
})
const slotMs = Date.UTC(2026, 10, 23, 9)
const build = (dataOf: (row: number) => RowData) =>
  buildScorecard(plan, slotMs, (_, row) => dataOf(row), {
    spend: { now: 950_000, before: 475_000 },
    worst: [],
    alerts: [],
  })

test('values, intervals, differences, coverage, corrections and groups, as lines', () => {
  const scorecard = build(data)
  expect(scorecardTitle(scorecard)).toBe('support/weekly, 2026-11-16 09:00 to 2026-11-23 09:00 UTC')
  const lines = scorecardLines(scorecard)
  expect(lines[0]).toMatch(/^pass_rate\(fast\): 90\.48% \[85\.75% to 93\.75%\], of 210, ≈ -4\.52pp \[/)
  expect(lines[0]).toMatch(/coverage 95\.45%, corrected 80% \[70% to 90%\] by 40 labels$/)
  expect(lines.filter((line) => line.startsWith('mean(fast) env '))).toHaveLength(2)
  expect(lines.at(-1)).toBe('Judges cost 0.95 USD, +0.475 USD against the 7d before')
})

test('a trend has the steps of both periods', () => {
  const [rate] = build(data).rows[0]!.cells
  expect(rate!.trend).toHaveLength(28)
  expect(rate!.trend.slice(0, 3)).toEqual([null, 0.9, null])
})

test('a difference that may be chance says so, and one of many subjects does not', () => {
  const many = (pass: number): RowData => ({
    ...data(0),
    now: [tally('', pass, 10_000 - pass, 0, 4)],
    before: [tally('', 9_500, 500, 0, 4)],
  })
  const [few] = build(data).rows[0]!.cells
  expect(few!.change).toMatchObject({ before: 0.95, isClear: false })
  expect(build(() => many(9_000)).rows[0]!.cells[0]!.change).toMatchObject({ isClear: true })
})

test('nothing to measure is not zero', () => {
  const nothing: RowData = { now: [], before: null, steps: [], scale: null, corrected: null }
  const [rate, coverage] = build(() => nothing).rows[0]!.cells
  expect([rate!.value, coverage!.value, rate!.interval, rate!.change]).toEqual([null, null, null, null])
})

test.each([
  [
    'have no price that is known',
    null,
    null,
    ['What judges cost: no price known'],
    'spend(fast): no price known, of 220',
  ],
  ['had none before', 950_000, null, ['Judges cost 0.95 USD'], 'spend(fast): 0.95 USD, of 220'],
  ['cost nothing', 0, 0, [], 'spend(fast): 0 USD, of 220, 0 USD against before'],
])('judges that %s', (_, now, before, said, cell) => {
  const costing = (costMicroUsd: number | null, [tally]: readonly Tally[]) => [{ ...tally!, costMicroUsd }]
  const dataOf = (row: number): RowData => ({
    ...data(row),
    now: costing(now, data(0).now),
    before: costing(before, data(0).before!),
  })
  const scorecard = buildScorecard({ ...plan, rows: plan.rows.slice(0, 1) }, slotMs, (__, row) => dataOf(row), {
    spend: { now, before },
    worst: [],
    alerts: [],
  })
  const lines = scorecardLines(scorecard)
  expect(lines.slice(4)).toEqual(said)
  expect(lines[3]).toBe(cell)
})

test('scores of durations and of money, which results carry in milliseconds and dollars, are told in their units', () => {
  const ms = tally('', 60, 0, 0, 1_500)
  const at = (fn: 'mean' | 'p95', type: ScorecardPlan['rows'][number]['cells'][number]['type']) => {
    const row = { cells: [{ fn, evalId: 'support/fast', type }], by: [] }
    const data: RowData = { now: [ms], before: [ms], steps: [{ ...ms, step: 0 }], scale: null, corrected: null }
    const [cell] = buildScorecard({ ...plan, rows: [row] }, Date.UTC(2026, 10, 23, 9), () => data, {
      spend: null,
      worst: [],
      alerts: [],
    }).rows[0]!.cells
    return cell!
  }
  const duration = at('mean', { kind: 'duration' })
  expect([duration.value, duration.change?.before, duration.trend[0]]).toEqual([1.5e9, 1.5e9, 1.5e9])
  expect(duration.interval!.low).toBeGreaterThan(1e9)
  expect(at('mean', { kind: 'money', currency: 'USD' }).value).toBe(1.5e9)
  expect(at('mean', number).value).toBe(1_500)
})
