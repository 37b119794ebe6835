/**
 * Seeds of a day of a manager: two of them, kills at any write and at any message, a member that does not know that it lost the partition
 * (one that sleeps through it, and writes when it wakes what it was about to write),
 * receivers that are down for an hour, answers that are lost, and a clock that jumps. After the faults everything was told.
 */
import { startAlertManager } from '../../../alerting/manager.ts'
import {
  type AlertNotification,
  type NotifiedTransition,
  notificationRecord,
  type Route,
} from '../../../alerting/notification.ts'
import type { Delivery, Message } from '../../../alerting/receivers/receiver.ts'
import { sampleMessage } from '../../../alerting/receivers/sample.ts'
import { ALERT_STATE, ALERTS, NOTIFICATIONS } from '../../../storage/log/topics.ts'
import { createMemoryLog } from '../../support/memory-log.ts'
import { Random } from '../random.ts'

const HOUR_MS = 3_600_000
/** Two messages may be, one a lane, with several alerts in one. */
const ON_THEIR_WAY = 2 * 3
const routes: readonly Route[] = [
  { receiver: 'pagerduty', target: 'shop' },
  { receiver: 'slack', target: '#shop' },
]

function transitionOf(alert: number, incident: number, to: 'firing' | 'resolved', atMs: number): NotifiedTransition {
  const sample = sampleMessage({
    id: `shop/a${alert}@1.${incident}`,
    tenant: 'default',
    route: routes[0]!,
    event: to,
    atMs,
    sinceMs: atMs,
    ref: null,
  })
  const { transition } = sample.items[0]!
  return { ...transition, id: `${transition.id}.${to}`, alertId: `shop/a${alert}`, severity: 'page' }
}

const notificationOf = (transition: NotifiedTransition, route: Route): AlertNotification => ({
  version: 1,
  kind: 'alert',
  id: `default/${transition.incidentId}/${transition.to}/${route.receiver}`,
  tenant: 'default',
  route,
  routes: [...routes],
  isForwarded: false,
  transition,
})

interface Told {
  readonly route: string
  readonly event: string
  readonly key: string
}

const nameOf = ({ route, event, key }: Told): string => `${route} ${event} ${key}`

export interface Outcome {
  /** What was promised and not kept; null if all was. */
  violation: string | null
  extras: number
  /** Kills, lost answers and take-overs: each may repeat what was on its way. */
  interruptions: number
}

