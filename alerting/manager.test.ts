import { describe, expect, test } from 'vitest'
import { when } from '../engine/alerting/alert-fixture.ts'
import { ALERT_STATE, DEAD_LETTERS, NOTIFICATIONS } from '../storage/log/topics.ts'
import {
  alertOf,
  all,
  bench,
  evaluator,
  manager,
  minute,
  planOf,
  results,
  slackReceivers,
  stop,
  until,
  useAlertBench,
} from '../test/support/alert-bench.ts'
import { startSlackServer, textOf } from '../test/support/slack-server.ts'
import { noticeNotifications, notificationRecord } from './notification.ts'

useAlertBench()

const shop = { receiver: 'slack', target: '#shop' } as const
const other = { receiver: 'slack', target: '#other' } as const

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

  test('what waits for a receiver that is down is bounded, waits in the log, and holds up no other receiver', async () => {
    const down = await startSlackServer()
    const receivers = slackReceivers(new Map([['down', down.url()]]))
    down.fail(...Array.from({ length: 3 }, () => ({ status: 500 })))
    const noticeTo = (target: string, id: string) => {
      const notice = { id, title: id, severity: 'info' as const, lines: [], atMs: bench.clockMs }
      return notificationRecord(noticeNotifications('default', [{ receiver: 'slack', target }], notice)[0]!)
    }
    const first = await manager({ receivers, retry: { firstMs: 3_600_000 } })
    const waiting = Array.from({ length: 1_300 }, (_, i) => noticeTo('#down', `notice ${i}`))
    await bench.log.append(NOTIFICATIONS, waiting)
    await bench.log.append(NOTIFICATIONS, [noticeTo('#up', 'for another')])
    await bench.slack.waitFor(1)
    await stop(first)
    // The last of them comes again: its writer died and did not know.
    await bench.log.append(NOTIFICATIONS, [waiting.at(-1)!, noticeTo('#down', 'the last')])
    const second = await manager({ receivers })
    await down.waitFor(1_301, 45_000)
    const told = down.messages.map((message) => textOf(message))
    expect(new Set(told).size).toBe(1_301)
    expect(told.at(-1)).toContain('the last')
    expect(second.stats().deadLettered).toBe(0)
    // What a message costs to note does not grow with what waits: of each a thing, a head and an empty place.
    const written = (await all(ALERT_STATE)).reduce((sum, { value }) => sum + value.byteLength, 0)
    expect(written).toBeLessThan(1_301 * 4_000)
    await down.close()
  })

  test('what a receiver alone does not take holds up nothing else that it is told', async () => {
    bench.plan = planOf(alertOf({ id: 'shop/poison' }), alertOf({ id: 'shop/well', title: 'Another alert' }))
    bench.slack.refuse((message) => textOf(message).includes('leaks personal data'))
    await evaluator()
    await manager({ retry: { firstMs: 1, longestMs: 50 } })
    await results({ verdict: 'fail' })
    await bench.slack.waitFor(1)
    expect(textOf(bench.slack.messages[0]!)).toContain('Firing: Another alert')
    bench.slack.refuse(() => false)
    const messages = await bench.slack.waitFor(2)
    expect(textOf(messages[1]!)).toContain('leaks personal data')
  })

  test('gives up after its time, and not sooner because a clock jumps', async () => {
    await fire()
    const down = await startSlackServer()
    const receivers = slackReceivers(new Map([['shop', down.url()]]))
    down.fail(...Array.from({ length: 40 }, () => ({ status: 500 })))
    await manager({
      receivers,
      nowMs: () => (bench.clockMs += 24 * 3_600_000),
      retry: { firstMs: 1, leastTries: 4 },
      systemRoutes: [{ receiver: 'slack', target: '#ops' }],
    })
    const [dead] = await until('a dead letter', async () => {
      const found = await all(DEAD_LETTERS)
      return found.length > 0 && found
    })
    expect(dead!.headers.code).toBe('undeliverable')
    expect(down.requestCount()).toBeGreaterThanOrEqual(4)
    const told = 'slack("#shop") was not told: Firing: An answer leaks personal data'
    await until('the notice', async () => bench.slack.messages.some((message) => textOf(message).includes(told)))
    expect(textOf(bench.slack.messages[0]!)).toMatch(/slack\("#shop"\) has taken no message for \d+ min/)
    await down.close()
  })

  test('what was put aside does not count as told: it is tried again while it fires', async () => {
    bench.plan = planOf(alertOf({ when: when('rate', 'fail', '>', 0.5) }))
    await fire()
    bench.slack.fail({ status: 404 })
    const started = await manager({ timing: { repeatMs: { page: 60 * minute, ticket: null, info: null } } })
    await until('a dead letter', async () => started.stats().deadLettered === 1)
    bench.clockMs += 61 * minute
    const [message] = await bench.slack.waitFor(1)
    expect(textOf(message!)).toContain('Firing: An answer leaks personal data')
  })

  test('and its end is not told to whoever did not hear of it', async () => {
    await fire()
    bench.slack.fail({ status: 404 })
    const started = await manager()
    await until('a dead letter', async () => started.stats().deadLettered === 1)
    bench.clockMs += 11 * minute
    await until('the end', async () => (await all(NOTIFICATIONS)).length === 2)
    await results({ verdict: 'fail' })
    const [message] = await bench.slack.waitFor(1)
    expect(textOf(message!)).toContain('Firing: An answer leaks personal data')
    expect(started.stats().deadLettered).toBe(1)
  })

  test('the operators hear of it by a receiver that works, if theirs does not', async () => {
    bench.plan = planOf(alertOf({ notify: [shop] }), alertOf({ id: 'shop/other', title: 'Another', notify: [other] }))
    await fire()
    const down = await startSlackServer()
    down.fail(...Array.from({ length: 40 }, () => ({ status: 404 })))
    await manager({
      receivers: slackReceivers(new Map([['shop', down.url()]])),
      systemRoutes: [shop],
    })
    const told = 'slack("#shop") was not told: Firing: An answer leaks personal data'
    await until('the notice', async () => bench.slack.messages.some((message) => textOf(message).includes(told)))
    await down.close()
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

  test('a receiver that is configured later hears of what still fires, and then of its end', async () => {
    bench.plan = planOf(alertOf({ when: when('rate', 'fail', '>', 0.5) }))
    await fire()
    const without = await manager({ receivers: { ...slackReceivers(), find: () => null } })
    await until('printing', async () => bench.printed.length === 1)
    await stop(without)
    bench.clockMs += 2 * minute
    await manager()
    await bench.slack.waitFor(1)
    await results({ verdict: 'pass' }, { verdict: 'pass' })
    await bench.slack.waitFor(2)
    const heads = bench.slack.messages.map((message) => textOf(message).split(' (')[0])
    expect(heads).toEqual(['Firing: An answer leaks personal data', 'Resolved: An answer leaks personal data'])
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
