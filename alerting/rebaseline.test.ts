/** A new level that people accept goes by the log: no crash loses or repeats it. */
import { expect, test } from 'vitest'
import { ns } from '../engine/alerting/alert-fixture.ts'
import { DEFAULT_TENANT } from '../storage/access/principal.ts'
import { levelRecord } from '../storage/alerts/level-record.ts'
import { plansOfOne } from '../storage/definitions/plans.ts'
import type { Log } from '../storage/log/port.ts'
import { ALERT_STATE, ALERTS, NOTIFICATIONS } from '../storage/log/topics.ts'
import {
  alertOf,
  all,
  bench,
  consumedAll,
  crashAfter,
  evaluator,
  planOf,
  results,
  stop,
  transitions,
  until,
  useAlertBench,
} from '../test/support/alert-bench.ts'
import { loadCheckpoints } from './checkpoint.ts'
import { startAlertEvaluator } from './evaluator.ts'

useAlertBench()

const HOUR = 3_600_000
const worse = alertOf({
  id: 'shop/worse',
  when: {
    kind: 'regression',
    measure: { kind: 'rate', verdict: 'pass', type: { kind: 'ratio' } },
    worse: 'lower',
    by: { kind: 'absolute', value: 0.05 },
    referenceNs: ns(24 * HOUR),
  },
})

/** So many hours of which so many of a hundred pass. */
async function hours(count: number, passing: number): Promise<void> {
  for (let hour = 0; hour < count; hour++) {
    bench.clockMs += HOUR
    await results(
      ...Array.from({ length: 100 }, (_, i) => ({ verdict: i < passing ? ('pass' as const) : ('fail' as const) })),
    )
  }
}

/** Lets the evaluator look into the log again. */
const later = async (look: () => Promise<boolean>): Promise<boolean> => {
  bench.clockMs += 2_000
  return look()
}

async function fires(): Promise<void> {
  bench.plan = planOf(worse)
  const first = await evaluator()
  await hours(26, 95)
  await hours(3, 30)
  await until('firing', () => later(async () => (await transitions()).includes('shop/worse firing')))
  await stop(first)
}

const accept = (): Promise<unknown> =>
  bench.log.append(ALERT_STATE, [
    levelRecord(DEFAULT_TENANT, 'shop/worse', {
      atMs: bench.clockMs,
      sinceMs: null,
      by: 'ann',
      reason: 'the new model',
    }),
  ])

const acceptedOf = async (log: Log = bench.log) =>
  (await loadCheckpoints(log, () => {})).get(DEFAULT_TENANT)?.get('shop/worse')?.state.shared.accepted ?? null

test.each([0, 1, 2, 3])('an evaluator killed after %i writes takes it once, and tells of it once', async (writes) => {
  await fires()
  await accept()
  const dying = crashAfter(writes)
  // Never drained: it is dead, its place in the group expires.
  await startAlertEvaluator({
    log: dying.log,
    definitions: plansOfOne(DEFAULT_TENANT, () => bench.plan),
    nowMs: () => bench.clockMs,
  })
  await Promise.race([dying.crashed, new Promise((resolve) => setTimeout(resolve, 300))])
  bench.clockMs += 5_000
  await evaluator()
  await until('the level', () => later(async () => (await acceptedOf()) !== null))
  const told = (await all(ALERTS)).map(
    ({ value }) => JSON.parse(Buffer.from(value).toString()) as { id: string; to: string; cause: string },
  )
  const ended = told.filter(({ cause }) => cause === 'rebaselined')
  expect(new Set(ended.map(({ id, to }) => `${id} ${to}`)).size).toBe(1)
  expect(ended[0]).toMatchObject({ to: 'resolved', accepted: { by: 'ann', reason: 'the new model' } })
  const ends = (await all(NOTIFICATIONS)).filter(({ value }) => Buffer.from(value).toString().includes('rebaselined'))
  expect(new Set(ends.map(({ key, headers }) => `${key} ${JSON.stringify(headers)}`)).size).toBe(1)
  // Taken again by nobody: the next start finds it in the state.
  await hours(2, 30)
  await until('reading', consumedAll)
  expect(await transitions()).not.toContain('shop/worse inactive')
})

test('one that runs hears of it within seconds, and learns anew', async () => {
  await fires()
  await evaluator()
  await accept()
  await until('the end', () => later(async () => (await transitions()).at(-1) === 'shop/worse resolved'))
  await until('the level', () => later(async () => (await acceptedOf()) !== null))
  await hours(30, 30)
  await until('the new level', () =>
    later(async () => {
      const checkpoint = (await loadCheckpoints(bench.log, () => {})).get(DEFAULT_TENANT)?.get('shop/worse')
      return Math.abs((checkpoint?.state.shared.reference?.fit?.value ?? 1) - 0.3) < 0.01
    }),
  )
  expect((await transitions()).at(-1)).toBe('shop/worse resolved')
})
