import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { LogError } from '../storage/log/port.ts'
import { DEAD_LETTERS, NOTIFICATIONS } from '../storage/log/topics.ts'
import {
  alertOf,
  all,
  bench,
  evaluator,
  manager,
  planOf,
  results,
  slackReceivers,
  stop,
  until,
  useAlertBench,
} from '../test/support/alert-bench.ts'
import { overriding } from '../test/support/overriding.ts'
import { startSlackServer, textOf } from '../test/support/slack-server.ts'
import { noticeNotifications, notificationRecord } from './notification.ts'

useAlertBench()

describe('the manager', () => {
  const fire = async (): Promise<void> => {
    await evaluator()
    await results({ verdict: 'fail' })
  }

  test.each([
    ['a server error', [{ status: 500 }, { status: 503 }], 3],
    ['a broken connection', ['disconnect' as const], 1],
    ['a rate limit', [{ status: 429, retryAfterSeconds: 2 }], 2_000],
  ])('tries again after %s, no sooner than it may', async (_, faults, afterMs) => {
    await fire()
    bench.slack.fail(...faults)
    const startedMs = bench.clockMs
    await manager({ nowMs: () => (bench.clockMs += 100) })
    await bench.slack.waitFor(1)
    expect(bench.slack.messages).toHaveLength(1)
    expect(bench.slack.requestCount()).toBe(faults.length + 1)
    expect(bench.clockMs - startedMs).toBeGreaterThanOrEqual(afterMs)
  })

  test('keeps what it could not deliver, so a stop between tries loses nothing', async () => {
    await fire()
    bench.slack.fail({ status: 500 })
    const first = await manager({ retry: { firstMs: 3_600_000 } })
    await until('a try', async () => bench.slack.requestCount() === 1)
    await stop(first)
    expect(bench.slack.messages).toHaveLength(0)
    const second = await manager()
    await bench.slack.waitFor(1)
    await until('the commit', async () => (await bench.log.committed('alert-manager'))[0]?.offset === 1)
    await stop(second)
    await manager()
    expect(bench.slack.messages).toHaveLength(1)
  })

  test('a notification that is written twice is delivered once, across restarts too', async () => {
    await fire()
    const first = await manager()
    await bench.slack.waitFor(1)
    const [record] = await all(NOTIFICATIONS)
    await bench.log.append(NOTIFICATIONS, [{ key: record!.key, value: record!.value, headers: record!.headers }])
    await until('the repetition', async () => first.stats().repeated === 1)
    await stop(first)
    await bench.log.append(NOTIFICATIONS, [{ key: record!.key, value: record!.value, headers: record!.headers }])
    const second = await manager()
    await until('the repetition', async () => second.stats().repeated === 1)
    expect(bench.slack.messages).toHaveLength(1)
  })

  test('a channel that is down holds up no other, and is not repeated to after a restart', async () => {
    bench.plan = planOf(
      alertOf({
        notify: [
          { receiver: 'slack', target: '#down' },
          { receiver: 'slack', target: '#up' },
        ],
      }),
    )
    const down = await startSlackServer()
    const receivers = slackReceivers(new Map([['down', down.url()]]))
    down.fail({ status: 500 })
    await fire()
    const first = await manager({ receivers, retry: { firstMs: 3_600_000 } })
    await bench.slack.waitFor(1)
    await until('a try', async () => down.requestCount() === 1)
    await stop(first)
    await manager({ receivers })
    await down.waitFor(1)
    expect(bench.slack.messages).toHaveLength(1)
    await down.close()
  })

  test('a webhook that is gone sends the notification to dead-letters and to the terminal', async () => {
    await fire()
    bench.slack.fail({ status: 404 })
    await manager()
    const [dead] = await until('a dead letter', async () => {
      const found = await all(DEAD_LETTERS)
      return found.length > 0 && found
    })
    expect(dead!.headers).toMatchObject({ code: 'refused', source: 'notifications/0/0' })
    expect(bench.printed.join()).toContain('Firing: An answer leaks personal data')
    expect(bench.problems.join()).not.toContain('secret')
  })

  test.each([
    ['fails', new LogError('full', 'no room for a sign of life')],
    ['brings records, of a partition that was assigned anew', null],
  ])('loses nothing when a fetch %s while its memory is full', async (_, failure) => {
    await fire()
    await until('the notification', async () => (await all(NOTIFICATIONS)).length > 0)
    const route = { receiver: 'slack' as const, target: '#shop' }
    const copy = (id: string) => {
      const notice = { id, title: id, severity: 'info' as const, lines: [], atMs: bench.clockMs }
      return notificationRecord(noticeNotifications('default', [route], notice)[0]!)
    }
    await bench.log.append(
      NOTIFICATIONS,
      Array.from({ length: 550 }, (_, i) => copy(`copy ${i}`)),
    )
    bench.slack.fail({ status: 500 })
    const mended = Promise.withResolvers<void>()
    let pauses = 0
    let fetches = 0
    const log = overriding(bench.log, {
      openConsumer: async (options) => {
        const consumer = await bench.log.openConsumer(options)
        return overriding(consumer, {
          pause: (partitions) => {
            pauses++
            consumer.pause(partitions)
          },
          fetch: async (limits) => {
            if (pauses === 0 || fetches++ > 0) return consumer.fetch(limits)
            await bench.log.append(NOTIFICATIONS, [copy('the last but one')])
            mended.resolve()
            if (failure !== null) throw failure
            consumer.resume(consumer.assignment())
            return consumer.fetch(limits)
          },
        })
      },
    })
    // Slack is tried again when the fetch is over.
    const sleep = async (delayMs: number) => {
      await Promise.race([mended.promise, new Promise((resolve) => setTimeout(resolve, delayMs))])
      await setImmediate()
    }
    const started = await manager({ log, sleep, retry: { firstMs: 7 } })
    await mended.promise
    await bench.log.append(NOTIFICATIONS, [copy('the last')])
    await until('all deliveries', async () => started.stats().delivered === 553)
  })

  test('gives up after its time, and not sooner because a clock jumps', async () => {
    await fire()
    bench.slack.fail(...Array.from({ length: 4 }, () => ({ status: 500 })))
    await manager({
      nowMs: () => (bench.clockMs += 24 * 3_600_000),
      retry: { firstMs: 1, leastTries: 4 },
      systemRoutes: [{ receiver: 'slack', target: '#ops' }],
    })
    const [dead] = await until('a dead letter', async () => {
      const found = await all(DEAD_LETTERS)
      return found.length > 0 && found
    })
    expect(dead!.headers.code).toBe('undeliverable')
    expect(bench.slack.requestCount()).toBeGreaterThanOrEqual(4)
    const told = 'slack("#shop") was not told: Firing: An answer leaks personal data'
    await until('the notice', async () => bench.slack.messages.some((message) => textOf(message).includes(told)))
  })

  test('a malformed notification goes to dead-letters and stops nothing', async () => {
    const started = await manager()
    await bench.log.append(NOTIFICATIONS, [{ key: null, value: Buffer.from('{"version":9}') }])
    await fire()
    await bench.slack.waitFor(1)
    expect(started.stats().deadLettered).toBe(1)
  })

  test('prints an alert once, naming each of its receivers that is not configured', async () => {
    bench.plan = planOf(
      alertOf({
        notify: [
          { receiver: 'pagerduty', target: 'shop' },
          { receiver: 'slack', target: '#shop' },
          { receiver: 'webhook', target: 'shop' },
        ],
      }),
    )
    await fire()
    const started = await manager()
    await until('the commit', async () => (await bench.log.committed('alert-manager'))[0]?.offset === 3)
    expect(bench.printed).toHaveLength(1)
    expect(bench.printed[0]!.match(/^ALERT Firing/gm)).toHaveLength(1)
    expect(bench.printed[0]!.match(/\(\S+ is not configured/g)).toEqual([
      '(pagerduty("shop") is not configured',
      '(webhook("shop") is not configured',
    ])
    await until('the delivery', async () => started.stats().delivered === 1)
    expect(started.stats().printed).toBe(1)
  })

  test('prints what has no configured receiver, and says what to set', async () => {
    bench.plan = planOf(
      alertOf({ notify: [{ receiver: 'pagerduty', target: 'shop' }] }),
      alertOf({ id: 'shop/none', notify: [] }),
    )
    await fire()
    await manager()
    await until('printing', async () => bench.printed.length === 2)
    const text = bench.printed.join('\n')
    expect(text).toContain('pagerduty("shop") is not configured')
    expect(text).toContain('a***@e***.com')
    expect(text).toContain('http://127.0.0.1:3000/traces/')
    expect(bench.slack.requestCount()).toBe(0)
  })
})
