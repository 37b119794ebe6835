/** What a lane's receiver is told next: a decision, without effects. */
import { createHash } from 'node:crypto'
import type { NotifiedTransition } from '../notification.ts'
import type { Acknowledgement, AlertEvent, AlertItem, Message, Receiver } from '../receivers/receiver.ts'
import { groupOf, type Incident, type Lane, withIncident, withoutIncidents } from './lane.ts'

/** What there is to know besides the lane. */
export interface Circumstances {
  readonly nowMs: number
  /** Silenced, in maintenance, or inhibited. */
  readonly isMuted: (transition: NotifiedTransition) => boolean
  readonly acknowledgement: (incidentId: string | undefined) => Acknowledgement | null
  readonly receiver: Pick<Receiver, 'oneByOne' | 'reminds' | 'repeatEveryMs'>
  readonly timing: Timing
}

export interface Timing {
  /** After a group's firing was told, others of the group wait so long, to be told together. */
  readonly groupIntervalMs: number
  /** How long until a firing that nobody acknowledged is told again; null for never. */
  readonly repeatMs: Readonly<Record<NotifiedTransition['severity'], number | null>>
}

/** Told together at most. */
const MAX_ITEMS = 100

export interface Next {
  /** With what nobody need be told any more left out. */
  readonly lane: Lane
  readonly message: Message | null
}

export function nextMessage(given: Lane, at: Circumstances): Next {
  const lane = brought(given, at)
  if (isWaiting(lane, at.nowMs)) return { lane, message: null }
  const message =
    firings(lane, at) ?? ends(lane, at) ?? acknowledgements(lane, at) ?? reminders(lane, at) ?? other(lane)
  return { lane, message }
}

/** A clock that was set back since the last try is no reason to wait for longer. */
export const isWaiting = ({ failing }: Lane, nowMs: number): boolean =>
  failing !== null && nowMs >= failing.lastMs && nowMs < failing.nextTryMs

/** A receiver may ask for a day at most. */
const LONGEST_WAIT_MS = 24 * 3_600_000

/** Marks what is due, and drops what was over before anything let it be told. */
function brought(given: Lane, { isMuted }: Circumstances): Lane {
  let lane = given
  for (const incident of given.incidents)
    if (incident.told === 'nothing' && !incident.isDue && !isMuted(incident.transition))
      lane = withIncident(lane, { ...incident, isDue: true })
  const dropped = lane.incidents.filter(({ told, isDue, end }) => told === 'nothing' && !isDue && end !== null)
  return dropped.length === 0 ? lane : withoutIncidents(lane, new Set(dropped.map(({ key }) => key)))
}

function firings(lane: Lane, at: Circumstances): Message | null {
  const untold = lane.incidents.filter(({ told, isDue }) => told === 'nothing' && isDue)
  for (const first of untold) {
    const group = lane.groups[groupOf(first)]
    const agoMs = group === undefined ? Number.POSITIVE_INFINITY : at.nowMs - group.firingToldMs
    const mayWait = at.receiver.oneByOne !== true && first.end === null
    if (mayWait && agoMs >= 0 && agoMs < at.timing.groupIntervalMs) continue
    return messageOf(lane, 'firing', together(untold, first, at), at)
  }
  return null
}

function ends(lane: Lane, at: Circumstances): Message | null {
  const over = lane.incidents.filter(({ told, end }) => told === 'firing' && end !== null)
  const [first] = over
  return first === undefined ? null : messageOf(lane, 'resolved', together(over, first, at), at)
}

function acknowledgements(lane: Lane, at: Circumstances): Message | null {
  const fresh = lane.incidents.find(({ told, end, transition, acknowledgedAtMs }) => {
    const acknowledged = at.acknowledgement(transition.incidentId)
    return told === 'firing' && end === null && acknowledged !== null && acknowledged.atMs !== acknowledgedAtMs
  })
  return fresh === undefined ? null : messageOf(lane, 'acknowledged', [fresh], at)
}

function reminders(lane: Lane, at: Circumstances): Message | null {
  const { receiver, timing, nowMs, isMuted, acknowledgement } = at
  const due = lane.incidents.filter(({ told, end, transition, toldAtMs }) => {
    if (told !== 'firing' || end !== null || toldAtMs === null) return false
    const keepMs = receiver.repeatEveryMs
    // Who forgets is told whatever people do, so that it doesn't take it for over.
    if (keepMs !== undefined) return isOld(toldAtMs, keepMs, nowMs)
    const repeatMs = receiver.reminds === true ? null : timing.repeatMs[transition.severity]
    if (repeatMs === null || !isOld(toldAtMs, repeatMs, nowMs)) return false
    return acknowledgement(transition.incidentId) === null && !isMuted(transition)
  })
  const [first] = due
  return first === undefined ? null : messageOf(lane, 'reminder', together(due, first, at), at)
}

