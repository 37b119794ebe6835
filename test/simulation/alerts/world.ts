/** What happens of alerts on a simulated day, and what people say of them: records in the log, and what of it may be told to whom. */

import { type NotifiedTransition, notificationRecord, type Route } from '../../../alerting/notification.ts'
import { sampleMessage } from '../../../alerting/receivers/sample.ts'
import type { AlertInvestigation } from '../../../engine/alerting/investigation/investigation.ts'
import { ALERT_CONTROLS, ALERTS, NOTIFICATIONS } from '../../../storage/log/topics.ts'
import type { MemoryLog } from '../../support/memory-log.ts'
import type { Random } from '../random.ts'

export const HOUR_MS = 3_600_000
export const routes: readonly Route[] = [
  { receiver: 'pagerduty', target: 'shop' },
  { receiver: 'slack', target: '#shop' },
]

/** Two groups of one alert, and a page whose tickets wait for it. */
const SUBJECTS = [
  { alertId: 'shop/a', evalId: 'shop/one', severity: 'page', group: { version: '1' } },
  { alertId: 'shop/a', evalId: 'shop/one', severity: 'page', group: { version: '2' } },
  { alertId: 'shop/b', evalId: 'shop/two', severity: 'page', group: {} },
  { alertId: 'shop/c', evalId: 'shop/two', severity: 'ticket', group: {} },
] as const
type Subject = (typeof SUBJECTS)[number]

export interface SimulatedIncident {
  readonly key: string
  readonly subject: Subject
  readonly transition: NotifiedTransition
  isOpen: boolean
  /** Somebody looked into it while it was open, and wrote so. */
  isInvestigated: boolean
  /** A silence, maintenance or a page was on it at every time since it fired. */
  isMutedThroughout: boolean
  /** And at some time: where it is over by itself meanwhile, nobody need hear of it. */
  wasMuted: boolean
}

interface SimulatedSilence {
  readonly alertId: string
  readonly fromMs: number
  readonly untilMs: number
  /** At the half of each day in which it was made alone: maintenance. */
  readonly isHalfDays: boolean
}

export class World {
  readonly incidents: SimulatedIncident[] = []
  readonly #log: MemoryLog
  readonly #random: Random
  readonly #silences: SimulatedSilence[] = []
  #clockMs = 1_800_000_000_000
  /** When all that people said is over. */
  #quietMs = 0
  #count = 0

  constructor(log: (nowMs: () => number) => MemoryLog, random: Random) {
    this.#log = log(() => this.#clockMs)
    this.#random = random
  }

  get log(): MemoryLog {
    return this.#log
  }

  nowMs(): number {
    return this.#clockMs
  }

  advance(byMs: number): void {
    this.#clockMs += byMs
    this.#observe()
  }

