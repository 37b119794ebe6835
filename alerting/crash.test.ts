/** Kills between any two writes. */

import { describe, expect, test } from 'vitest'
import { when } from '../engine/alerting/alert-fixture.ts'
import { DEFAULT_TENANT } from '../storage/access/principal.ts'
import { plansOfOne } from '../storage/definitions/plans.ts'
import { ALERT_STATE, ALERTS, NOTIFICATIONS } from '../storage/log/topics.ts'
import {
  alertOf,
  all,
  bench,
  consumedAll,
  crashAfter,
  evaluator,
  manager,
  minute,
  planOf,
  results,
  slackReceivers,
  stop,
  traceId,
  transitions,
  until,
  useAlertBench,
} from '../test/support/alert-bench.ts'
import { startAlertEvaluator } from './evaluator.ts'
import { startAlertManager } from './manager.ts'

useAlertBench()

describe('stops and crashes', () => {
  test('a restart repeats no page and keeps the window', async () => {
    bench.plan = planOf(alertOf({ when: when('count', 'fail', '>=', 3) }))
    const first = await evaluator()
    await results({ verdict: 'fail' }, { verdict: 'fail' })
    await until('reading', async () => first.stats().records === 1)
    await stop(first)
    const second = await evaluator()
    await results({ verdict: 'fail' })
    await until('firing', async () => (await transitions()).length === 1)
    await stop(second)
    await evaluator()
    await manager()
    bench.clockMs += 1_000
    await results({ verdict: 'fail' })
    await until('reading', consumedAll)
    await bench.slack.waitFor(1)
    expect(await transitions()).toEqual(['shop/leak firing'])
    expect(bench.slack.messages).toHaveLength(1)
  })

  test.each([0, 1, 2, 3, 4, 5])('an evaluator killed after %i writes misses nothing and pages once', async (writes) => {
    await results({ verdict: 'fail', traceId: traceId(7) })
    const dying = crashAfter(writes)
    // Never drained: it is dead, its place in the group expires.
    await startAlertEvaluator({
      log: dying.log,
      definitions: plansOfOne(DEFAULT_TENANT, () => bench.plan),
      nowMs: () => bench.clockMs,
    })
    await Promise.race([dying.crashed, new Promise((resolve) => setTimeout(resolve, 500))])
    bench.clockMs += 5_000
    await evaluator()
    await manager()
    await bench.slack.waitFor(1)
    await until('reading', consumedAll)
    bench.clockMs += minute
    await results({ verdict: 'pass' })
    await until('reading', consumedAll)
    expect(bench.slack.messages).toHaveLength(1)
    const ids = (await all(ALERTS)).map(({ value }) => (JSON.parse(Buffer.from(value).toString()) as { id: string }).id)
    expect(new Set(ids).size).toBe(1)
  })

  test('a result that is in the checkpoint is not counted again, though its offset was not committed', async () => {
    bench.plan = planOf(alertOf({ when: when('count', 'fail', '>=', 2) }))
    // The first write is the checkpoint of the new alert, the second that of its first results, the third would be the commit.
    const dying = crashAfter(2)
    await startAlertEvaluator({
      log: dying.log,
      definitions: plansOfOne(DEFAULT_TENANT, () => bench.plan),
      nowMs: () => bench.clockMs,
    })
    await until('the first checkpoint', async () => (await all(ALERT_STATE)).length === 1)
    await results({ verdict: 'pass' }, { verdict: 'pass' }, { verdict: 'fail' })
    await until('the crash', async () => {
      bench.clockMs += 100
      return Promise.race([
        dying.crashed.then(() => true),
        new Promise<false>((resolve) => setTimeout(resolve, 5, false)),
      ])
    })
    expect((await bench.log.committed('alerts')).map(({ offset }) => offset)).toEqual([0])
    await evaluator()
    await results({ verdict: 'fail' })
    const [record] = await until('firing', async () => {
      const found = await all(ALERTS)
      return found.length > 0 && found
    })
    const { numbers } = JSON.parse(Buffer.from(record!.value).toString()) as { numbers: { verdicts: unknown } }
    expect(numbers.verdicts).toEqual({ pass: 2, fail: 2, unknown: 0, error: 0 })
  })

  test.each([0, 1, 2, 3, 4])('a manager killed after %i writes delivers, and at most once more', async (writes) => {
    bench.plan = planOf(alertOf({ notify: ['#a', '#b', '#c'].map((target) => ({ receiver: 'slack', target })) }))
    await evaluator()
    await results({ verdict: 'fail' })
    await until('notifications', async () => (await all(NOTIFICATIONS)).length === 3)
    const dying = crashAfter(writes)
    await startAlertManager({
      log: dying.log,
      receivers: slackReceivers(),
      nowMs: () => bench.clockMs,
      onPrint: () => {},
    })
    await Promise.race([dying.crashed, new Promise((resolve) => setTimeout(resolve, 500))])
    const second = await manager()
    await until('the rest', async () => (await bench.log.committed('alert-manager'))[0]?.offset === 3)
    await until('all deliveries', async () => second.stats().delivered + bench.slack.messages.length >= 3)
    await stop(second)
    // Nothing is sent before it is kept: that is the first write. Then three were sent, of which some were noted.
    const sent = bench.slack.messages.length
    expect(sent).toBeGreaterThanOrEqual(3)
    expect(sent).toBeLessThanOrEqual(writes === 0 ? 3 : 6)
    expect(second.stats()).toMatchObject({ printed: 0, deadLettered: 0 })
  })
})
