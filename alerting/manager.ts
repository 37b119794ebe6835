/**
 * The alert manager: alone speaks to receivers. Reads `notifications` into lanes, one a receiver, and keeps them on `alert-state`: a record's
 * offset is committed once its lane is kept, and a lane says that its receiver was told once it has taken the message. So each is told at least
 * once, and twice only where a crash falls between the receiver's answer and the note of it. What is decided is in `manager/`, and pure.
 *
 * `notifications` has one partition, so that one manager of a group works and others stand by.
 */
import { setTimeout as sleepFor } from 'node:timers/promises'
import { silencing } from '../engine/alerting/silence.ts'
import { type AlertStates, followAlertStates } from '../storage/alerts/alert-states.ts'
import { type AlertControls, followControls } from '../storage/alerts/controls.ts'
import { deadLetter } from '../storage/log/dead-letter.ts'
import { type Consumer, type Log, LogError, type LogRecord } from '../storage/log/port.ts'
import { alertTopics, DEAD_LETTERS, NOTIFICATIONS } from '../storage/log/topics.ts'
import { DeliveredIds, loadDelivered } from './delivered.ts'
import { CatchUp } from './manager/catch-up.ts'
import { Delivery } from './manager/delivery.ts'
import { emptyLane, isFull, isIdle, type Lane, take } from './manager/lane.ts'
import { type LaneEntry, Lanes } from './manager/lanes.ts'
import { nextTryMs, type RetryPolicy, type Timing } from './manager/next.ts'
import { endsOf, escalate, type RouteRule } from './manager/route-rules.ts'
import {
  type AlertNotification,
  type InvestigationNotification,
  type Notification,
  type NotifiedTransition,
  notificationRecord,
  parseNotification,
  type Route,
} from './notification.ts'
import type { Receivers } from './receivers/receiver.ts'

export const MANAGER_GROUP = 'alert-manager'

const FETCH_BYTES = 1 << 20
/** Silences end, clocks move: lanes are looked at this often. */
const MAX_WAIT_MS = 1_000
const MIN_WAIT_MS = 10
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

const RETRY: RetryPolicy = { firstMs: 1_000, longestMs: 5 * MINUTE_MS, giveUpAfterMs: 72 * HOUR_MS, leastTries: 100 }
export const USUAL_TIMING: Timing = {
  groupIntervalMs: MINUTE_MS,
  repeatMs: { page: 4 * HOUR_MS, ticket: 24 * HOUR_MS, info: null },
}

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
  timing?: Partial<Timing>
  /** Whom the settings have told besides. */
  rules?: readonly RouteRule[]
  /** Who hears of messages that were given up. */
  systemRoutes?: readonly Route[]
  /** A page silences the tickets of the same eval; so it does unless told. */
  inhibits?: boolean
  /** Between tries of the log; resolves early when aborted, never rejects. */
  sleep?: (delayMs: number, signal: AbortSignal) => Promise<void>
}

export interface AlertManager {
  stats(): Readonly<ManagerCounts>
  /** Lets deliveries on their way end; what waits stays in the log for the next start. */
  drain(): Promise<void>
}

export interface ManagerCounts {
  delivered: number
  printed: number
  retried: number
  deadLettered: number
  repeated: number
  /** Incidents that a silence or a page keeps from being told now. */
  muted: number
}

/** Resolves when the manager has joined its group. */
export async function startAlertManager(options: AlertManagerOptions): Promise<AlertManager> {
  const { log, nowMs, onProblem = () => {} } = options
  await log.ensureTopics(alertTopics)
  const controls = await followControls({ log, nowMs, onProblem })
  const states = await followAlertStates({ log, onProblem })
  const manager = new Manager(options, controls, states)
  const consumer = await log.openConsumer({
    groupId: MANAGER_GROUP,
    topics: [NOTIFICATIONS],
    startFrom: 'earliest',
    onAssign: (partitions) => manager.assign(partitions.length > 0),
    onRevoke: async () => manager.release(),
  })
  const running = manager.run(consumer)
  return {
    stats: () => ({ ...manager.counts, muted: manager.mutedCount() }),
    drain: async () => {
      manager.stop.abort()
      await running
      await manager.settled()
      await consumer.close()
      await controls.close()
      await states.close()
    },
  }
}

