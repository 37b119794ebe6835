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
import { startSlackServer } from '../test/support/slack-server.ts'

useAlertBench()

describe('the manager', () => {
  const fire = async (): Promise<void> => {
    await evaluator()
    await results({ verdict: 'fail' })
  }

  test.each([
    ['a server error', [{ status: 500 }, { status: 503 }]],
    ['a broken connection', ['disconnect' as const]],
    ['a rate limit', [{ status: 429, retryAfterSeconds: 2 }]],
  ])('tries again after %s', async (_, faults) => {
    const sleeps: number[] = []
    await fire()
    bench.slack.fail(...faults)
    await manager({
      sleep: async (delayMs) => {
        sleeps.push(delayMs)
      },
    })
    await bench.slack.waitFor(1)
    expect(bench.slack.messages).toHaveLength(1)
    expect(bench.slack.requestCount()).toBe(faults.length + 1)
    expect(sleeps).toEqual(
      faults.some((fault) => typeof fault === 'object' && fault.status === 429)
        ? [2_000]
        : [1, 2].slice(0, faults.length),
    )
  })

  test('commits after delivery, so a stop between tries loses nothing', async () => {
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
    const [record] = await until('the notification', async () => {
      const found = await all(NOTIFICATIONS)
      return found.length > 0 && found
    })
    const json = JSON.parse(Buffer.from(record!.value).toString())
    const copy = (id: string) => ({ key: record!.key, value: Buffer.from(JSON.stringify({ ...json, id })) })
    await bench.log.append(
      NOTIFICATIONS,
      Array.from({ length: 1_100 }, (_, i) => copy(`copy ${i}`)),
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
      if (delayMs === 7) await mended.promise
      await setImmediate()
    }
    const started = await manager({ log, sleep, retry: { firstMs: 7 } })
    await mended.promise
    await bench.log.append(NOTIFICATIONS, [copy('the last')])
    await until('all deliveries', async () => started.stats().delivered === 1_103)
  })

  test('gives up after its time', async () => {
    await fire()
    bench.slack.fail({ status: 500 }, { status: 500 }, { status: 500 })
    await manager({
      sleep: async () => {
        bench.clockMs += 2 * 24 * 3_600_000
      },
    })
    const [dead] = await until('a dead letter', async () => {
      const found = await all(DEAD_LETTERS)
      return found.length > 0 && found
    })
    expect(dead!.headers.code).toBe('undeliverable')
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
    expect(started.stats()).toMatchObject({ printed: 1, delivered: 1 })
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
    expect(text).toContain('http://127.0.0.1:3000/v1/traces/')
    expect(bench.slack.requestCount()).toBe(0)
  })
})
