import { expect, test } from 'vitest'
import type { OfflineRun } from '../../../client/api.ts'
import { askedOf, canCancel, progressOf, runParams, spendText, spentText } from './run-words.ts'

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

test('what was asked leaves out what was answered without a judge', () => {
  expect(askedOf(run({ outcome: { ...OUTCOME, pass: 8, fail: 2, cached: 3, proxy: 1 } }))).toBe(6)
  expect(askedOf(run({ outcome: { ...OUTCOME, unknown: 4, overBudget: 4 } }))).toBe(0)
})

test.each([
  ['what was spent', run({ spentUsd: 0.5 }), '$0.5000'],
  ['nothing, where nobody was asked', run(), '$0'],
  ['nothing, at a price that is known', run({ estimateUsd: 0, outcome: { ...OUTCOME, pass: 1 } }), '$0'],
  ['no price, where one was asked and none is known', run({ outcome: { ...OUTCOME, pass: 1 } }), 'no price'],
])('%s', (_, given, text) => {
  expect(spentText(given)).toBe(text)
})

test('of an eval: nothing without a judge, and no price where its last run had none', () => {
  expect(spendText('online', 0, undefined)).toBe('–')
  expect(spendText('offline', 0.25, run())).toBe('$0.2500')
  expect(spendText('offline', 0, run({ outcome: { ...OUTCOME, pass: 1 } }))).toBe('no price')
  expect(spendText('offline', 0, undefined)).toBe('–')
  expect(spendText('offline', 0, run())).toBe('$0')
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
