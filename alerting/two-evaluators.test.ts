/** One evaluator takes over from another, which is not dead, or dies while it lets go. */
import { expect, test } from 'vitest'
import { when } from '../engine/alerting/alert-fixture.ts'
import type { Consumer, ConsumerOptions } from '../storage/log/port.ts'
import { ALERT_STATE, ALERTS, EVAL_RESULTS } from '../storage/log/topics.ts'
import { alertOf, traceId } from '../test/support/alert-bench.ts'
import { EvaluatorLab } from '../test/support/evaluator-lab.ts'
import type { MemoryLogProcess } from '../test/support/memory-log.ts'
import type { AlertEvaluator } from './evaluator.ts'

test.each([
  ['before it took anything', 0],
  ['with a record in hand', 1],
])('one that slept through a take-over %s writes nothing over what its successor wrote', async (_, taken) => {
  const lab = new EvaluatorLab(alertOf({ when: when('count', 'fail', '>=', 4) }))
  const { log } = lab
  const running: AlertEvaluator[] = []
  const start = async (process: MemoryLogProcess): Promise<void> => {
    running.push(await lab.start(log.client(process)))
  }
  let failCount = 0
  const fail = (): void => lab.append({ traceId: traceId(++failCount), verdict: 'fail' })
  /** Until each record's state is written, which happens every few seconds. */
  const written = async (isDone: () => boolean): Promise<void> => expect(await lab.until(isDone, 100)).toBe(true)
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
  await lab.settle(200)
  expect(states()).toBe(before)

  isSecondAlive = false
  await log.expire()
  fail()
  await written(() => log.records(ALERTS).length > 0)
  for (const one of running.filter((_, index) => index !== 1)) await one.drain()
})

test('what comes while a partition is let go of is not in the state that is written for its next owner', async () => {
  const lab = new EvaluatorLab(alertOf({ when: when('count', 'fail', '>=', 2) }))
  const { log } = lab
  const fail = (n: number): void => lab.append({ traceId: traceId(n), verdict: 'fail' })
  const until = async (isDone: () => boolean): Promise<void> => expect(await lab.until(isDone)).toBe(true)

  let isAlive = true
  let commits = Promise.resolve()
  let joined: ConsumerOptions | undefined
  const inner = log.client({ onWrite: () => isAlive, isAlive: () => isAlive })
  const first = await lab.start({
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

  const second = await lab.start(log.client({ onWrite: () => true, isAlive: () => true }))
  await log.expire()
  await until(() => log.records(ALERTS).length > 0)
  await second.drain()
})
