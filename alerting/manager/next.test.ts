/** What a receiver is told when, to the millisecond: lanes on a clock that the tests move. */
import { expect, test } from 'vitest'
import { parseWeeklyWindow } from '../../engine/alerting/weekly-window.ts'
import type { AlertNotification } from '../notification.ts'
import type { Acknowledgement } from '../receivers/receiver.ts'
import { sampleMessage } from '../receivers/sample.ts'
import { emptyLane, type Lane, take } from './lane.ts'
import { type Circumstances, failed, nextMessage, putAside, type Timing, told } from './next.ts'
import { endsOf, escalate, type RouteRule } from './route-rules.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const T0_MS = Date.UTC(2026, 6, 1, 12)
const route = { receiver: 'slack', target: '#shop' } as const
const pager = { receiver: 'pagerduty', target: 'lead' } as const
const TIMING: Timing = { groupIntervalMs: minute, repeatMs: { page: 4 * hour, ticket: day, info: null } }

type Severity = AlertNotification['transition']['severity']

/** One receiver, which takes what it is sent unless it is down. */
class Told {
  nowMs = T0_MS
  lane: Lane = emptyLane('default', route)
  receiver: Circumstances['receiver'] = {}
  isDown = false
  readonly muted = new Set<string>()
  readonly acknowledged = new Map<string, Acknowledgement>()
  rules: readonly RouteRule[] = []
  readonly forwarded: string[] = []

  fires(incident: string, severity: Severity = 'page'): void {
    this.#take(incident, 'firing', severity)
  }

  ends(incident: string, severity: Severity = 'page'): void {
    this.#take(incident, 'resolved', severity)
  }

  /** What it is told after `afterMs`: `firing leak.1+leak.2`. */
  after(afterMs: number): string[] {
    this.nowMs += afterMs
    const said: string[] = []
    for (;;) {
      const { lane, message } = nextMessage(this.lane, this.#circumstances())
      this.lane = lane
      if (message === null || message.kind !== 'alerts') break
      if (this.isDown) {
        const waiting = failed(
          lane,
          message,
          { firstMs: minute, longestMs: hour, giveUpAfterMs: 3 * day, leastTries: 3 },
          this.nowMs,
          null,
        )
        if (waiting === null) said.push('given up')
        this.lane = waiting === null ? putAside(lane, message, this.nowMs) : waiting.lane
        if (waiting !== null && waiting.lane.failing !== null) break
        continue
      }
      said.push(`${message.event} ${message.items.map(({ key }) => key.split('/')[1]).join('+')}`)
      this.lane = told(lane, message, this.nowMs, 'first', this.receiver.isTerminal)
    }
    const { lane, notifications } = escalate(this.lane, this.rules, {
      nowMs: this.nowMs,
      isAcknowledged: ({ transition }) => this.#circumstances().acknowledgement(transition.incidentId) !== null,
      isMuted: ({ transition }) => this.muted.has(transition.incidentId ?? ''),
    })
    this.lane = lane
    this.#forward(notifications)
    return said
  }

  #circumstances(): Circumstances {
    return {
      nowMs: this.nowMs,
      isMuted: ({ incidentId }) => this.muted.has(incidentId ?? ''),
      acknowledgement: (incidentId) => {
        const found = this.acknowledged.get(incidentId ?? '')
        return found === undefined || (found.untilMs !== null && this.nowMs >= found.untilMs) ? null : found
      },
      receiver: this.receiver,
      timing: TIMING,
    }
  }

  #forward(notifications: readonly AlertNotification[]): void {
    for (const { route, transition } of notifications)
      this.forwarded.push(`${route.target} ${transition.to} ${transition.incidentId}`)
  }

  /** `leak.1`: an incident of the alert `leak`. */
  #take(id: string, to: 'firing' | 'resolved', severity: Severity): void {
    const at = { id, tenant: 'default', route, event: to, atMs: this.nowMs, sinceMs: this.nowMs, ref: null }
    const { transition } = sampleMessage(at).items[0]!
    const before = this.lane
    this.lane = take(
      before,
      {
        version: 1,
        kind: 'alert',
        id: `${id}/${to}`,
        tenant: 'default',
        route,
        routes: [route],
        isForwarded: false,
        transition: { ...transition, alertId: id.split('.')[0]!, severity },
      },
      this.nowMs,
    )
    this.#forward(endsOf(before, this.lane, this.rules))
  }
}

const ack = (atMs: number, untilMs: number | null): Acknowledgement => ({ by: 'ann', reason: null, atMs, untilMs })

test('others of a group wait for company after its first, and are told together; another group does not wait for them', () => {
  const slack = new Told()
  slack.fires('leak.1')
  expect(slack.after(0)).toEqual(['firing leak.1'])
  slack.fires('leak.2')
  slack.fires('slow.1')
  expect(slack.after(10_000)).toEqual(['firing slow.1'])
  slack.fires('leak.3')
  expect(slack.after(49_999)).toEqual([])
  expect(slack.after(1)).toEqual(['firing leak.2+leak.3'])
  // And those after them wait anew.
  slack.fires('leak.4')
  expect(slack.after(minute - 1)).toEqual([])
  expect(slack.after(1)).toEqual(['firing leak.4'])
})

