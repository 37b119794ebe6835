/**
 * The alert manager: alone speaks to receivers. Reads `notifications`, delivers each to its route, and commits when it is
 * delivered or given up; so each is delivered at least once, and twice only if a crash falls between the receiver's answer and
 * the note of it.
 */
import { setTimeout as sleepFor } from 'node:timers/promises'
import { faultPoint } from '../storage/fault-point.ts'
import { type DeadLetterCode, deadLetter } from '../storage/log/dead-letter.ts'
import { type Consumer, type Log, LogError, type LogRecord, type TopicPartition } from '../storage/log/port.ts'
import { alertTopics, DEAD_LETTERS, NOTIFICATIONS } from '../storage/log/topics.ts'
import { CommitFrontier } from './commit-frontier.ts'
import { DeliveredIds, loadDelivered, saveAhead } from './delivered.ts'
import { DeliveryLanes } from './delivery-lanes.ts'
import { notificationToText } from './message.ts'
import { type Notification, parseNotification, routeName, topicOf } from './notification.ts'
import type { Message, Receivers } from './receivers/receiver.ts'

export const MANAGER_GROUP = 'alert-manager'

const FETCH_BYTES = 1 << 20
const MAX_WAIT_MS = 1_000
/** Notifications in memory; more wait in the log. */
const MAX_WAITING = 1_000
const DAY_MS = 24 * 3_600_000

export interface RetryPolicy {
  firstMs: number
  longestMs: number
  /** After this the notification goes to `dead-letters`. */
  giveUpAfterMs: number
}

const RETRY: RetryPolicy = { firstMs: 1_000, longestMs: 300_000, giveUpAfterMs: 3 * DAY_MS }

export interface AlertManagerOptions {
  log: Log
  receivers: Receivers
  nowMs: () => number
  /** A message for the person at the terminal: alerts whose route is not configured. Several lines. */
  onPrint: (text: string) => void
  /** Something that is wrong and was worked around; one line. */
  onProblem?: (message: string) => void
  /** Base of links in printed messages. */
  apiUrl?: () => string | null
  retry?: Partial<RetryPolicy>
  /** Resolves early when aborted, never rejects. */
  sleep?: (delayMs: number, signal: AbortSignal) => Promise<void>
}

export interface AlertManager {
  stats(): Readonly<ManagerCounts>
  /** Lets deliveries on their way end; what waits for a retry stays in the log for the next start. */
  drain(): Promise<void>
}

interface ManagerCounts {
  delivered: number
  printed: number
  retried: number
  deadLettered: number
  repeated: number
}

interface Item {
  record: LogRecord
  notification: Notification
  frontier: CommitFrontier
  /** Aborted when the manager stops or the partition is taken away. */
  signal: AbortSignal
}

/** Resolves when the manager has joined its group. */
export async function startAlertManager(options: AlertManagerOptions): Promise<AlertManager> {
  await options.log.ensureTopics(alertTopics)
  const manager = new Manager(options)
  const consumer = await options.log.openConsumer({
    groupId: MANAGER_GROUP,
    topics: [NOTIFICATIONS],
    startFrom: 'earliest',
    onAssign: (partitions) => manager.assign(partitions),
    onRevoke: async () => manager.release(),
  })
  const running = manager.run(consumer)
  return {
    stats: () => manager.counts,
    drain: async () => {
      manager.stop.abort()
      await running
      await manager.settled()
      await consumer.close()
    },
  }
}

class Manager {
  readonly stop = new AbortController()
  readonly counts: ManagerCounts = { delivered: 0, printed: 0, retried: 0, deadLettered: 0, repeated: 0 }
  readonly #options: AlertManagerOptions
  readonly #retry: RetryPolicy
  readonly #delivered = new DeliveredIds()
  /** Transitions that the terminal was told of: once, however many of their receivers are not configured. */
  readonly #printed = new DeliveredIds()
  readonly #lanes = new DeliveryLanes<Item>((item) => this.#deliver(item).finally(() => this.#room?.()))
  #frontiers = new Map<number, CommitFrontier>()
  #assignment = new AbortController()
  #consumer: Consumer | null = null
  #room: (() => void) | null = null

