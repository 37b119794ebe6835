/** Takes a lane's messages to its receiver, one after another, and notes what came of each. */
import { faultPoint } from '../../storage/fault-point.ts'
import { type DeadLetterCode, deadLetter } from '../../storage/log/dead-letter.ts'
import type { Log } from '../../storage/log/port.ts'
import { DEAD_LETTERS, NOTIFICATIONS } from '../../storage/log/topics.ts'
import { DeliveredIds } from '../delivered.ts'
import { describeAlert, headlineOf, messageToText } from '../message.ts'
import { noticeNotifications, notificationRecord, type Route, routeName, type SystemNotice } from '../notification.ts'
import type { Message, Receivers } from '../receivers/receiver.ts'
import { backlogOf, type Lane } from './lane.ts'
import type { LaneEntry } from './lanes.ts'
import { type Circumstances, failed, nextMessage, putAside, type RetryPolicy, told } from './next.ts'
import { tracedDelivery } from './traced-delivery.ts'

export interface DeliveryOptions {
  log: Log
  receivers: Receivers
  nowMs: () => number
  onPrint: (text: string) => void
  apiUrl?: () => string | null
  systemRoutes?: readonly Route[]
  /** Those of the tenant whose receivers take messages, as far as is known. */
  workingRoutes: (tenant: string) => readonly Route[]
  retry: RetryPolicy
  counts: { delivered: number; printed: number; retried: number; deadLettered: number }
  problem: (text: string) => void
  untilWritten: (write: () => Promise<unknown>) => Promise<void>
  save: (entry: LaneEntry) => Promise<void>
  /** Asks the log: who was asleep may be the owner no more, and not know it. */
  isOwner: () => Promise<boolean>
}

/** A terminal is told of each once, and reminds nobody. */
const CONSOLE = { oneByOne: true, reminds: true, takesInvestigations: true, isTerminal: true } as const
const GIVEN_UP = 'undelivered/'
const UNREACHABLE = 'unreachable/'
/** A receiver that has failed for so long is told of. */
const UNREACHABLE_AFTER_MS = 15 * 60_000

export class Delivery {
  readonly #options: DeliveryOptions
  /** What the terminal was told: once, however many receivers are not configured. */
  readonly #printed = new DeliveredIds()

  constructor(options: DeliveryOptions) {
    this.#options = options
  }