class Manager {
  readonly stop = new AbortController()
  readonly counts: Omit<ManagerCounts, 'muted'> = { delivered: 0, printed: 0, retried: 0, deadLettered: 0, repeated: 0 }
  readonly #options: AlertManagerOptions
  readonly #controls: AlertControls
  readonly #states: AlertStates
  readonly #retry: RetryPolicy
  readonly #timing: Timing
  readonly #lanes: Lanes
  readonly #delivery: Delivery
  readonly #catchUp: CatchUp
  #seen = new DeliveredIds()
  /** Of `notifications`: what comes before was taken, or is noted as what a lane has still to take. */
  #position = 0
  /** Ends a wait for records when a lane has room again. */
  #room = new AbortController()

  constructor(options: AlertManagerOptions, controls: AlertControls, states: AlertStates) {
    this.#options = options
    this.#controls = controls
    this.#states = states
    this.#retry = { ...RETRY, ...options.retry }
    this.#timing = { ...USUAL_TIMING, ...options.timing }
    this.#lanes = new Lanes(options.log, (write) => this.#untilWritten(write))
    this.#delivery = new Delivery({
      ...options,
      counts: this.counts,
      retry: this.#retry,
      problem: (text) => this.#problem(text),
      untilWritten: (write) => this.#untilWritten(write),
      save: (entry) => this.#lanes.save([entry]),
      workingRoutes: (tenant) =>
        this.#lanes
          .all()
          .filter(({ lane }) => lane.tenant === tenant && lane.failing === null)
          .flatMap(({ lane: { route } }) => (options.receivers.find(route) === null ? [] : [route])),
    })
    this.#catchUp = new CatchUp(options.log)
  }

  /** Reads where the owner before has got to. The lanes are owned after a commit, which a member that still begins can't make. */
  async assign(isAssigned: boolean): Promise<void> {
    if (isAssigned) await this.#untilWritten(() => this.#find())
  }

  async #find(): Promise<void> {
    const { log } = this.#options
    const seen = new DeliveredIds()
    const committed = (await log.committed(MANAGER_GROUP)).find(({ topic }) => topic === NOTIFICATIONS)
    const [{ start, end } = { start: 0, end: 0 }] = await log.endOffsets(NOTIFICATIONS)
    // Beyond the end: the topic is another by now.
    const position = committed !== undefined && committed.offset <= end ? committed.offset : start
    await loadDelivered(log, 0, position, seen)
    this.#seen = seen
    this.#position = position
    await this.#lanes.find(committed?.note, (text) => this.#problem(text))
  }

  async #takeOver(consumer: Consumer): Promise<void> {
    const position = { topic: NOTIFICATIONS, partition: 0, offset: this.#position }
    const isOwner = await this.#lanes.own(async (note) => {
      let isAccepted = false
      await this.#untilWritten(async () => {
        isAccepted = (await consumer.commit([{ ...position, note }])).ok
      })
      return isAccepted
    })
    // What was fetched before was left.
    if (isOwner) consumer.seek(position)
  }

  release(): void {
    this.#lanes.letGo()
  }

  async run(consumer: Consumer): Promise<void> {
    const { signal } = this.stop
    for (let failureCount = 0; !signal.aborted; ) {
      try {
        this.#look()
        await this.#escalate()
        await this.#takeNext(consumer, this.#waitMs())
        await this.#readOn()
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
  async settled(): Promise<void> {
    await Promise.all(this.#lanes.all().map(({ sending }) => sending))
  }

  mutedCount(): number {
    const incidents = this.#lanes.all().flatMap(({ lane }) => lane.incidents.map((incident) => ({ lane, incident })))
    return incidents.filter(
      ({ lane, incident }) =>
        incident.told === 'nothing' && !incident.isDue && this.#isMuted(lane.tenant, incident.transition),
    ).length
  }

  async #takeNext(consumer: Consumer, maxWaitMs: number): Promise<void> {
    this.#room = new AbortController()
    const signal = AbortSignal.any([this.stop.signal, this.#room.signal])
    const records = await consumer.fetch({ maxBytes: FETCH_BYTES, maxWaitMs, signal })
    if (this.#lanes.isFound) return this.#takeOver(consumer)
    const { tenure } = this.#lanes
    if (records.length === 0 || tenure === null) return
    await this.#refresh()
    const changed = new Set<LaneEntry>()
    const ends: AlertNotification[] = []
    for (const record of records) await this.#take(record, changed, ends)
    await this.#append(ends)
    await this.#lanes.save([...changed])
    // Lost meanwhile, and perhaps assigned again: whoever owns the lanes now has not taken these.
    if (this.#lanes.tenure !== tenure) return
    const { topic, partition, offset } = records.at(-1)!
    this.#position = offset + 1
    const { note } = this.#lanes
    // Refused, the partition is another's by now, which reads the same and finds it in the lanes.
    await this.#untilWritten(async () => {
      if (this.#lanes.tenure === tenure) await consumer.commit([{ topic, partition, offset: offset + 1, note }])
    })
  }

  async #take(record: LogRecord, changed: Set<LaneEntry>, ends: AlertNotification[]): Promise<void> {
    const parsed = parseNotification(record.value)
    if (!parsed.ok) {
      this.counts.deadLettered++
      const letter = deadLetter(record, MANAGER_GROUP, 'malformed', parsed.message)
      await this.#untilWritten(() => this.#options.log.append(DEAD_LETTERS, [letter]))
      return
    }
    const { notification } = parsed
    const { tenant, route } = notification
    if (notification.kind === 'investigation') return this.#takeInvestigation(notification, record.offset, changed)
    const entry = this.#lanes.of(tenant, route) ?? this.#lanes.add(emptyLane(tenant, route))
    if (record.offset < entry.lane.nextOffset) return
    if (this.#seen.has(notification.id)) {
      this.counts.repeated++
      return
    }
    this.#seen.add(notification.id)
    if (entry.lane.isBehind) return
    changed.add(entry)
    // So much waits for this receiver that the rest waits in the log: neither memory nor another receiver pays for it.
    if (isFull(entry.lane)) entry.lane = { ...entry.lane, nextOffset: record.offset, isBehind: true }
    else this.#takeInto(entry, notification, record, ends)
  }

  #takeInto(entry: LaneEntry, notification: Notification, record: LogRecord, ends: AlertNotification[]): void {
    const before = entry.lane
    const sinceMs = Math.min(this.#options.nowMs(), record.appendTimeMs)
    entry.lane = { ...take(before, notification, sinceMs), nextOffset: record.offset + 1 }
    ends.push(...endsOf(before, entry.lane, this.#options.rules ?? []))
  }

  /** For lanes that have room again for what stayed in the log. */
  async #readOn(): Promise<void> {
    for (const entry of this.#lanes.all()) {
      if (!this.#catchUp.isDue(entry)) continue
      const ends: AlertNotification[] = []
      await this.#catchUp.readOn(entry, this.#position, (into, notification, record) =>
        this.#takeInto(into, notification, record, ends),
      )
      await this.#append(ends)
      await this.#lanes.save([entry])
    }
  }

  /** Every lane that was told of the incident takes it, those of escalations too. */
  #takeInvestigation(notification: InvestigationNotification, offset: number, changed: Set<LaneEntry>): void {
    if (this.#seen.has(notification.id)) {
      this.counts.repeated++
      return
    }
    this.#seen.add(notification.id)
    for (const entry of this.#lanes.all()) {
      const { tenant, isBehind, nextOffset } = entry.lane
      // One that is behind has other things to tell.
      if (tenant !== notification.tenant || isBehind || offset < nextOffset) continue
      const lane = take(entry.lane, notification, this.#options.nowMs())
      if (lane === entry.lane) continue
      entry.lane = { ...lane, nextOffset: offset + 1 }
      changed.add(entry)
    }
  }

  /** Before anything is decided on new records, what people said and which pages fire is known: both were written before. */
  async #refresh(): Promise<void> {
    try {
      await Promise.all([this.#controls.refresh(), this.#states.refresh()])
    } catch (error) {
      if (!(error instanceof LogError)) throw error
      this.#problem(`the alert manager goes by the silences that it knows: ${error.message}`)
    }
  }

  async #escalate(): Promise<void> {
    const { rules = [], nowMs } = this.#options
    if (rules.length === 0) return
    const changed: LaneEntry[] = []
    for (const entry of this.#lanes.all()) {
      const { tenant } = entry.lane
      const { lane, notifications } = escalate(entry.lane, rules, {
        nowMs: nowMs(),
        isAcknowledged: ({ transition }) => this.#controls.acknowledgement(tenant, transition.incidentId) !== null,
        isMuted: ({ transition }) => this.#isMuted(tenant, transition),
      })
      if (notifications.length === 0) continue
      await this.#append(notifications)
      entry.lane = { ...entry.lane, incidents: merged(entry.lane, lane) }
      changed.push(entry)
    }
    await this.#lanes.save(changed)
  }

  async #append(notifications: readonly AlertNotification[]): Promise<void> {
    if (notifications.length === 0) return
    await this.#untilWritten(() => this.#options.log.append(NOTIFICATIONS, notifications.map(notificationRecord)))
  }

  /** Sends what is to be sent, each lane by itself: a receiver that is down holds up nobody else. */
  #look(): void {
    for (const entry of this.#lanes.all()) {
      if (isIdle(entry.lane) || entry.sending !== null) continue
      entry.sending = this.#delivery
        .sendAll(entry, (lane) => this.#circumstances(lane), this.stop.signal)
        .finally(() => {
          entry.sending = null
          if (this.#catchUp.isDue(entry)) this.#room.abort()
        })
    }
  }

  #circumstances({ tenant }: Lane) {
    return {
      nowMs: this.#options.nowMs(),
      isMuted: (transition: NotifiedTransition) => this.#isMuted(tenant, transition),
      acknowledgement: (incidentId: string | undefined) => this.#controls.acknowledgement(tenant, incidentId),
      timing: this.#timing,
    }
  }

  #isMuted(tenant: string, transition: NotifiedTransition): boolean {
    if (silencing(this.#controls.all(), tenant, transition, this.#options.nowMs()).length > 0) return true
    if (this.#options.inhibits === false || transition.severity !== 'ticket') return false
    const pages = this.#states.firingOn(tenant, transition.evalId)
    return pages.some(
      ({ severity, mode, group }) => severity === 'page' && mode === 'live' && covers(group, transition.group),
    )
  }

  #waitMs(): number {
    const idle = this.#lanes.all().filter(({ sending }) => sending === null)
    const nowMs = this.#options.nowMs()
    const dueInMs = Math.min(...idle.map(({ lane }) => nextTryMs(lane, nowMs))) - nowMs
    return Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, dueInMs))
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

/** A page of all groups silences the tickets of each; one of a group those of that group. */
const covers = (page: Readonly<Record<string, string>>, ticket: Readonly<Record<string, string>>): boolean =>
  Object.entries(page).every(([label, value]) => ticket[label] === value)

/** Something may have been told while the escalation was written. */
const merged = (now: Lane, escalated: Lane): Lane['incidents'] =>
  now.incidents.map((incident) => {
    const names = escalated.incidents.find(({ key }) => key === incident.key)?.escalated ?? incident.escalated
    return names.length === incident.escalated.length ? incident : { ...incident, escalated: names }
  })
