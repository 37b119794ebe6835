import { expect, test } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import type { Verdict } from '../../engine/model/result.ts'
import { readAnchorRounds, readJudgeDrift, saidByPeople } from './anchors.ts'

const DAY_MS = 86_400_000

function judged(day: number, anchor: number, verdict: Verdict) {
  return makeResult({
    evalId: 'a/b',
    runId: `anchor@a/b@${day}`,
    traceId: `${anchor}`,
    verdict,
    evaluatedAtMs: day * DAY_MS + anchor,
    judgeModel: day < 3 ? 'gpt-1' : 'gpt-2',
    judgements: [saidByPeople(true)],
  })
}

/** Of eleven anchors: all pass until the third day, two pass from then on; the last one is never decided. */
const results = [1, 2, 3, 4].flatMap((day) =>
  Array.from({ length: 11 }, (_, anchor) =>
    judged(day, anchor, anchor === 10 ? 'unknown' : day >= 3 && anchor >= 2 ? 'fail' : 'pass'),
  ),
)
const traces = { queryResults: async () => results.toReversed() }

test('rounds are read from results, the oldest first', async () => {
  const rounds = await readAnchorRounds(traces, 'default', 'a/b')
  expect(rounds.map(({ runId }) => runId)).toEqual([1, 2, 3, 4].map((day) => `anchor@a/b@${day}`))
  expect(rounds[2]).toMatchObject({ models: ['gpt-2'], undecided: 1, atMs: 3 * DAY_MS + 10 })
  expect(rounds[2]?.verdicts).toHaveLength(10)
})

test('a drift is told between the rounds before two moments', async () => {
  const drift = (beforeMs: number, nowMs: number) => readJudgeDrift(traces, 'default', 'a/b', { beforeMs, nowMs })
  expect(await drift(2.5 * DAY_MS, 5 * DAY_MS)).toMatchObject({
    before: { runId: 'anchor@a/b@2', passed: 1 },
    now: { runId: 'anchor@a/b@4', passed: 0.2 },
    anchors: 10,
    lost: 8,
    hasDrifted: true,
    isOtherModel: true,
  })
  expect(await drift(3.5 * DAY_MS, 5 * DAY_MS)).toMatchObject({ lost: 0, hasDrifted: false })
  // Before the first round there is nothing to compare with but that one.
  expect(await drift(0, 2.5 * DAY_MS)).toMatchObject({
    before: { runId: 'anchor@a/b@1' },
    now: { runId: 'anchor@a/b@2' },
  })
  expect(await drift(0, 1.5 * DAY_MS)).toBeNull()
  expect(await drift(0, 0)).toBeNull()
})
