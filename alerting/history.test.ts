/** What an alert was too young to see comes by the log, from a job over the store. */
import { expect, test } from 'vitest'
import { compileText } from '../dsl/testing.ts'
import { DEFAULT_TENANT } from '../storage/access/principal.ts'
import { plansOfOne } from '../storage/definitions/plans.ts'
import { ALERT_STATE, alertTopics } from '../storage/log/topics.ts'
import type { HistoryRow } from '../storage/traces/result-history.ts'
import { all, bench, evaluator, results, stop, transitions, until, useAlertBench } from '../test/support/alert-bench.ts'
import { createBaselines } from '../workers/offline/baselines.ts'
import { loadCheckpoints } from './checkpoint.ts'

useAlertBench()

const HOUR = 3_600_000

/** A fortnight of 20 traces an hour, nine of ten of which pass, and 5% of which are slower than 2 s. */
const aFortnight = (toMs: number): HistoryRow[] =>
  Array.from({ length: 14 * 24 }, (_, i) => ({
    startMs: toMs - (14 * 24 - i) * HOUR,
    agentName: 'shop',
    env: undefined,
    counts: { pass: 18, fail: 2, unknown: 0, error: 0 },
    scores: { count: 20, sum: 20_000, sumSquares: 2.1e7 },
    bins: [
      [3_000, 19],
      [3_036, 1],
    ] as [number, number][],
  }))

const shop = () =>
  compileText(`package shop
online eval fast { on: trace  score: duration  pass: score <= 8s }
alert worse { on: fast  when: pass_rate regresses by 5pp vs 14d  severity: page  notify: slack("#shop") }
alert slower { on: fast  when: p95(score) regresses by 500ms vs 14d  severity: page }
alert odd { on: fast  when: pass_rate is anomalous over 1h vs 2w  severity: ticket }
`).plan!

test('what was worked out before the evaluator came is known to it with the first result', async () => {
  bench.plan = shop()
  const definitions = plansOfOne(DEFAULT_TENANT, () => bench.plan)
  const nowMs = () => bench.clockMs
  const resultHistory = async (_: string, { toMs }: { toMs: number }) => aFortnight(toMs)
  await bench.log.ensureTopics(alertTopics)
  await createBaselines({ log: bench.log, traces: { resultHistory }, definitions, nowMs, onProblem: expect.fail })()
  const { measureHash } = bench.plan.evals[0]!
  const bad = { evalId: 'shop/fast', measureHash, verdict: 'fail' as const, agentName: 'shop', spanId: '' }
  // It is there when the evaluator comes.
  await results(...Array.from({ length: 60 }, () => ({ ...bad, subjectKind: 'trace' as const })))
  await evaluator()
  bench.clockMs += HOUR / 4 + 1_000
  await until('the page', async () => (await transitions()).includes('shop/worse firing'))
})

test('an alert of today knows the last fortnight, and needs the store no more', async () => {
  bench.plan = shop()
  const definitions = plansOfOne(DEFAULT_TENANT, () => bench.plan)
  const problems: string[] = []
  const nowMs = () => bench.clockMs
  const asked: string[] = []
  const resultHistory = async (_: string, { evalId, toMs, bins }: { evalId: string; toMs: number; bins: unknown }) => {
    asked.push(`${evalId} ${bins === null ? 'plain' : 'binned'}`)
    return aFortnight(toMs)
  }
  const onProblem = (text: string) => problems.push(text)
  const first = await evaluator()
  const build = createBaselines({ log: bench.log, traces: { resultHistory }, definitions, nowMs, onProblem })
  await build()
  // Nothing new is known before the hour is over.
  await build()
  expect(asked).toEqual(['shop/fast plain', 'shop/fast binned', 'shop/fast plain'])
  bench.clockMs += 11_000
  const looksOf = async () => {
    const checkpoint = (await loadCheckpoints(bench.log, onProblem)).get(DEFAULT_TENANT)
    return ['worse', 'slower'].map((name) => checkpoint?.get(`shop/${name}`)?.state.shared.reference?.looks.length ?? 0)
  }
  await until('the history', async () => (await looksOf()).every((count) => count >= 330))
  await stop(first)

  // The store is gone from here on: three hours of a bad deploy page all the same.
  await evaluator()
  const { measureHash } = bench.plan.evals[0]!
  for (let hour = 0; hour < 3; hour++) {
    bench.clockMs += HOUR
    await results(
      ...Array.from({ length: 60 }, (_, i) => ({
        evalId: 'shop/fast',
        measureHash,
        verdict: i % 3 === 0 ? ('pass' as const) : ('fail' as const),
        score: 1_000,
        agentName: 'shop',
        subjectKind: 'trace' as const,
        spanId: '',
      })),
    )
  }
  bench.clockMs += HOUR
  await until('firing', async () => (await transitions()).includes('shop/worse firing'))
  expect(problems).toEqual([])
})