test('what waits and is over is told at once, firing before end; a clock that is set back makes nobody wait', () => {
  const slack = new Told()
  slack.fires('leak.1')
  slack.after(0)
  slack.fires('leak.2')
  slack.ends('leak.2')
  expect(slack.after(1)).toEqual(['firing leak.2', 'resolved leak.2'])
  slack.fires('leak.3')
  expect(slack.after(-hour)).toEqual(['firing leak.3'])
})

test('a receiver whose incidents have keys of their own waits for none', () => {
  const pagerduty = new Told()
  pagerduty.receiver = { oneByOne: true, reminds: true }
  for (const incident of ['leak.1', 'leak.2']) pagerduty.fires(incident)
  expect(pagerduty.after(0)).toEqual(['firing leak.1', 'firing leak.2'])
  expect(pagerduty.after(30 * day)).toEqual([])
})

test('the same firing and the same end are told once, and an end without a firing never', () => {
  const slack = new Told()
  slack.ends('leak.1')
  expect(slack.after(0)).toEqual([])
  for (let time = 0; time < 3; time++) slack.fires('leak.1')
  expect(slack.after(0)).toEqual(['firing leak.1'])
  slack.fires('leak.1')
  expect(slack.after(minute)).toEqual([])
  for (let time = 0; time < 3; time++) slack.ends('leak.1')
  expect(slack.after(0)).toEqual(['resolved leak.1'])
  slack.ends('leak.1')
  expect(slack.after(minute)).toEqual([])
})

test('a receiver that is configured after a firing hears of it then, unless it is over or silenced, and never of its end alone', () => {
  const slack = new Told()
  slack.receiver = { oneByOne: true, reminds: true, isTerminal: true }
  for (const incident of ['leak.1', 'slow.1', 'odd.1']) slack.fires(incident)
  expect(slack.after(0)).toEqual(['firing leak.1', 'firing slow.1', 'firing odd.1'])
  slack.acknowledged.set('leak.1', ack(slack.nowMs, null))
  expect(slack.after(minute)).toEqual(['acknowledged leak.1'])
  slack.ends('slow.1')
  slack.muted.add('odd.1')
  slack.receiver = {}
  expect(slack.after(minute)).toEqual(['firing leak.1'])
  expect(slack.after(minute)).toEqual([])
  slack.muted.clear()
  expect(slack.after(minute)).toEqual(['firing odd.1'])
  // And where it is gone again, the terminal tells the end of what it heard.
  slack.receiver = { oneByOne: true, reminds: true, isTerminal: true }
  slack.ends('leak.1')
  expect(slack.after(0)).toEqual(['resolved leak.1'])
})

test('of several that are over their ends are told together', () => {
  const slack = new Told()
  for (const incident of ['leak.1', 'leak.2', 'leak.3']) slack.fires(incident)
  expect(slack.after(0)).toEqual(['firing leak.1+leak.2+leak.3'])
  slack.ends('leak.1')
  slack.ends('leak.3')
  expect(slack.after(0)).toEqual(['resolved leak.1+leak.3'])
})

test('reminders come at their interval by severity, from the last time it was told', () => {
  const slack = new Told()
  slack.fires('leak.1', 'page')
  slack.fires('slow.1', 'ticket')
  slack.fires('odd.1', 'info')
  expect(slack.after(0)).toEqual(['firing leak.1', 'firing slow.1', 'firing odd.1'])
  expect(slack.after(4 * hour - 1)).toEqual([])
  expect(slack.after(1)).toEqual(['reminder leak.1'])
  expect(slack.after(4 * hour - 1)).toEqual([])
  expect(slack.after(1)).toEqual(['reminder leak.1'])
  slack.ends('leak.1')
  expect(slack.after(0)).toEqual(['resolved leak.1'])
  expect(slack.after(16 * hour)).toEqual(['reminder slow.1'])
  slack.ends('slow.1')
  expect(slack.after(0)).toEqual(['resolved slow.1'])
  expect(slack.after(30 * day)).toEqual([])
})

test('an acknowledgement stops reminders until it is over', () => {
  const slack = new Told()
  slack.fires('leak.1')
  slack.after(0)
  slack.acknowledged.set('leak.1', ack(T0_MS, T0_MS + 10 * hour))
  expect(slack.after(minute)).toEqual(['acknowledged leak.1'])
  expect(slack.after(10 * hour - minute - 1)).toEqual([])
  expect(slack.after(1)).toEqual(['reminder leak.1'])
  slack.acknowledged.set('leak.1', ack(slack.nowMs, null))
  expect(slack.after(0)).toEqual(['acknowledged leak.1'])
  expect(slack.after(30 * day)).toEqual([])
})

