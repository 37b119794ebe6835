import { expect, test } from 'vitest'
import type { ScorecardPlan } from '../../dsl/plan.ts'
import { wilsonOfRate } from '../statistics/wilson-interval.ts'
import { scorecardLines, scorecardMarkdown, scorecardTitle } from './render.ts'
import { buildScorecard, type EvalData, type Tally } from './scorecard.ts'

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

const tally = (env: string, pass: number, fail: number, unknown: number, mean: number): Tally => ({
  group: { env },
  counts: { pass, fail, unknown, error: 0 },
  scores: { count: pass + fail, sum: (pass + fail) * mean, sumSquares: (pass + fail) * (mean * mean + 0.25) },
})

const data: EvalData = {
  now: [tally('prod', 180, 20, 10, 4), tally('dev', 10, 0, 0, 3)],
  before: [tally('prod', 95, 5, 0, 4.5)],
  spendNow: 1_250_000,
  spendBefore: 1_000_000,
}
const slotMs = Date.UTC(2026, 10, 23, 9)
const build = (known: EvalData) =>
  buildScorecard(plan, slotMs, () => known, [
    { evalId: 'support/fast', traceId: 'a'.repeat(32), spanId: '', score: null },
  ])

test('values, intervals, differences, coverage and groups, as lines', () => {
  const scorecard = build(data)
  expect(scorecardTitle(scorecard)).toBe('support/weekly, 2026-11-16 09:00 to 2026-11-23 09:00 UTC')
  expect(scorecardLines(scorecard)).toMatchInlineSnapshot(`
    [
      "pass_rate(fast): 90.48% [85.75% to 93.75%], of 210, ≈ -4.52pp [-10.04pp to +2.47pp] against before, coverage 95.45%",
      "coverage(fast): 95.45% [91.84% to 97.51%], of 220, -4.55pp [-8.16pp to -0.31pp] against before",
      "count(fast): 220, of 220, +120 against before, coverage 95.45%",
      "spend(fast): 1.25 USD, of 220, +0.25 USD against before, coverage 95.45%",
      "mean(fast) env dev: 3 [2.673 to 3.327], of 10, coverage 100%",
      "mean(fast) env prod: 4 [3.931 to 4.069], of 200, -0.5 [-0.6205 to -0.3795] against before, coverage 95.24%",
      "failed support/fast: trace aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ]
  `)
})

test('the same as Markdown', () => {
  expect(scorecardMarkdown(build(data))).toMatchInlineSnapshot(`
    "## support/weekly

    2026-11-16 09:00 to 2026-11-23 09:00 UTC

    | value | now | 95% interval | against the 7d before | coverage | of |
    | --- | --- | --- | --- | --- | --- |
    | pass_rate(fast) | 90.48% | 85.75% to 93.75% | ≈ -4.52pp (-10.04pp to +2.47pp) | 95.45% | 210 |
    | coverage(fast) | 95.45% | 91.84% to 97.51% | -4.55pp (-8.16pp to -0.31pp) |  | 220 |
    | count(fast) | 220 |  | +120 | 95.45% | 220 |
    | spend(fast) | 1.25 USD |  | +0.25 USD | 95.45% | 220 |
    | mean(fast) env dev | 3 | 2.673 to 3.327 |  | 100% | 10 |
    | mean(fast) env prod | 4 | 3.931 to 4.069 | -0.5 (-0.6205 to -0.3795) | 95.24% | 200 |

    ### Worst traces

    - support/fast: trace aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    "
  `)
})

test('a difference that may be chance says so, and one of many subjects does not', () => {
  const many = (pass: number): EvalData => ({
    ...data,
    now: [tally('prod', pass, 10_000 - pass, 0, 4)],
    before: [tally('prod', 9_500, 500, 0, 4)],
  })
  const [few] = build(data).rows[0]!.cells
  expect(few!.change).toMatchObject({ before: 0.95, isClear: false })
  expect(build(many(9_000)).rows[0]!.cells[0]!.change).toMatchObject({ isClear: true })
})

test('nothing to measure is not zero', () => {
  const [rate, coverage] = build({ now: [], before: null, spendNow: 0, spendBefore: 0 }).rows[0]!.cells
  expect([rate!.value, coverage!.value, rate!.interval, rate!.change]).toEqual([null, null, null, null])
})

test('what was drawn with unequal probability counts by its inverse, and its intervals are as wide as it tells', () => {
  // 100 flagged ones, all of which were drawn and fail, beside 100 of 900 that pass.
  const even = tally('prod', 100, 100, 0, 3)
  const [heavy, light] = [
    { sum: 900, squares: 8_100 },
    { sum: 100, squares: 100 },
  ]
  const none = { sum: 0, squares: 0 }
  const weighted = {
    verdicts: { pass: heavy, fail: light, unknown: none, error: none },
    // Those that pass have a 5, the others a 1.
    scores: { weights: 1_000, squares: 8_200, values: 4_600, squaredValues: 40_600, squaredSquares: 202_600 },
  }
  const cellsOf = (now: Tally) => build({ ...data, now: [now], before: null }).rows.flatMap(({ cells }) => cells)
  const [rate, coverage, , , mean] = cellsOf({ ...even, weighted })
  expect(rate).toMatchObject({ value: 0.9, n: 200 })
  expect(coverage?.value).toBe(1)
  expect(mean).toMatchObject({ value: 4.6, n: 200 })
  const widthOf = (cell: typeof rate): number => (cell?.interval?.high ?? 0) - (cell?.interval?.low ?? 0)
  // 1,000² / 8,200 ≈ 122 subjects of equal weight.
  const { lower, upper } = wilsonOfRate({ rate: 0.9, n: 1_000 ** 2 / 8_200, alpha: 0.05 })
  expect(widthOf(rate)).toBeCloseTo(upper - lower, 12)
  // Of weights that are all the same nothing is different.
  const same = {
    verdicts: { pass: { sum: 200, squares: 400 }, fail: { sum: 200, squares: 400 }, unknown: none, error: none },
    scores: { weights: 400, squares: 800, values: 1_200, squaredValues: 2_400, squaredSquares: 7_400 },
  }
  expect(cellsOf({ ...even, weighted: same })).toEqual(cellsOf(even))
})
