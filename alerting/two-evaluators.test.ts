/** One evaluator takes over from another, which is not dead, or dies while it lets go. */
import { expect, test } from 'vitest'
import { when } from '../engine/alerting/alert-fixture.ts'
import { encodeResults } from '../engine/codec/results.ts'
import { makeResult } from '../engine/model/make-result.ts'
import { DEFAULT_TENANT } from '../storage/access/principal.ts'
import { plansOfOne } from '../storage/definitions/plans.ts'
import type { Consumer, ConsumerOptions, Log } from '../storage/log/port.ts'
import { ALERT_STATE, ALERTS, EVAL_RESULTS } from '../storage/log/topics.ts'
import { alertOf, planOf, traceId } from '../test/support/alert-bench.ts'
import { createMemoryLog, type MemoryLogProcess } from '../test/support/memory-log.ts'
import { type AlertEvaluator, startAlertEvaluator } from './evaluator.ts'

test.each([
  ['before it took anything', 0],
  ['with a record in hand', 1],
])('one that slept through a take-over %s writes nothing over what its successor wrote', async (_, taken) => {
  let clockMs = 1_800_000_000_000
  const log = createMemoryLog(() => clockMs)
  const plan = planOf(alertOf({ when: when('count', 'fail', '>=', 4) }))
  const running: AlertEvaluator[] = []
  const start = async (process: MemoryLogProcess): Promise<void> => {
    running.push(
      await startAlertEvaluator({
        log: log.client(process),
        definitions: plansOfOne(DEFAULT_TENANT, () => plan),
        nowMs: () => clockMs,
      }),
    )
  }
  let failCount = 0
  const fail = (): void => {
    const id = traceId(++failCount)
    const value = encodeResults([
      makeResult({ evalId: 'shop/no_pii', traceId: id, verdict: 'fail', subjectTimeUs: clockMs * 1000 }),
    ])
    const headers = { tenant: DEFAULT_TENANT, eval: 'shop/no_pii' }
    log.append(EVAL_RESULTS, [{ key: 'default/shop/no_pii', value, headers }])
  }
  /** Until each record's state is written, which happens every few seconds. */
  const written = async (isDone: () => boolean): Promise<void> => {
    for (let turns = 0; turns < 2_000 && !isDone(); turns++) {
      clockMs += 100
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(isDone()).toBe(true)
  }
  const states = (): number => log.records(ALERT_STATE).filter(({ headers }) => headers.tenant !== undefined).length
  const isWrittenUpTo = (offset: number) => (): boolean =>
    Buffer.from(log.records(ALERT_STATE).at(-1)?.value ?? [])
      .toString()
      .includes(`"nextOffset":${offset},`)

  const { promise: morning, resolve: wake } = Promise.withResolvers<void>()
  let isAsleep = taken === 0
  let isDreaming = false
  const asleep = (): Promise<void> | null => {
    isDreaming = isAsleep
    return isAsleep ? morning : null
  }
  await start({ onWrite: () => true, isAlive: () => true, asleep })
  fail()
  if (taken > 0) await written(isWrittenUpTo(taken))
  isAsleep = true
  fail()
  await written(() => isDreaming)

  let isSecondAlive = true
  await start({ onWrite: () => isSecondAlive, isAlive: () => isSecondAlive })
  await log.expire()
  fail()
  await written(isWrittenUpTo(3))
  const before = states()
  isAsleep = false
  wake()
  for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve))
  expect(states()).toBe(before)

  isSecondAlive = false
  await log.expire()
  fail()
  await written(() => log.records(ALERTS).length > 0)
  for (const one of running.filter((_, index) => index !== 1)) await one.drain()
})

test('what comes while a partition is let go of is not in the state that is written for its next owner', async () => {
  const clockMs = 1_800_000_000_000
  const log = createMemoryLog(() => clockMs)
  const plan = planOf(alertOf({ when: when('count', 'fail', '>=', 2) }))
  const definitions = plansOfOne(DEFAULT_TENANT, () => plan)
  const start = (client: Log) => startAlertEvaluator({ log: client, definitions, nowMs: () => clockMs })
  const fail = (n: number): void => {
    const result = makeResult({
      evalId: 'shop/no_pii',
      traceId: traceId(n),
      verdict: 'fail',
      subjectTimeUs: clockMs * 1000,
    })
    const headers = { tenant: DEFAULT_TENANT, eval: 'shop/no_pii' }
    log.append(EVAL_RESULTS, [{ key: 'default/shop/no_pii', value: encodeResults([result]), headers }])
  }
  const until = async (isDone: () => boolean): Promise<void> => {
    for (let turns = 0; turns < 2_000 && !isDone(); turns++) await new Promise((resolve) => setImmediate(resolve))
    expect(isDone()).toBe(true)
  }

  let isAlive = true
  let commits = Promise.resolve()
  let joined: ConsumerOptions | undefined
  const inner = log.client({ onWrite: () => isAlive, isAlive: () => isAlive })
  const first = await start({
    ...inner,
    append: (topic, records) => {
      // It dies before it can tell anybody.
      if (topic === ALERTS && records.length > 0) isAlive = false
      return inner.append(topic, records)
    },
    openConsumer: async (options): Promise<Consumer> => {
      joined = options
      const consumer = await inner.openConsumer(options)
      return { ...consumer, commit: (offsets) => commits.then(() => consumer.commit(offsets)) }
    },
  })
  fail(1)
  await until(() => first.stats().records === 1)
  const { promise: answer, resolve: answers } = Promise.withResolvers<void>()
  commits = answer
  // A group that changes hands records out until its members have let go.
  void joined?.onRevoke?.([{ topic: EVAL_RESULTS, partition: 0 }])
  fail(2)
  await until(() => first.stats().records === 2)
  answers()
  await until(() => !isAlive)

  const second = await start(log.client({ onWrite: () => true, isAlive: () => true }))
  await log.expire()
  await until(() => log.records(ALERTS).length > 0)
  await second.drain()
})
