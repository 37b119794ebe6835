import { expect, test } from 'vitest'
import { planOf } from '../../dsl/testing.ts'
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { NOTIFICATIONS } from '../../storage/log/topics.ts'
import { sendScorecard } from './scorecards.ts'

test('a slot has one message a receiver, whose id is the same however often the job runs', async () => {
  const plan = planOf(`package shop
online eval fast { on: trace  pass: duration <= 8s }
scorecard weekly {
  every:  monday at 09:00 in "UTC"
  over:   7d vs 7d
  row:    pass_rate(fast), count(fast)
  notify: slack("#shop"), email("shop@example.com")
}
`)
  const log = await openEmbeddedLog({ dataDir: ':memory:', nowMs: () => 0, retentionIntervalMs: null })
  const tally = {
    ...{ evalId: 'shop/fast', part: 0, window: 0, step: 0 },
    group: {},
    counts: { pass: 9, fail: 1, unknown: 0, error: 0 },
    scored: 0,
    clusters: 10,
    sums: [9, 1, 0, 0, 0, 0],
    products: [9, 0, 0, 0, 0, 0, 1, ...Array.from({ length: 14 }, () => 0)],
    bins: [],
    few: [],
    meanOfPass: null,
    meanOfFail: null,
    costMicroUsd: 0,
  }
  const traces = {
    resultTallies: async () => [tally],
    worstResults: async () => [],
    queryVerdicts: async () => [],
    getTraces: async () => new Map(),
    searchTraces: async () => [],
  }
  const nowMs = () => 0
  const job = { tenant: 'default', scorecardId: 'shop/weekly', slotMs: Date.UTC(2026, 10, 23, 9) }
  await sendScorecard(job, plan, { log, traces, nowMs, onProblem: expect.fail })
  await sendScorecard(job, plan, { log, traces, nowMs, onProblem: expect.fail })
  await sendScorecard({ ...job, scorecardId: 'shop/gone' }, plan, { log, traces, nowMs, onProblem: expect.fail })
  const records = await log.read(NOTIFICATIONS, 0, 0, 100)
  const sent = records.map(
    ({ value }) => JSON.parse(Buffer.from(value).toString()) as { id: string; notice: { lines: string[] } },
  )
  expect(sent).toHaveLength(4)
  expect(new Set(sent.map(({ id }) => id))).toEqual(
    new Set([
      'default/scorecard/shop/weekly@2026-11-23T09:00:00.000Z/slack:#shop',
      'default/scorecard/shop/weekly@2026-11-23T09:00:00.000Z/email:shop@example.com',
    ]),
  )
  expect(sent[0]!.notice.lines[0]).toContain('pass_rate(fast): 90%')
  await log.close()
})