test('an outage of the store is told, and tried again', async () => {
  bench.plan = shop()
  const problems: string[] = []
  let down = true
  const resultHistory = async (_: string, { toMs }: { toMs: number }) => {
    if (down) throw new Error('no store')
    return aFortnight(toMs)
  }
  await bench.log.ensureTopics([
    { name: ALERT_STATE, partitions: 1, retentionMs: null, retentionBytes: null, compacted: true },
  ])
  const definitions = plansOfOne(DEFAULT_TENANT, () => bench.plan)
  const onProblem = (text: string) => problems.push(text)
  const build = createBaselines({
    log: bench.log,
    traces: { resultHistory },
    definitions,
    nowMs: () => bench.clockMs,
    onProblem,
  })
  await build()
  expect(problems).toHaveLength(3)
  expect(await all(ALERT_STATE)).toEqual([])
  down = false
  await build()
  expect(await all(ALERT_STATE)).toHaveLength(3)
})

test('one of an alert that the definitions here do not have yet is taken when they come', async () => {
  const newer = shop()
  bench.plan = compileText(`package shop
online eval fast { on: trace  score: duration  pass: score <= 8s }
alert slower { on: fast  when: p95(score) regresses by 500ms vs 14d  severity: page }
`).plan!
  const nowMs = () => bench.clockMs
  const resultHistory = async (_: string, { toMs }: { toMs: number }) => aFortnight(toMs)
  await evaluator()
  // A worker has the newer ones by now. `worse` comes first.
  const definitions = plansOfOne(DEFAULT_TENANT, () => newer)
  await createBaselines({ log: bench.log, traces: { resultHistory }, definitions, nowMs, onProblem: expect.fail })()
  bench.clockMs += 11_000
  const looksOf = async (name: string): Promise<number> => {
    const checkpoint = (await loadCheckpoints(bench.log, expect.fail)).get(DEFAULT_TENANT)
    return checkpoint?.get(`shop/${name}`)?.state.shared.reference?.looks.length ?? 0
  }
  await until('the history of what is known', async () => (await looksOf('slower')) >= 330)
  bench.plan = newer
  bench.clockMs += 11_000
  await until('the history of what is new', async () => (await looksOf('worse')) >= 330)
})

test('an alert that is gone and comes back gets its history at once', async () => {
  bench.plan = shop()
  const { plan } = compileText('package shop online eval fast { on: trace  score: duration  pass: score <= 8s }')
  const resultHistory = async (_: string, { toMs }: { toMs: number }) => aFortnight(toMs)
  await bench.log.ensureTopics(alertTopics)
  const definitions = plansOfOne(DEFAULT_TENANT, () => bench.plan)
  const nowMs = () => bench.clockMs
  const build = createBaselines({
    log: bench.log,
    traces: { resultHistory },
    definitions,
    nowMs,
    onProblem: expect.fail,
  })
  const counts: number[] = []
  for (const next of [bench.plan, bench.plan, plan!, bench.plan]) {
    bench.plan = next
    await build()
    counts.push((await all(ALERT_STATE)).length)
  }
  expect(counts).toEqual([3, 3, 3, 6])
})