  /** Until nothing is due, the receiver fails, or the lane is another's. */
  async sendAll(
    entry: LaneEntry,
    circumstances: (lane: Lane) => Omit<Circumstances, 'receiver'>,
    signal: AbortSignal,
  ): Promise<void> {
    const receiver = this.#options.receivers.find(entry.lane.route)
    while (!entry.isLost && !signal.aborted) {
      const before = entry.lane
      const { lane, message } = nextMessage(before, { ...circumstances(before), receiver: receiver ?? CONSOLE })
      entry.lane = lane
      // Whoever goes on from here has to know what is told whatever comes: a silence that begins would keep it from telling the end.
      if (hasChanged(before, lane)) await this.#options.save(entry)
      if (message === null || entry.isLost) return
      if (receiver === null) {
        this.#print(message, entry.lane)
        await this.#note(entry, message, null, true)
        continue
      }
      // That it is due is written by now: whoever owns the lanes later finds it, and tells the end whatever comes. What is told after that end, a
      // reminder of who slept through it, opens the incident again.
      if (!(await this.#options.isOwner()) || entry.isLost) return
      faultPoint('manager.before-send')
      const outcome = await tracedDelivery(message, () => receiver.deliver(message))
      // Its new owner tells it once more, which is the most that can happen.
      if (entry.isLost) return
      if (outcome.kind === 'delivered') {
        faultPoint('manager.after-send')
        this.#options.counts.delivered++
        await this.#note(entry, message, outcome.ref ?? null)
        faultPoint('manager.after-record')
        continue
      }
      const { nowMs, retry } = this.#options
      const afterMs = outcome.kind === 'retry' ? outcome.afterMs : null
      const waiting = outcome.kind === 'refused' ? null : failed(entry.lane, message, retry, nowMs(), afterMs)
      if (waiting === null) {
        const code = outcome.kind === 'refused' ? 'refused' : 'undeliverable'
        await this.#giveUp(message, code, outcome.reason)
        entry.lane = putAside(entry.lane, message, nowMs())
        await this.#options.save(entry)
        continue
      }
      this.#options.counts.retried++
      entry.lane = waiting.lane
      this.#options.problem(
        `${routeName(message.route)} did not take ${message.id}, next try in ${waiting.delayMs / 1000} s: ${outcome.reason}`,
      )
      await this.#tellOfFailing(entry, outcome.reason)
      await this.#options.save(entry)
      // Where it is that message alone, the others go on.
      if (entry.lane.failing !== null) return
    }
  }

  async #note(entry: LaneEntry, message: Message, ref: string | null, isPrinted = false): Promise<void> {
    entry.lane = told(entry.lane, message, this.#options.nowMs(), ref, isPrinted)
    await this.#options.save(entry)
  }

  #print(message: Message, { incidents }: Lane): void {
    const id = message.kind === 'alerts' ? `${message.event} ${message.items[0]!.transition.id}` : message.notice.id
    if (this.#printed.has(id)) return
    this.#printed.add(id)
    const { receivers } = this.#options
    const keys = new Set(message.kind === 'alerts' ? message.items.map(({ key }) => key) : [])
    const routes = incidents.filter(({ key }) => keys.has(key)).flatMap((incident) => incident.routes)
    const lines = [messageToText(message, this.#options.apiUrl?.() ?? null)]
    for (const lacking of routes.length > 0 ? routes : [message.route]) {
      const hint = receivers.find(lacking) === null ? receivers.hint(lacking) : null
      if (hint !== null) lines.push(`(${routeName(lacking)} is not configured: ${hint})`)
    }
    this.#options.onPrint(lines.join('\n  '))
    this.#options.counts.printed++
  }

  async #giveUp(message: Message, code: DeadLetterCode, reason: string): Promise<void> {
    const { log, onPrint, problem, counts, untilWritten, nowMs } = this.#options
    const name = routeName(message.route)
    problem(`${name} does not take ${message.id}; it goes to dead-letters: ${reason}`)
    // The person at the terminal is the last resort: an alert is never only a record somewhere.
    onPrint(messageToText(message, this.#options.apiUrl?.() ?? null))
    counts.deadLettered++
    const kept = this.#asNotice(message)
    const [notification] = noticeNotifications(message.tenant, [message.route], kept)
    const { key = null, value, headers = {} } = notificationRecord(notification!)
    const source = { topic: NOTIFICATIONS, partition: 0, offset: 0, key, value, headers, appendTimeMs: nowMs() }
    await untilWritten(() => log.append(DEAD_LETTERS, [deadLetter(source, 'alert-manager', code, reason)]))
    await this.#tellOperators(message, kept, reason)
  }

  /** Fit to be sent again later: as a message by itself, since the incident goes on without it. */
  #asNotice(message: Message): SystemNotice {
    if (message.kind === 'notice') return message.notice
    const lines = message.items.flatMap(({ transition }) => {
      const { headline, numbers, examples } = describeAlert(transition)
      return [headline, numbers, ...examples.map(({ what, traceId }) => `${what}  trace ${traceId}`)]
    })
    const { severity } = message.items[0]!.transition
    return { id: `${GIVEN_UP}${message.id}`, title: headlineOf(message), severity, lines, atMs: message.atMs }
  }

  /** Its own alert, to the operators; of what cannot be told them there is none. */
  async #tellOperators(message: Message, kept: SystemNotice, reason: string): Promise<void> {
    if (kept.id.startsWith(`${GIVEN_UP}${GIVEN_UP}`) || kept.id.startsWith(`${GIVEN_UP}${UNREACHABLE}`)) return
    await this.#notify(message.tenant, message.route, {
      id: `${GIVEN_UP}${message.id}/told`,
      title: `${routeName(message.route)} was not told: ${kept.title}`,
      severity: 'page',
      lines: [reason, ...kept.lines, 'assay dlq list shows what was put aside'],
      atMs: this.#options.nowMs(),
    })
  }

  /** Long before anything is given up, and once. */
  async #tellOfFailing(entry: LaneEntry, reason: string): Promise<void> {
    const { failing, tenant, route } = entry.lane
    const nowMs = this.#options.nowMs()
    if (failing === null || failing.isTold || nowMs - failing.sinceMs < UNREACHABLE_AFTER_MS) return
    entry.lane = { ...entry.lane, failing: { ...failing, isTold: true } }
    const minutes = Math.floor((nowMs - failing.sinceMs) / 60_000)
    const count = backlogOf(entry.lane)
    await this.#notify(tenant, route, {
      id: `${UNREACHABLE}${tenant}/${routeName(route)}/${failing.sinceMs}`,
      title: `${routeName(route)} has taken no message for ${minutes} min`,
      severity: 'page',
      lines: [reason, `${count === 1 ? '1 alert waits' : `${count} alerts wait`} for it; it is tried again for 3 days`],
      atMs: nowMs,
    })
  }

  /** The operators, and where none of theirs works, another receiver of the tenant's that does. */
  async #notify(tenant: string, failing: Route, notice: SystemNotice): Promise<void> {
    const { systemRoutes = [], log, untilWritten, workingRoutes } = this.#options
    const isOther = (route: Route): boolean => routeName(route) !== routeName(failing)
    const working = workingRoutes(tenant).filter(isOther)
    const names = new Set(working.map(routeName))
    const own = systemRoutes.filter(isOther)
    const routes = own.some((route) => names.has(routeName(route))) ? own : [...own, ...working.slice(0, 1)]
    if (routes.length === 0) return
    const records = noticeNotifications(tenant, routes, notice).map(notificationRecord)
    await untilWritten(() => log.append(NOTIFICATIONS, records))
  }
}

const hasChanged = ({ incidents }: Lane, after: Lane): boolean =>
  after.incidents.length !== incidents.length || after.incidents.some((incident, i) => incident !== incidents[i])