/** A clock that was set back must not silence for as long as it was set back. */
const isOld = (thenMs: number, afterMs: number, nowMs: number): boolean =>
  nowMs - thenMs >= afterMs || nowMs < thenMs - afterMs

function other(lane: Lane): Message | null {
  const [first] = lane.others
  if (first === undefined) return null
  const { id, tenant, route } = first
  return { kind: 'notice', id, tenant, route, atMs: first.notice.atMs, notice: first.notice }
}

function together(all: readonly Incident[], first: Incident, { receiver }: Circumstances): Incident[] {
  if (receiver.oneByOne === true) return [first]
  return all.filter((incident) => groupOf(incident) === groupOf(first)).slice(0, MAX_ITEMS)
}

function messageOf(lane: Lane, event: AlertEvent, incidents: readonly Incident[], at: Circumstances): Message {
  const { tenant, route } = lane
  const group = groupOf(incidents[0]!)
  const items = incidents.map(
    ({ key, transition, end }): AlertItem => ({
      key,
      transition: event === 'resolved' && end !== null ? end : transition,
      acknowledged: at.acknowledgement(transition.incidentId),
    }),
  )
  const what = incidents.map(({ key, toldAtMs }) => (event === 'reminder' ? `${key} ${toldAtMs}` : key)).sort()
  const hash = createHash('sha256').update(what.join('\n')).digest('hex').slice(0, 16)
  return {
    kind: 'alerts',
    id: `${tenant}/${group}/${event}/${hash}`,
    tenant,
    route,
    atMs: event === 'firing' || event === 'resolved' ? items[0]!.transition.atMs : at.nowMs,
    event,
    items,
    groupKey: `${tenant}/${group}`,
    ref: lane.groups[group]?.ref ?? null,
  }
}

/** The lane when the receiver has taken the message, or when it is given up. */
export function told(lane: Lane, message: Message, nowMs: number, ref: string | null): Lane {
  const { failing: _, ...rest } = lane
  const well: Lane = { ...rest, failing: null }
  if (message.kind !== 'alerts') return { ...well, others: well.others.filter(({ id }) => id !== message.id) }
  const keys = new Set(message.items.map(({ key }) => key))
  if (message.event === 'resolved') return withoutIncidents(well, keys)
  const incidents = well.incidents.map((incident): Incident => {
    if (!keys.has(incident.key)) return incident
    const acknowledged = message.items.find(({ key }) => key === incident.key)?.acknowledged ?? null
    return { ...incident, told: 'firing', toldAtMs: nowMs, acknowledgedAtMs: acknowledged?.atMs ?? null }
  })
  const [first] = well.incidents.filter(({ key }) => keys.has(key))
  if (first === undefined) return { ...well, incidents }
  const group = groupOf(first)
  const known = well.groups[group]
  const firingToldMs = message.event === 'firing' ? nowMs : (known?.firingToldMs ?? nowMs)
  return { ...well, incidents, groups: { ...well.groups, [group]: { ref: known?.ref ?? ref, firingToldMs } } }
}

export interface RetryPolicy {
  firstMs: number
  longestMs: number
  /** After this the message goes to `dead-letters`. */
  giveUpAfterMs: number
  /** It is tried as often at least: a clock that jumps by days is no reason to give up. */
  leastTries: number
}

/** The lane when the receiver did not take its message for now; null when it is time to give up. */
export function failed(lane: Lane, policy: RetryPolicy, nowMs: number, afterMs: number | null): Lane | null {
  const { sinceMs, count } = lane.failing ?? { sinceMs: nowMs, count: 0 }
  const isTooOld = nowMs - sinceMs >= policy.giveUpAfterMs && count + 1 >= policy.leastTries
  if (isTooOld) return null
  const backOffMs = Math.min(policy.longestMs, policy.firstMs * 2 ** Math.min(count, 40))
  const delayMs = Math.min(Math.max(afterMs ?? 0, backOffMs), LONGEST_WAIT_MS)
  return { ...lane, failing: { sinceMs, count: count + 1, lastMs: nowMs, nextTryMs: nowMs + delayMs } }
}
