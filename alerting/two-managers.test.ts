/** A manager dies or sleeps, and another goes on from what it kept. */
import { expect, test } from 'vitest'
import type { Log } from '../storage/log/port.ts'
import { NOTIFICATIONS } from '../storage/log/topics.ts'
import { createMemoryLog, type MemoryLog } from '../test/support/memory-log.ts'
import { startAlertManager } from './manager.ts'
import { notificationRecord, type Route } from './notification.ts'
import type { Receiver } from './receivers/receiver.ts'
import { sampleMessage } from './receivers/sample.ts'

const NOW_MS = 1_800_000_000_000
const slack: Route = { receiver: 'slack', target: '#shop' }
const lead: Route = { receiver: 'pagerduty', target: 'lead' }

function say(log: MemoryLog, to: 'firing' | 'resolved'): void {
  const at = { id: 'leak.1', tenant: 'default', route: slack, event: to, atMs: NOW_MS, sinceMs: NOW_MS, ref: null }
  const [item] = sampleMessage(at).items
  const common = { version: 1 as const, kind: 'alert' as const, tenant: 'default', route: slack, routes: [slack] }
  const record = { ...common, id: `leak.1/${to}`, isForwarded: false, transition: { ...item!.transition, id: to } }
  log.append(NOTIFICATIONS, [notificationRecord(record)])
}

async function turns(count: number, isDone = (): boolean => false): Promise<void> {
  for (let i = 0; i < count && !isDone(); i++) await new Promise((resolve) => setImmediate(resolve))
}

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
  say(log, 'firing')
  await until('pagerduty firing')
  isMute = true
  say(log, 'resolved')
  await until('slack resolved')
  await turns(100)
  isAlive = false

  const second = await start(log.client({ onWrite: () => true, isAlive: () => true }))
  await log.expire()
  await until('pagerduty resolved')
  await second.drain()
})

test('one that slept through a take-over reminds nobody of what is over', async () => {
  let nowMs = NOW_MS
  const log = createMemoryLog(() => nowMs)
  const told: string[] = []
  const start = (name: string, client: Log) =>
    startAlertManager({
      log: client,
      receivers: {
        find: (): Receiver => ({
          repeatEveryMs: 60_000,
          deliver: async (message) => {
            if (message.kind === 'alerts') told.push(`${name} ${message.event}`)
            return { kind: 'delivered' }
          },
        }),
        hint: () => null,
      },
      nowMs: () => nowMs,
      onPrint: expect.fail,
    })
  const client = log.client({ onWrite: () => true, isAlive: () => true })
  let waking: Promise<void> | null = null
  const first = await start('first', {
    ...client,
    openConsumer: async (options) => {
      const consumer = await client.openConsumer(options)
      const fetch: typeof consumer.fetch = async (limits) => {
        const records = await consumer.fetch(limits)
        await waking
        return records
      }
      return { ...consumer, fetch }
    },
  })
  say(log, 'firing')
  await turns(2_000, () => told.length === 1)
  const { promise, resolve: wake } = Promise.withResolvers<void>()
  waking = promise
  await turns(10)

  const second = await start('second', log.client({ onWrite: () => true, isAlive: () => true }))
  await log.expire()
  say(log, 'resolved')
  await turns(2_000, () => told.length === 2)
  nowMs += 120_000
  waking = null
  wake()
  await turns(200)
  expect(told).toEqual(['first firing', 'second resolved'])
  await first.drain()
  await second.drain()
})