  constructor(options: AlertManagerOptions) {
    this.#options = options
    this.#retry = { ...RETRY, ...options.retry }
  }

  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    const { log } = this.#options
    const committed = await log.committed(MANAGER_GROUP)
    const extents = await log.endOffsets(NOTIFICATIONS)
    this.#assignment = new AbortController()
    this.#frontiers = new Map()
    for (const { topic, partition } of partitions) {
      const start = extents.find((extent) => extent.partition === partition)?.start ?? 0
      const offset = committed.find((known) => known.topic === topic && known.partition === partition)?.offset ?? start
      this.#frontiers.set(partition, new CommitFrontier(offset))
      await loadDelivered(log, partition, offset, this.#delivered)
    }
  }

  release(): void {
    this.#assignment.abort()
    this.#frontiers = new Map()
  }

  async run(consumer: Consumer): Promise<void> {
    this.#consumer = consumer
    const { signal } = this.stop
    for (let failureCount = 0; !signal.aborted; ) {
      try {
        await this.#takeNext(consumer, MAX_WAIT_MS)
        await this.#waitForRoom(consumer)
        failureCount = 0
      } catch (error) {
        if (!(error instanceof LogError)) throw error
        if (error.code === 'closed') return
        this.#problem(`the alert manager waits for the log: ${error.message}`)
        await this.#sleep(this.#backOffMs(failureCount++), signal)
      }
    }
  }

  /** Resolves when nothing is on its way any more. */
  settled(): Promise<void> {
    return this.#lanes.settled()
  }

