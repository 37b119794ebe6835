/** Time decides after a restart as before it, whether or not anything arrives. */
import { expect, test } from 'vitest'
import { LogError } from '../storage/log/port.ts'
import { ALERT_STATE, ALERTS, EVAL_RESULTS } from '../storage/log/topics.ts'
import {
  alertOf,
  all,
  bench,
  consumedAll,
  evaluator,
  minute,
  ns,
  planOf,
  results,
  stop,
  transitions,
  until,
  useAlertBench,
} from '../test/support/alert-bench.ts'
import { overriding } from '../test/support/overriding.ts'

useAlertBench()

const atMsOf = async (to: string): Promise<number[]> =>
  (await all(ALERTS)).flatMap(({ value }) => {
    const transition = JSON.parse(Buffer.from(value).toString()) as { to: string; atMs: number }
    return transition.to === to ? [transition.atMs] : []
  })

test.each([
  ['before the failure has left the window', 9 * minute],
  ['long after', 6 * 60 * minute],
])('an alert resolves by time alone after a restart %s', async (_, restartAfterMs) => {
  const first = await evaluator()
  const failedMs = bench.clockMs
  await results({ verdict: 'fail' })
  await until('firing', async () => (await transitions()).length === 1)
  bench.clockMs += 5 * minute
  await results({ verdict: 'pass' })
  await until('reading', consumedAll)
  await stop(first)
  bench.clockMs = failedMs + restartAfterMs
  await evaluator()
  bench.clockMs = Math.max(bench.clockMs, failedMs + 10 * minute) + 1_000
  await until('the end', async () => (await transitions()).length === 2)
  expect(await atMsOf('resolved')).toEqual([failedMs + 10 * minute])
})

test('without any traffic at all since its failure it resolves, too', async () => {
  const first = await evaluator()
  const failedMs = bench.clockMs
  await results({ verdict: 'fail' })
  await until('firing', async () => (await transitions()).length === 1)
  await stop(first)
  bench.clockMs = failedMs + 16 * minute
  await evaluator()
  await until('the end', async () => (await transitions()).length === 2)
  expect(await atMsOf('resolved')).toEqual([failedMs + 10 * minute])
})

test('time goes on where the log let go of what was never read', async () => {
  bench.plan = planOf(alertOf({ noData: { kind: 'fire', afterNs: ns(30 * minute) } }))
  const extents = [0, 1, 2, 3].map((partition) => ({ partition, start: 7, end: 7 }))
  const log = overriding(bench.log, {
    committed: async () => extents.map(({ partition }) => ({ topic: EVAL_RESULTS, partition, offset: 3 })),
    endOffsets: async (topic) => (topic === EVAL_RESULTS ? extents : bench.log.endOffsets(topic)),
  })
  await evaluator({ log })
  await until('the start', async () => (await all(ALERT_STATE)).length > 0)
  bench.clockMs += 31 * minute
  await until('firing', async () => (await transitions()).length === 1)
})

test('so do those on every partition, of which nothing was read since', async () => {
  const evalIds = Array.from({ length: 12 }, (_, i) => `shop/eval_${i}`)
  const used = new Set(evalIds.map((id) => bench.log.partitionFor(EVAL_RESULTS, `default/${id}`)))
  expect(used.size).toBe(4)
  bench.plan = planOf(...evalIds.map((evalId) => alertOf({ id: `${evalId}_fails`, on: { kind: 'eval', evalId } })))
  const first = await evaluator()
  const failedMs = bench.clockMs
  for (const evalId of evalIds) await results({ evalId, verdict: 'fail' })
  await until('firing', async () => (await transitions()).length === 12)
  bench.clockMs += minute
  for (const evalId of evalIds) await results({ evalId, verdict: 'pass' })
  await until('reading', consumedAll)
  await stop(first)
  bench.clockMs = failedMs + 16 * minute
  await evaluator()
  await until('the ends', async () => (await transitions()).length === 24)
  expect(await atMsOf('resolved')).toEqual(evalIds.map(() => failedMs + 10 * minute))
})

test('a stop while the log takes no transitions commits nothing past them', async () => {
  let refusals = 0
  const log = overriding(bench.log, {
    append: async (topic, records) => {
      if (topic !== ALERTS || records.length === 0) return bench.log.append(topic, records)
      refusals++
      throw new LogError('full', 'the disk is full')
    },
  })
  const first = await evaluator({ log })
  await results({ verdict: 'fail' })
  await until('a refusal', async () => refusals > 0)
  await stop(first)
  await evaluator()
  await until('firing', async () => (await transitions()).length === 1)
})
