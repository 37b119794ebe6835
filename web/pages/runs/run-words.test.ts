import { expect, test } from 'vitest'
import type { OfflineRun } from '../../../client/api.ts'
import {
  canCancel,
  estimateText,
  noProgressText,
  plannedCostText,
  progressOf,
  runParams,
  spendText,
  spentText,
  subjectsText,
} from './run-words.ts'

const OUTCOME = {
  alreadyJudged: 0,
  pass: 0,
  fail: 0,
  unknown: 0,
  error: 0,
  overBudget: 0,
  left: 0,
  cached: 0,
  orElse: 0,
  cheaper: 0,
  proxy: 0,
}
const run = (more: Partial<OfflineRun> = {}): OfflineRun => ({
  runId: 'support/helpful@2026-11-22T06:00:00.000Z',
  eval: 'support/helpful',
  trigger: 'schedule',
  slot: '2026-11-22T06:00:00.000Z',
  state: 'done',
  enqueuedAt: '2026-11-22T06:00:00.000Z',
  batches: { all: 0, done: 0, failed: 0 },
  outcome: OUTCOME,
  spentUsd: 0,
  ...more,
})

test.each([
  ['what was spent', 0.5, '$0.5000'],
  ['nothing, where nobody was asked or it is free', 0, '$0'],
  ['that no price is known', null, 'no price known'],
])('%s', (_, spentUsd, text) => {
  expect(spentText(run({ spentUsd }))).toBe(text)
  expect(spendText('offline', spentUsd)).toBe(text)
})

test.each([
  ['as its plan says', { estimateUsd: 0.5 }, '$0.5000'],
  [
    'nothing, where the proxy measured it',
    { outcome: { ...OUTCOME, pass: 3, proxy: 3 } },
    'nothing: measured by the proxy',
  ],
  ['a price that nobody knows', { outcome: { ...OUTCOME, pass: 3 } }, 'no price known'],
  [
    'a price that nobody knows, of judges some of whom answered',
    { spentUsd: null, outcome: { ...OUTCOME, pass: 3, proxy: 1 } },
    'no price known',
  ],
])('what a run was thought to cost: %s', (_, more, text) => {
  expect(plannedCostText(run(more))).toBe(text)
})

test('an online eval spends nothing, and of one that nobody told of nothing is said', () => {
  expect(spendText('online', 0)).toBe('–')
  expect(spendText('offline', undefined)).toBe('–')
})

test('its address, how far it is, and whether it can be left', () => {
  expect(runParams('support/helpful@2026-11-22T06:00:00.000Z')).toEqual({
    packageName: 'support',
    run: 'helpful@2026-11-22T06:00:00.000Z',
  })
  expect(progressOf(run())).toBe(null)
  expect(progressOf(run({ batches: { all: 4, done: 2, failed: 1 } }))).toBe(0.75)
  expect([run({ state: 'active' }), run({ state: 'waiting' }), run()].map(canCancel)).toEqual([true, true, false])
})

const JUDGED = { judges: ['openai/gpt-5-mini'] }

test.each([
  ['all that match, and nobody knows what it costs', JUDGED, 'all that match', /^not known before its first run/],
  [
    'as the last time',
    { ...JUDGED, maxSubjects: 200, estimate: { subjects: 6, usd: 0.012 } },
    'at most 200; 6 the last time',
    /^about \$0\.0120 for 6, by its last run$/,
  ],
  [
    'as many as it may',
    { ...JUDGED, maxSubjects: 40, estimate: { subjects: 40, usd: 0 } },
    'at most 40',
    /^about \$0 /,
  ],
  [
    'whose price nobody knows',
    { ...JUDGED, estimate: { subjects: 6, usd: null } },
    'all that match; 6 the last time',
    /^no price known: cost\.prices of the configuration has none of openai\/gpt-5-mini$/,
  ],
  ['what is computed', { judges: [], maxSubjects: 6 }, 'at most 6', /^nothing$/],
] as const)('a run before it begins: %s', (_, nextRun, subjects, cost) => {
  expect(subjectsText({ ...nextRun, judges: [...nextRun.judges] })).toBe(subjects)
  expect(estimateText({ ...nextRun, judges: [...nextRun.judges] })).toMatch(cost)
})

test.each([
  ['done', 0, 'nothing was in its sample'],
  ['waiting', undefined, 'no sample yet'],
  ['active', undefined, 'no sample yet'],
  ['cancelled', undefined, 'no sample was drawn'],
  ['failed', undefined, 'no sample was drawn'],
] as const)('without batches, %s with %s sampled: %s', (state, sampled, text) => {
  expect(noProgressText({ state, ...(sampled !== undefined && { sampled }) })).toBe(text)
})