  async #takeNext(consumer: Consumer, maxWaitMs: number): Promise<void> {
    const records = await consumer.fetch({ maxBytes: FETCH_BYTES, maxWaitMs, signal: this.stop.signal })
    for (const record of records) await this.#take(record)
  }

  async #take(record: LogRecord): Promise<void> {
    const frontier = this.#frontiers.get(record.partition)
    if (!frontier) return
    const parsed = parseNotification(record.value)
    frontier.take(record.offset, parsed.ok ? parsed.notification.id : null)
    if (!parsed.ok) {
      await this.#deadLetter(record, 'malformed', parsed.message)
      await this.#finish(record, frontier, null)
      return
    }
    const { notification } = parsed
    const signal = AbortSignal.any([this.stop.signal, this.#assignment.signal])
    this.#lanes.push(routeName(notification.route), { record, notification, frontier, signal })
  }

  /** With the memory's bound reached, fetching goes on, as good as without records, so that the group membership stays alive. */
  async #waitForRoom(consumer: Consumer): Promise<void> {
    while (this.#lanes.size >= MAX_WAITING && !this.stop.signal.aborted) {
      const partitions = consumer.assignment()
      consumer.pause(partitions)
      await Promise.race([
        new Promise<void>((resolve) => (this.#room = resolve)),
        this.#sleep(MAX_WAIT_MS, this.stop.signal),
      ])
      try {
        // Partitions that are assigned anew meanwhile are not paused: what they give is taken all the same, or it would be lost.
        await this.#takeNext(consumer, 0)
      } finally {
        consumer.resume(consumer.assignment())
      }
    }
  }

  async #deliver({ record, notification, frontier, signal }: Item): Promise<void> {
    if (signal.aborted) return
    if (this.#delivered.has(notification.id)) {
      this.counts.repeated++
      await this.#finish(record, frontier, null)
      return
    }
    const receiver = this.#options.receivers.find(notification.route)
    if (!receiver) {
      this.#print(notification)
      await this.#finish(record, frontier, notification.id)
      return
    }
    for (let failureCount = 0; !signal.aborted; failureCount++) {
      faultPoint('manager.before-send')
      const outcome = await receiver.deliver(messageOfNotification(notification))
      if (outcome.kind === 'delivered') {
        faultPoint('manager.after-send')
        this.counts.delivered++
        await this.#finish(record, frontier, notification.id)
        faultPoint('manager.after-record')
        return
      }
      const { nowMs } = this.#options
      const isTooOld = nowMs() - record.appendTimeMs >= this.#retry.giveUpAfterMs
      if (outcome.kind === 'refused' || isTooOld) {
        const code = outcome.kind === 'refused' ? 'refused' : 'undeliverable'
        await this.#giveUp(record, notification, code, outcome.reason)
        await this.#finish(record, frontier, notification.id)
        return
      }
      this.counts.retried++
      const delayMs = Math.max(outcome.afterMs ?? 0, this.#backOffMs(failureCount))
      this.#problem(
        `${routeName(notification.route)} did not take ${notification.id}, next try in ${delayMs / 1000} s: ${outcome.reason}`,
      )
      await this.#sleep(Math.min(delayMs, DAY_MS), signal)
    }
  }

  #print(notification: Notification): void {
    const { route, routes } = notification
    const id = topicOf(notification)
    if (this.#printed.has(id)) return
    this.#printed.add(id)
    const { receivers } = this.#options
    const lines = [notificationToText(notification, this.#options.apiUrl?.() ?? null)]
    for (const lacking of routes.length > 0 ? routes : [route]) {
      const hint = receivers.find(lacking) === null ? receivers.hint(lacking) : null
      if (hint !== null) lines.push(`(${routeName(lacking)} is not configured: ${hint})`)
    }
    this.#options.onPrint(lines.join('\n  '))
    this.counts.printed++
  }

  async #giveUp(record: LogRecord, notification: Notification, code: DeadLetterCode, reason: string): Promise<void> {
    this.#problem(
      `${routeName(notification.route)} does not take ${notification.id}; it goes to dead-letters: ${reason}`,
    )
    // The person at the terminal is the last resort: an alert is never only a record somewhere.
    this.#options.onPrint(notificationToText(notification, this.#options.apiUrl?.() ?? null))
    await this.#deadLetter(record, code, reason)
  }

  async #deadLetter(record: LogRecord, code: DeadLetterCode, reason: string): Promise<void> {
    this.counts.deadLettered++
    const letter = deadLetter(record, MANAGER_GROUP, code, reason)
    await this.#untilWritten(() => this.#options.log.append(DEAD_LETTERS, [letter]))
  }

  async #finish(record: LogRecord, frontier: CommitFrontier, id: string | null): Promise<void> {
    if (id !== null) this.#delivered.add(id)
    const { topic, partition } = record
    const moved = frontier.finish(record.offset)
    // The partition was taken away meanwhile: its new owner may deliver once more, which is the most that can happen.
    if (this.#frontiers.get(partition) !== frontier) return
    if (moved)
      await this.#untilWritten(() => this.#consumer!.commit([{ topic, partition, offset: frontier.nextOffset }]))
    else await this.#untilWritten(() => saveAhead(this.#options.log, partition, frontier.finishedAhead()))
  }

  async #untilWritten(write: () => Promise<unknown>): Promise<void> {
    for (let failureCount = 0; ; failureCount++) {
      try {
        await write()
        return
      } catch (error) {
        if (!(error instanceof LogError)) throw error
        if (error.code === 'closed' || this.stop.signal.aborted) return
        this.#problem(`the alert manager can't write to the log yet: ${error.message}`)
        await this.#sleep(this.#backOffMs(failureCount), this.stop.signal)
      }
    }
  }

  #backOffMs(failureCount: number): number {
    return Math.min(this.#retry.longestMs, this.#retry.firstMs * 2 ** failureCount)
  }

  #problem(message: string): void {
    this.#options.onProblem?.(message)
  }

  async #sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    if (this.#options.sleep) await this.#options.sleep(delayMs, signal)
    else await sleepFor(delayMs, undefined, { signal }).catch(() => {})
  }
}

function messageOfNotification(notification: Notification): Message {
  const { id, tenant, route } = notification
  if (notification.kind === 'notice') {
    const { notice } = notification
    return { kind: 'notice', id, tenant, route, atMs: notice.atMs, notice }
  }
  const { transition } = notification
  return {
    kind: 'alerts',
    id,
    tenant,
    route,
    atMs: transition.atMs,
    event: transition.to === 'resolved' ? 'resolved' : 'firing',
    items: [{ key: `${tenant}/${transition.incidentId ?? transition.id}`, transition, acknowledged: null }],
    groupKey: `${tenant}/${transition.alertId}`,
    ref: null,
  }
}
