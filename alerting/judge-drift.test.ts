/** What the anchors of a judge say stands in an alert's reasons: from the log alone, in whatever process the alert fires. */
import { expect, test } from 'vitest'
import { buildOfflineEval, buildPlan, e } from '../engine/evaluate/build-plan.ts'
import { DEFAULT_TENANT } from '../storage/access/principal.ts'
import { judgeDriftRecord } from '../storage/alerts/judge-drift-record.ts'
import { ALERT_STATE, ALERTS } from '../storage/log/topics.ts'
import {
  alertOf,
  all,
  bench,
  consumedAll,
  evaluator,
  manager,
  minute,
  results,
  stop,
  transitions,
  until,
  useAlertBench,
} from '../test/support/alert-bench.ts'
import { textOf } from '../test/support/slack-server.ts'

useAlertBench()

const HOUR = 60 * minute
const judged = buildOfflineEval('no_pii', e.lit(true), { id: 'shop/no_pii', package: 'shop', measureHash: 'now' })
const planOf = () => buildPlan({ evals: [judged], alerts: [alertOf()] })

/** Rounds a day ago and five minutes ago: steady against the one of an hour ago, and worse than the day before. */
const measured = (measureHash = judged.measureHash) =>
  bench.log.append(ALERT_STATE, [
    judgeDriftRecord(DEFAULT_TENANT, judged.id, {
      model: 'gpt-2',
      measureHash,
      checkedAtMs: bench.clockMs - 5 * minute,
      since: [
        { atMs: bench.clockMs - 24 * HOUR, drifted: false, p: 1, lost: 0, gained: 0 },
        { atMs: bench.clockMs - HOUR, drifted: true, p: 0.0039, lost: 9, gained: 0 },
      ],
    }),
  ])

const fails = () => results({ verdict: 'fail', runId: 'shop/no_pii@1', measureHash: judged.measureHash })

const judges = async (): Promise<unknown[]> =>
  (await all(ALERTS)).map(
    ({ value }) => (JSON.parse(Buffer.from(value).toString()) as { why: { judge: unknown } | null }).why?.judge,
  )

const drift = () => ({ model: 'gpt-2', drifted: true, p: 0.0039, lost: 9, gained: 0 })

test('measured while the evaluator runs, it is told with the alert', async () => {
  bench.plan = planOf()
  await evaluator()
  await manager()
  const checkedAtMs = bench.clockMs - 5 * minute
  await measured()
  // It looks into the log every two seconds, and then takes results.
  bench.clockMs += 2_000
  await results({ verdict: 'pass' })
  await until('reading', async () => {
    bench.clockMs += 2_000
    return consumedAll()
  })
  await fails()
  await until('firing', async () => (await transitions()).length === 1)
  expect(await judges()).toEqual([{ ...drift(), checkedAtMs }])
  const [message] = await bench.slack.waitFor(1)
  expect(textOf(message!)).toContain('the judge gpt-2 drifted: 9 anchors lost, 0 gained, p 0.0039')
})

test('after a restart as well, and again when it resolves', async () => {
  bench.plan = planOf()
  const first = await evaluator()
  await measured()
  await fails()
  await until('firing', async () => (await transitions()).length === 1)
  await stop(first)
  await evaluator()
  bench.clockMs += 11 * minute
  await until('the end', async () => (await transitions()).length === 2)
  expect((await judges())[1]).toMatchObject(drift())
})

test('of what is measured otherwise by now nothing is said', async () => {
  bench.plan = planOf()
  // It makes the topic.
  await stop(await evaluator())
  await measured('former')
  await evaluator()
  await fails()
  await until('firing', async () => (await transitions()).length === 1)
  expect(await judges()).toEqual([null])
})
