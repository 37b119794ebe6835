/**
 * The alert manager: alone speaks to receivers. Reads `notifications` into lanes, one a receiver, and keeps them on `alert-state`: a record's
 * offset is committed once its lane is kept, and a lane says that its receiver was told once it has taken the message. So each is told at least
 * once, and twice only where a crash falls between the receiver's answer and the note of it. What is decided is in `manager/`, and pure.
 *
 * `notifications` has one partition, so that one manager of a group works and others stand by.
 */
import { type AlertStates, followAlertStates } from '../storage/alerts/alert-states.ts'
import { type AlertControls, followControls } from '../storage/alerts/controls.ts'
import { type Consumer, type Log, LogError } from '../storage/log/port.ts'
import { alertTopics, NOTIFICATIONS } from '../storage/log/topics.ts'
import { Delivery } from './manager/delivery.ts'
import { Intake } from './manager/intake.ts'
import { isIdle, type Lane } from './manager/lane.ts'
import { type LaneEntry, Lanes } from './manager/lanes.ts'
import { isMuted } from './manager/muting.ts'
import { type Circumstances, nextTryMs, type RetryPolicy, type Timing } from './manager/next.ts'
import { Patience } from './manager/patience.ts'
import { escalate, type RouteRule } from './manager/route-rules.ts'
import { type AlertNotification, type NotifiedTransition, notificationRecord, type Route } from './notification.ts'
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
  readonly #timing: Timing
  readonly #rules: readonly RouteRule[]
  readonly #patience: Patience
  readonly #lanes: Lanes
  readonly #intake: Intake
  readonly #delivery: Delivery
  /** Of `notifications`: what comes before was taken, or is noted as what a lane has still to take. */
  #position = 0
  /** Of whom the lanes' owner is a member. */
  #consumer: Consumer | null = null
  /** Ends a wait for records when a lane has room again. */
  #room = new AbortController()

  constructor(options: AlertManagerOptions, controls: AlertControls, states: AlertStates) {
    const { log, nowMs, rules = [], receivers } = options
    this.#options = options
    this.#controls = controls
    this.#states = states
    this.#timing = { ...USUAL_TIMING, ...options.timing }
    this.#rules = rules
    const retry = { ...RETRY, ...options.retry }
    const problem = (text: string): void => this.#problem(text)
    this.#patience = new Patience({ retry, problem, signal: this.stop.signal, sleep: options.sleep })
    const untilWritten = (write: () => Promise<unknown>): Promise<void> => this.#patience.untilWritten(write)
    const { counts } = this
    this.#lanes = new Lanes(log, untilWritten)
    this.#intake = new Intake({
      log,
      lanes: this.#lanes,
      nowMs,
      rules,
      groupId: MANAGER_GROUP,
      counts,
      untilWritten,
      isOver: (tenant, transition) => states.isOver(tenant, transition),
      tellEnds: (ends) => this.#lanes.first(() => this.#append(ends)),
    })
    this.#delivery = new Delivery({
      ...options,
      counts,
      retry,
      problem,
      untilWritten,
      save: (entry) => this.#lanes.save([entry]),
      isOwner: () => this.#isOwner(),
      workingRoutes: (tenant) =>
        this.#lanes
          .all()
          .filter(({ lane }) => lane.tenant === tenant && lane.failing === null)
          .flatMap(({ lane: { route } }) => (receivers.find(route) === null ? [] : [route])),
    })
  }

  /** Reads where the owner before has got to. The lanes are owned after a commit, which a member that still begins can't make. */
  async assign(isAssigned: boolean): Promise<void> {
    if (isAssigned) await this.#patience.untilWritten(() => this.#find())
  }

  async #find(): Promise<void> {
    const { log } = this.#options
    const committed = (await log.committed(MANAGER_GROUP)).find(({ topic }) => topic === NOTIFICATIONS)
    const [{ start, end } = { start: 0, end: 0 }] = await log.endOffsets(NOTIFICATIONS)
    // Beyond the end: the topic is another by now.
    const position = committed !== undefined && committed.offset <= end ? committed.offset : start
    await this.#intake.beginAt(position)
    this.#position = position
    await this.#lanes.find(committed?.note, (text) => this.#problem(text))
  }

  async #takeOver(consumer: Consumer): Promise<void> {
    const position = { topic: NOTIFICATIONS, partition: 0, offset: this.#position }
    await this.#refresh()
    const isOwner = await this.#lanes.own(async (note) => {
      let isAccepted = false
      await this.#patience.untilWritten(async () => {
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

  /** The log takes no commit of a member whose generation is over. */
  async #isOwner(): Promise<boolean> {
    const { tenure, note } = this.#lanes
    let isAccepted = false
    await this.#patience.untilWritten(async () => {
      if (this.#consumer === null || tenure === null || this.#lanes.tenure !== tenure) return
      const position = { topic: NOTIFICATIONS, partition: 0, offset: this.#position }
      isAccepted = (await this.#consumer.commit([{ ...position, note }])).ok
    })
    return isAccepted
  }

  async run(consumer: Consumer): Promise<void> {
    this.#consumer = consumer
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
        await this.#patience.afterFailure(failureCount++)
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
    await this.#keep([...(await this.#intake.take(records))])
    // Lost meanwhile, and perhaps assigned again: whoever owns the lanes now has not taken these.
    if (this.#lanes.tenure !== tenure) return
    const { topic, partition, offset } = records.at(-1)!
    this.#position = offset + 1
    const { note } = this.#lanes
    // Refused, the partition is another's by now, which reads the same and finds it in the lanes.
    await this.#patience.untilWritten(async () => {
      if (this.#lanes.tenure === tenure) await consumer.commit([{ topic, partition, offset: offset + 1, note }])
    })
  }

  /** For lanes that have room again for what stayed in the log. */
  async #readOn(): Promise<void> {
    for (const entry of this.#lanes.all()) {
      if (!this.#intake.isDue(entry)) continue
      await this.#intake.readOn(entry, this.#position)
      await this.#keep([entry])
    }
  }

  /** Receivers need not wait for all of it, nor for the commit: what was told and not committed is told once more at the worst. */
  async #keep(changed: readonly LaneEntry[]): Promise<void> {
    this.#look()
    await this.#lanes.save(changed)
  }

  /** Before anything is decided on new records, or by a new owner, what people said and which pages fire is known: both were written before. */
  async #refresh(): Promise<void> {
    try {
      await Promise.all([this.#controls.refresh(), this.#states.refresh()])
    } catch (error) {
      if (!(error instanceof LogError)) throw error
      this.#problem(`the alert manager goes by the silences that it knows: ${error.message}`)
    }
  }

  async #escalate(): Promise<void> {
    if (this.#rules.length === 0) return
    const changed: LaneEntry[] = []
    for (const entry of this.#lanes.all()) {
      const { tenant } = entry.lane
      const { lane, notifications } = escalate(entry.lane, this.#rules, {
        nowMs: this.#options.nowMs(),
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
    const records = notifications.map(notificationRecord)
    await this.#patience.untilWritten(() => this.#options.log.append(NOTIFICATIONS, records))
  }

  /** Sends what is to be sent, each lane by itself: a receiver that is down holds up nobody else. */
  #look(): void {
    for (const entry of this.#lanes.all()) {
      if (isIdle(entry.lane) || entry.sending !== null) continue
      entry.sending = this.#delivery
        .sendAll(entry, (lane) => this.#circumstances(lane), this.stop.signal)
        .finally(() => {
          entry.sending = null
          if (this.#intake.isDue(entry)) this.#room.abort()
        })
    }
  }

  #circumstances({ tenant }: Lane): Omit<Circumstances, 'receiver'> {
    return {
      nowMs: this.#options.nowMs(),
      isMuted: (transition) => this.#isMuted(tenant, transition),
      acknowledgement: (incidentId) => this.#controls.acknowledgement(tenant, incidentId),
      timing: this.#timing,
    }
  }

  #isMuted(tenant: string, transition: NotifiedTransition): boolean {
    const { inhibits = true, nowMs } = this.#options
    return isMuted(tenant, transition, { controls: this.#controls, states: this.#states, inhibits, nowMs })
  }

  #waitMs(): number {
    const idle = this.#lanes.all().filter(({ sending }) => sending === null)
    const nowMs = this.#options.nowMs()
    const dueInMs = Math.min(...idle.map(({ lane }) => nextTryMs(lane, nowMs))) - nowMs
    return Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, dueInMs))
  }

  #problem(message: string): void {
    this.#options.onProblem?.(message)
  }
}

/** Something may have been told while the escalation was written. */
const merged = (now: Lane, escalated: Lane): Lane['incidents'] =>
  now.incidents.map((incident) => {
    const names = escalated.incidents.find(({ key }) => key === incident.key)?.escalated ?? incident.escalated
    return names.length === incident.escalated.length ? incident : { ...incident, escalated: names }
  })
