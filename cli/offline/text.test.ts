import { expect, test } from 'vitest'
import type { OfflineRunJson } from '../../server/offline-schemas.ts'
import type { JudgingResponse } from '../../server/schemas.ts'
import { judgingText, progressText } from './text.ts'

const out = {
  name: 'openai',
  breaker: 'open',
  outSince: '2026-11-03T06:00:10.000Z',
  lastFailure: { at: '2026-11-03T06:00:10.000Z', detail: '503 overloaded' },
} as const
const well = { name: 'local', breaker: 'closed' } as const

test.each<[JudgingResponse, string]>([
  [{ level: 'normal', shared: true, providers: [well] }, ''],
  [{ level: 'no_provider', shared: true, providers: [] }, ''],
  [
    { level: 'failover', shared: true, providers: [well, out] },
    'judging is at level failover: some providers are out, and `or else` answers for them\n' +
      '  openai takes no calls, out since 2026-11-03 06:00 UTC (503 overloaded)\n\n',
  ],
  [
    { level: 'cache_only', shared: true, providers: [{ ...out, breaker: 'half_open' }] },
    'judging is at level cache_only: all providers are out, and the cache answers, or a proxy\n' +
      '  openai is tried again, out since 2026-11-03 06:00 UTC (503 overloaded)\n\n',
  ],
  [
    { level: 'normal', shared: false, providers: [well] },
    'the shared state cannot be reached: this instance goes by its own calls\n\n',
  ],
])('how judging goes on: %j', (judging, expected) => {
  expect(judgingText(judging)).toBe(expected)
})

const RUN: OfflineRunJson = {
  runId: 'shop/helpful@2026-11-03T0600Z',
  eval: 'shop/helpful',
  trigger: 'schedule',
  enqueuedAt: '2026-11-03T06:00:00.000Z',
  slot: '2026-11-03T06:00:00.000Z',
  state: 'done',
  sampled: 60,
  estimateUsd: 0.0512,
  budgetUsd: 0.04,
  spentUsd: 0.0384,
  batches: { all: 3, done: 3, failed: 0 },
  outcome: {
    alreadyJudged: 0,
    pass: 40,
    fail: 5,
    unknown: 12,
    error: 3,
    left: 0,
    overBudget: 10,
    cached: 4,
    orElse: 7,
    cheaper: 6,
    proxy: 2,
  },
}

test('who answered is told beside the verdicts, and what the budget did not pay for', () => {
  expect(progressText(RUN)).toBe(
    '60 of 60 done: 40 pass, 5 fail, 2 unknown, 10 over budget, 3 error; 7 by `or else`, 6 by the cheaper judge, 2 by the proxy, 4 from the cache; 0.0384 USD of 0.0400 USD, estimated at 0.0512 USD',
  )
})

test('judged is said only where all that are done were', () => {
  const outcome = { ...RUN.outcome, pass: 60, fail: 0, unknown: 0, error: 0, overBudget: 0 }
  expect(progressText({ ...RUN, outcome })).toContain('60 of 60 judged: 60 pass')
  expect(progressText({ ...RUN, slot: '2026-11-21T06:00:00.000Z', sampled: 0 })).toBe(
    'nothing was in its sample, of what had ended by 2026-11-21 06:00; --now takes what has arrived by now',
  )
  expect(progressText({ ...RUN, outcome: { ...outcome, pass: 0, error: 60 } })).toContain('60 of 60 done: 60 error')
})

test('an estimate that nobody could know better is called a guess', () => {
  expect(progressText({ ...RUN, estimateIsGuess: true })).toMatch(
    /, estimated at 0.0512 USD \(a guess: 500 tokens an answer\)$/,
  )
})

test('of a run that is under way it is told how many batches are to go', () => {
  const run = { ...RUN, state: 'active', batches: { all: 8, done: 2, failed: 1 } } as const
  expect(progressText(run)).toContain('; 5 of 8 batches to go; 1 batches failed')
  expect(progressText({ ...run, state: 'done' })).not.toContain('to go')
})