export async function simulate(seed: number): Promise<Outcome> {
  const random = new Random(seed)
  const chance = (ratio: number): boolean => random.chance(ratio)
  let clockMs = 1_800_000_000_000
  const log = createMemoryLog(() => clockMs)
  const told: Told[] = []
  const expected = new Set<string>()
  let interruptions = 0
  let isCalm = false
  let downUntilMs = 0
  const all: { isAlive: boolean; waking: PromiseWithResolvers<void> | null }[] = []

  const deliver = async (message: Message, process: { isAlive: boolean }): Promise<Delivery> => {
    if (!process.isAlive) return new Promise(() => {})
    if (message.kind !== 'alerts') return { kind: 'delivered' }
    const dies = (): Promise<never> => {
      process.isAlive = false
      return new Promise(() => {})
    }
    if (!isCalm && chance(0.02)) return dies()
    if (!isCalm && clockMs < downUntilMs) return { kind: 'retry', afterMs: null, reason: 'down' }
    if (!isCalm && chance(0.05)) return { kind: 'retry', afterMs: chance(0.5) ? 60_000 : null, reason: 'busy' }
    for (const { key } of message.items) told.push({ route: message.route.receiver, event: message.event, key })
    if (!isCalm && chance(0.02)) return dies()
    if (!isCalm && chance(0.05)) {
      interruptions += message.items.length
      return { kind: 'retry', afterMs: null, reason: 'the answer was lost' }
    }
    return { kind: 'delivered', ref: 'first' }
  }

  const start = async (): Promise<void> => {
    const process = { isAlive: true, waking: null as PromiseWithResolvers<void> | null }
    all.push(process)
    await startAlertManager({
      log: log.client({
        isAlive: () => process.isAlive,
        asleep: () => process.waking?.promise ?? null,
        onWrite: () => {
          if (process.isAlive && !isCalm && chance(0.03)) process.isAlive = false
          return process.isAlive
        },
      }),
      receivers: {
        find: ({ receiver }) => ({
          oneByOne: receiver === 'pagerduty',
          reminds: true,
          deliver: (message) => deliver(message, process),
        }),
        hint: () => null,
      },
      nowMs: () => clockMs,
      onPrint: () => {},
      timing: { groupIntervalMs: chance(0.5) ? 0 : 60_000 },
      sleep: () => new Promise((resolve) => setImmediate(resolve)),
    })
  }
  /** What is still to be told. */
  const waiting = (): number => [...expected].filter((one) => !told.some((other) => nameOf(other) === one)).length
  const settle = async (turns: number): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  /**
   * All that run fall asleep over their next write. Some of them, one after another, get the partition and are taken for dead, and all wake
   * when one that is awake has worked.
   */
  const sleepThroughATakeOver = async (): Promise<void> => {
    const sleepers = all.filter(({ isAlive }) => isAlive)
    for (const sleeper of sleepers) {
      sleeper.waking = Promise.withResolvers<void>()
      interruptions += ON_THEIR_WAY + waiting()
    }
    await settle(4)
    await Promise.race([start(), settle(4)])
    for (let left = random.int(1, sleepers.length); left > 0; left--) {
      interruptions += 2 * ON_THEIR_WAY
      void log.expire()
      await settle(random.int(1, 4))
    }
    await settle(random.int(0, 20))
    for (const sleeper of sleepers) {
      sleeper.waking?.resolve()
      sleeper.waking = null
    }
    await settle(3)
    if (chance(0.7)) log.compact(ALERT_STATE)
  }

  void start()
  void start()
  await settle(10)
  const open = new Map<number, number>()
  for (let step = 0; step < 12; step++) {
    const alert = random.int(0, 2)
    const incident = open.get(alert)
    const number = incident ?? step
    const to = incident === undefined ? 'firing' : 'resolved'
    if (incident === undefined) open.set(alert, step)
    else open.delete(alert)
    const transition = transitionOf(alert, number, to, clockMs)
    const records = routes.map((route) => notificationRecord(notificationOf(transition, route)))
    log.append(ALERTS, [
      { key: 'default', value: Buffer.from(JSON.stringify(transition)), headers: { tenant: 'default' } },
    ])
    // The evaluator's crash repeats what it wrote.
    log.append(NOTIFICATIONS, chance(0.1) ? [...records, ...records] : records)
    for (const route of routes) expected.add(`${route.receiver} ${to} default/${transition.incidentId}`)
    if (chance(0.2)) log.compact(ALERT_STATE)
    if (chance(0.1)) downUntilMs = clockMs + HOUR_MS
    clockMs += chance(0.05) ? random.int(-24 * HOUR_MS, 24 * HOUR_MS) : random.int(0, 10 * 60_000)
    await settle(4)
    if (chance(0.05)) await sleepThroughATakeOver()
    const isDead = !log.isWorking()
    if (isDead || chance(0.05)) {
      interruptions += ON_THEIR_WAY
      // One that lives goes on for a round before it hears of it.
      if (!isDead) interruptions += ON_THEIR_WAY + waiting()
      void start()
      await Promise.race([log.expire(), settle(20)])
    }
  }
  isCalm = true
  for (let turn = 0; turn < 14; turn++) {
    clockMs += HOUR_MS
    await settle(3)
    if (log.isWorking()) continue
    interruptions += ON_THEIR_WAY
    await log.expire()
    if (!log.isWorking()) await start()
  }
  for (const process of all) process.isAlive = false

  const missed = [...expected].filter((one) => !told.some((other) => nameOf(other) === one))
  const early = told
    .filter(({ event, route, key }, at) => {
      const firing = told.findIndex((other) => other.event === 'firing' && other.route === route && other.key === key)
      return event === 'resolved' && (firing < 0 || firing > at)
    })
    .map(({ key }) => key)
  const extras = told.length - expected.size
  return { violation: violationOf(missed, early, extras, interruptions), extras, interruptions }
}

function violationOf(
  missed: readonly string[],
  early: readonly string[],
  extras: number,
  interruptions: number,
): string | null {
  if (missed.length > 0) return `missed: ${missed.join(', ')}`
  if (early.length > 0) return `ended before it fired: ${early.join(', ')}`
  if (extras > interruptions) return `${extras} extras of ${interruptions} interruptions`
  return null
}