  /** To where no silence and no acknowledgement is in force any more. */
  advancePastWords(): void {
    this.advance(Math.max(HOUR_MS, this.#quietMs - this.#clockMs))
  }

  open(): SimulatedIncident[] {
    return this.incidents.filter(({ isOpen }) => isOpen)
  }

  incident(key: string): SimulatedIncident | undefined {
    return this.incidents.find((one) => one.key === key)
  }

  /** One begins, or ends. `isRepeated`: the evaluator's crash repeats what it wrote. */
  change(isRepeated: boolean): void {
    const subject = this.#random.pick(SUBJECTS)
    const open = this.open().find((one) => one.subject === subject)
    const id = open?.transition.incidentId ?? `${subject.alertId}@1.${this.#count++}`
    const to = open === undefined ? 'firing' : 'resolved'
    const transition = transitionOf(id, subject, to, this.#clockMs)
    if (open === undefined)
      this.incidents.push({
        key: `default/${id}`,
        subject,
        transition,
        isOpen: true,
        isInvestigated: false,
        isMutedThroughout: true,
        wasMuted: false,
      })
    else open.isOpen = false
    this.#observe()
    this.#log.append(ALERTS, [jsonRecord('default', { ...transition })])
    const records = routes.map((route) =>
      notificationRecord({
        version: 1,
        kind: 'alert',
        id: `default/${id}/${to}/${route.receiver}`,
        tenant: 'default',
        route,
        routes: [...routes],
        isForwarded: false,
        transition,
      }),
    )
    this.#log.append(NOTIFICATIONS, isRepeated ? [...records, ...records] : records)
  }

  /**
   * What was found out of one that may be over: the job reads it from a store that may have been down until now, so that it comes late or
   * never, and a job that died comes twice.
   */
  investigate(isRepeated: boolean): void {
    const [one] = this.#random.shuffled(this.incidents)
    if (one === undefined) return
    one.isInvestigated ||= one.isOpen
    const { incidentId = '', alertId } = one.transition
    const record = notificationRecord({
      version: 1,
      kind: 'investigation',
      id: `${one.key}/investigation`,
      tenant: 'default',
      route: { receiver: 'console', target: '' },
      routes: [],
      isForwarded: false,
      alertId,
      incidentId,
      investigation: NOTHING_FOUND,
    })
    this.#log.append(NOTIFICATIONS, isRepeated ? [record, record] : [record])
  }

  /** Somebody silences an alert for a while. */
  silence(): void {
    const { alertId } = this.#random.pick(SUBJECTS)
    const fromMs = this.#clockMs
    const untilMs = fromMs + this.#random.int(1, 3 * HOUR_MS)
    const isHalfDays = this.#random.chance(0.3)
    this.#silences.push({ alertId, fromMs, untilMs, isHalfDays })
    const id = `s${this.#silences.length}`
    const every = isHalfDays ? halfDay(fromMs) : null
    const matchers = { alert: alertId, labels: {} }
    const silence = { id, tenant: 'default', matchers, fromMs, untilMs, every, ...SAID, createdAtMs: fromMs }
    this.#say(`default/silence/${id}`, { kind: 'silence', silence: { ...silence, expiredBy: null } }, untilMs)
    this.#observe()
  }

  /** Somebody takes one on for a while. */
  acknowledge(): void {
    const [one] = this.#random.shuffled(this.open())
    if (one === undefined) return
    const { alertId, incidentId } = one.transition
    const untilMs = this.#clockMs + this.#random.int(1, 3 * HOUR_MS)
    const acknowledgement = { tenant: 'default', incidentId, alertId, ...SAID, atMs: this.#clockMs, untilMs }
    this.#say(`default/ack/${incidentId}`, { kind: 'ack', acknowledgement }, untilMs)
  }

  #say(key: string, value: object, untilMs: number): void {
    this.#quietMs = Math.max(this.#quietMs, untilMs)
    this.#log.append(ALERT_CONTROLS, [jsonRecord(key, { version: 1, ...value })])
  }

  /** A silence, maintenance or a page is on it now. */
  isMuted({ alertId, evalId, severity }: Subject): boolean {
    const isSilenced = this.#silences.some(
      (silence) =>
        silence.alertId === alertId &&
        this.#clockMs >= silence.fromMs &&
        this.#clockMs < silence.untilMs &&
        (!silence.isHalfDays || isInHalfDay(silence.fromMs, this.#clockMs)),
    )
    const isInhibited =
      severity === 'ticket' &&
      this.open().some(({ subject }) => subject.evalId === evalId && subject.severity === 'page')
    return isSilenced || isInhibited
  }

  #observe(): void {
    for (const one of this.incidents) {
      // Of one that is over, too: a manager that comes late to it goes by what is in force by then.
      if (this.isMuted(one.subject)) one.wasMuted = true
      else one.isMutedThroughout = false
    }
  }
}

const NOTHING_FOUND: AlertInvestigation = {
  atMs: 0,
  fromMs: 0,
  toMs: 0,
  outcome: 'nothing',
  failing: { traces: 5, compared: 5 },
  passing: { traces: 9, compared: 9 },
  tested: 3,
  findings: [],
  judge: null,
  summary: null,
  summaryRefused: null,
}
const SAID = { by: 'ann', reason: 'deploy' }
const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

/** Maintenance of the half of each day, in UTC, in which `atMs` is. */
const halfDay = (atMs: number) => ({
  days: [...DAYS],
  ...(isMorning(atMs) ? { fromMinute: 0, toMinute: 720 } : { fromMinute: 720, toMinute: 1_440 }),
  timeZone: 'UTC',
})
const isMorning = (atMs: number): boolean => new Date(atMs).getUTCHours() < 12
const isInHalfDay = (fromMs: number, atMs: number): boolean => isMorning(fromMs) === isMorning(atMs)

const jsonRecord = (key: string, value: object) => ({
  key,
  value: Buffer.from(JSON.stringify(value)),
  headers: { tenant: 'default' },
})

function transitionOf(id: string, subject: Subject, to: 'firing' | 'resolved', atMs: number): NotifiedTransition {
  const sample = sampleMessage({ id, tenant: 'default', route: routes[0]!, event: to, atMs, sinceMs: atMs, ref: null })
  return { ...sample.items[0]!.transition, ...subject, id: `${id}.${to}` }
}
