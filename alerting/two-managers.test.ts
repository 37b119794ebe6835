/** A manager dies, and another goes on from what it kept. */
import { expect, test } from 'vitest'
import type { Log } from '../storage/log/port.ts'
import { NOTIFICATIONS } from '../storage/log/topics.ts'
import { createMemoryLog } from '../test/support/memory-log.ts'
import { startAlertManager } from './manager.ts'
import { notificationRecord, type Route } from './notification.ts'
import type { Receiver } from './receivers/receiver.ts'
import { sampleMessage } from './receivers/sample.ts'

const NOW_MS = 1_800_000_000_000
const slack: Route = { receiver: 'slack', target: '#shop' }
const lead: Route = { receiver: 'pagerduty', target: 'lead' }

test('who was told besides hears of the end, although whoever took it dies before it could say so', async () => {
  const log = createMemoryLog(() => NOW_MS)
  const told: string[] = []
  const start = (client: Log) =>
    startAlertManager({
      log: client,
      receivers: {
        find: ({ receiver }): Receiver => ({
          deliver: async (message) => {
            if (message.kind === 'alerts') told.push(`${receiver} ${message.event}`)
            return { kind: 'delivered' }
          },
        }),
        hint: () => null,
      },
      nowMs: () => NOW_MS,
      onPrint: expect.fail,
      rules: [{ match: { labels: {} }, during: null, afterMs: 0, notify: [lead] }],
    })
  const say = (to: 'firing' | 'resolved'): void => {
    const at = { id: 'leak.1', tenant: 'default', route: slack, event: to, atMs: NOW_MS, sinceMs: NOW_MS, ref: null }
    const [item] = sampleMessage(at).items
    const common = { version: 1 as const, kind: 'alert' as const, tenant: 'default', route: slack, routes: [slack] }
    const record = { ...common, id: `leak.1/${to}`, isForwarded: false, transition: { ...item!.transition, id: to } }
    log.append(NOTIFICATIONS, [notificationRecord(record)])
  }
  const turns = async (count: number, isDone = (): boolean => false): Promise<void> => {
    for (let i = 0; i < count && !isDone(); i++) await new Promise((resolve) => setImmediate(resolve))
  }
  const until = async (what: string): Promise<void> => {
    await turns(2_000, () => told.includes(what))
    expect(told).toContain(what)
  }

  let isAlive = true
  let isMute = false
  const client = log.client({ onWrite: () => isAlive, isAlive: () => isAlive })
  // The partition of what is to be told has no leader for now.
  const never = new Promise<never>(() => {})
  await start({
    ...client,
    append: (topic, records) => (isMute && topic === NOTIFICATIONS ? never : client.append(topic, records)),
  })
  say('firing')
  await until('pagerduty firing')
  isMute = true
  say('resolved')
  await until('slack resolved')
  await turns(100)
  isAlive = false

  const second = await start(log.client({ onWrite: () => true, isAlive: () => true }))
  await log.expire()
  await until('pagerduty resolved')
  await second.drain()
})