test('what a silence holds back is told when it is over if it still fires, and else never; of what was told the end is', () => {
  const slack = new Told()
  slack.fires('leak.1')
  slack.after(0)
  for (const incident of ['leak.1', 'slow.1', 'odd.1']) slack.muted.add(incident)
  slack.fires('slow.1')
  slack.fires('odd.1')
  expect(slack.after(5 * hour)).toEqual([])
  slack.ends('odd.1')
  slack.ends('leak.1')
  expect(slack.after(0)).toEqual(['resolved leak.1'])
  slack.muted.clear()
  expect(slack.after(hour)).toEqual(['firing slow.1'])
})

test('escalation goes on step by step while nobody has taken it on, and again when who did has let it lie', () => {
  const second = { receiver: 'slack', target: '#boss' } as const
  const slack = new Told()
  slack.rules = [
    { match: { severity: 'page', labels: {} }, during: null, afterMs: 15 * minute, notify: [pager] },
    { match: { labels: {} }, during: null, afterMs: 60 * minute, notify: [second, pager] },
  ]
  slack.fires('leak.1')
  slack.fires('slow.1', 'ticket')
  slack.after(15 * minute - 1)
  expect(slack.forwarded).toEqual([])
  slack.after(1)
  expect(slack.forwarded).toEqual(['lead firing leak.1'])
  slack.acknowledged.set('leak.1', ack(slack.nowMs, slack.nowMs + 2 * hour))
  slack.after(45 * minute)
  expect(slack.forwarded.splice(1)).toEqual(['#boss firing slow.1', 'lead firing slow.1'])
  slack.after(75 * minute - 1)
  expect(slack.forwarded.splice(1)).toEqual([])
  slack.after(1)
  expect(slack.forwarded.splice(1)).toEqual(['#boss firing leak.1'])
  // Who was told besides hears of the end, each once.
  slack.ends('leak.1')
  slack.ends('leak.1')
  expect(slack.forwarded.splice(1)).toEqual(['lead resolved leak.1', '#boss resolved leak.1'])
})

test('a clock that is set back by a day holds up no escalation for a day', () => {
  const slack = new Told()
  slack.rules = [{ match: { labels: {} }, during: null, afterMs: 15 * minute, notify: [pager] }]
  slack.fires('leak.1')
  slack.after(0)
  slack.after(-day)
  expect(slack.forwarded).toEqual(['lead firing leak.1'])
})

const WEEKDAY_NIGHTS = 'weekdays 22:00-06:00 Europe/London'
const OFFICE_HOURS = 'weekdays 09:00-17:00 America/New_York'

test.each([
  ['in summer by British Summer Time', WEEKDAY_NIGHTS, '2026-07-01T21:00Z', true],
  ['not yet', WEEKDAY_NIGHTS, '2026-07-01T20:59Z', false],
  ['in winter by Greenwich', WEEKDAY_NIGHTS, '2026-12-01T21:30Z', false],
  ['in winter by Greenwich, an hour later', WEEKDAY_NIGHTS, '2026-12-01T22:00Z', true],
  ['into the morning of saturday', WEEKDAY_NIGHTS, '2026-07-04T04:59Z', true],
  ['and no further', WEEKDAY_NIGHTS, '2026-07-04T05:00Z', false],
  ['not on the night of sunday', WEEKDAY_NIGHTS, '2026-07-05T23:00Z', false],
  ['where it is still the day', OFFICE_HOURS, '2026-07-01T20:59Z', true],
  ['and where it is evening', OFFICE_HOURS, '2026-07-01T21:00Z', false],
  // Clocks go forward on 2026-03-08 there, and on 2026-03-29 here.
  ['between the two changes of the clock', OFFICE_HOURS, '2026-03-10T13:00Z', true],
  ['before the first of them', OFFICE_HOURS, '2026-03-06T13:00Z', false],
])('a route of certain hours, %s', (_, during, at, isTold) => {
  const parsed = parseWeeklyWindow(during)
  if (!parsed.ok) throw new Error(parsed.message)
  const slack = new Told()
  slack.nowMs = Date.parse(at)
  slack.rules = [{ match: { labels: {} }, during: parsed.window, afterMs: 0, notify: [pager] }]
  slack.fires('leak.1')
  slack.after(0)
  expect(slack.forwarded).toEqual(isTold ? ['lead firing leak.1'] : [])
})

test('a receiver that is down for two days is told when it is back, and one that is down for longer is given up and tried again', () => {
  const slack = new Told()
  slack.isDown = true
  slack.fires('leak.1')
  for (let hours = 0; hours < 48; hours++) expect(slack.after(hour)).toEqual([])
  slack.isDown = false
  expect(slack.after(hour)).toEqual(['firing leak.1'])
  slack.isDown = true
  slack.fires('slow.1')
  const said: string[] = []
  for (let hours = 0; hours <= 80; hours++) said.push(...slack.after(hour))
  expect(said).toEqual(['given up'])
  expect(slack.lane.incidents.find(({ key }) => key === 'default/slow.1')).toMatchObject({ told: 'nothing' })
  slack.isDown = false
  expect(slack.after(4 * hour)).toContain('firing slow.1')
})
