/** What a lane's receiver is told next: a decision, without effects. */
import { createHash } from 'node:crypto'
import type { NotifiedTransition } from '../notification.ts'
import type { Acknowledgement, AlertEvent, AlertItem, Message, Receiver } from '../receivers/receiver.ts'
import { type Failing, groupOf, type Incident, isOld, type Lane, withoutIncidents } from './lane.ts'

/** What there is to know besides the lane. */
export interface Circumstances {
  readonly nowMs: number
  /** Silenced, in maintenance, or inhibited. */
  readonly isMuted: (transition: NotifiedTransition) => boolean
  readonly acknowledgement: (incidentId: string | undefined) => Acknowledgement | null
  readonly receiver: Pick<Receiver, 'oneByOne' | 'reminds' | 'repeatEveryMs' | 'takesInvestigations'> & {
    /** It stands in for one that is not configured. */
    readonly isTerminal?: boolean
  }
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

/** A receiver that failed so often is tried with other things, too: it may be one message alone that it does not take. */
const TRIES_IN_ORDER = 3

export function nextMessage(given: Lane, at: Circumstances): Next {
  const lane = brought(given, at)
  const { failing, stuck } = lane
  if (failing !== null && isWaiting(failing, at.nowMs)) return { lane, message: null }
  const waiting = Object.entries(stuck).flatMap(([group, one]) => (isWaiting(one, at.nowMs) ? [group] : []))
  const tried = failing !== null && failing.count >= TRIES_IN_ORDER ? failing.groups : []
  const message =
    firstMessage(lane, new Set([...waiting, ...tried]), at) ??
    (tried.length === 0 ? null : firstMessage(lane, new Set(waiting), at))
  return { lane, message }
}

/** Of what is not of `passed` groups. */
function firstMessage(lane: Lane, passed: ReadonlySet<string>, at: Circumstances): Message | null {
  const incidents = lane.incidents.filter((incident) => !passed.has(groupOf(incident)))
  const others = lane.others.filter(({ id }) => !passed.has(groupOfOther(id)))
  const left = passed.size === 0 ? lane : { ...lane, incidents, others }
  return (
    firings(left, at) ??
    ends(left, at) ??
    acknowledgements(left, at) ??
    investigations(left, at) ??
    reminders(left, at) ??
    other(left)
  )
}

const groupOfOther = (id: string): string => `other/${id}`
const groupOfMessage = (message: Message): string =>
  message.kind === 'alerts' ? message.items[0]!.transition.alertId : groupOfOther(message.id)

/** A clock that was set back since the last try is no reason to wait for longer. */
export const isWaiting = ({ lastMs, nextTryMs }: Failing, nowMs: number): boolean =>
  nowMs >= lastMs && nowMs < nextTryMs

/** When what failed is tried next, after `nowMs`; infinite if nothing is. */
export const nextTryMs = ({ failing, stuck }: Lane, nowMs: number): number =>
  Math.min(
    ...[failing, ...Object.values(stuck)].map((one) =>
      one !== null && one.nextTryMs > nowMs ? one.nextTryMs : Number.POSITIVE_INFINITY,
    ),
  )

const DAY_MS = 24 * 3_600_000
/** A receiver may ask for a day at most. */
const LONGEST_WAIT_MS = DAY_MS

/** Marks what is due, and drops what was over before anything let it be told, or before anyone could be told. */
function brought(given: Lane, { isMuted, receiver }: Circumstances): Lane {
  const isNowDue = ({ told, isDue, transition }: Incident): boolean =>
    told === 'nothing' && !isDue && !isMuted(transition)
  // The terminal was told; the receiver, configured since, was not.
  const isUnheard = ({ isPrinted }: Incident): boolean => isPrinted && receiver.isTerminal !== true
  const incidents = given.incidents
    .map((incident) => (isUnheard(incident) && incident.end === null ? untoldAgain(incident) : incident))
    .map((incident) => (isNowDue(incident) ? { ...incident, isDue: true } : incident))
  const dropped = incidents.filter((incident) => {
    const { told, isDue, end, givenUpAtMs } = incident
    return end !== null && (isUnheard(incident) || (told === 'nothing' && (!isDue || givenUpAtMs !== null)))
  })
  const lane = { ...given, incidents }
  return dropped.length === 0 ? lane : withoutIncidents(lane, new Set(dropped.map(({ key }) => key)))
}

const untoldAgain = (incident: Incident): Incident => ({
  ...incident,
  told: 'nothing',
  isPrinted: false,
  isDue: false,
  toldAtMs: null,
  acknowledgedAtMs: null,
  isInvestigationTold: false,
})

/** What was put aside is tried again as often as people are reminded. */
function isPutAside({ givenUpAtMs, transition }: Incident, { nowMs, timing }: Circumstances): boolean {
  const againMs = timing.repeatMs[transition.severity] ?? DAY_MS
  return givenUpAtMs !== null && !isOld(givenUpAtMs, againMs, nowMs)
}

function firings(lane: Lane, at: Circumstances): Message | null {
  const untold = lane.incidents.filter(
    (incident) => incident.told === 'nothing' && incident.isDue && !isPutAside(incident, at),
  )
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

function investigations(lane: Lane, at: Circumstances): Message | null {
  if (at.receiver.takesInvestigations !== true) return null
  const fresh = lane.incidents.find(
    ({ told, end, investigation, isInvestigationTold, transition }) =>
      told === 'firing' && end === null && investigation !== null && !isInvestigationTold && !at.isMuted(transition),
  )
  return fresh === undefined ? null : messageOf(lane, 'investigated', [fresh], at)
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
    ({ key, transition, end, investigation }): AlertItem => ({
      key,
      transition: event === 'resolved' && end !== null ? end : transition,
      investigation,
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
    isPart: lane.incidents.some((one) => groupOf(one) === group && one.told === 'firing' && !incidents.includes(one)),
  }
}

/** The lane when the receiver has taken the message, or the terminal in its place (`isPrinted`). */
export function told(lane: Lane, message: Message, nowMs: number, ref: string | null, isPrinted = false): Lane {
  const well = taken(lane, message)
  if (message.kind !== 'alerts') return { ...well, others: well.others.filter(({ id }) => id !== message.id) }
  const keys = new Set(message.items.map(({ key }) => key))
  if (message.event === 'resolved') return withoutIncidents(well, keys)
  const incidents = well.incidents.map((incident): Incident => {
    if (!keys.has(incident.key)) return incident
    const { acknowledged, investigation = null } = message.items.find(({ key }) => key === incident.key)!
    const isInvestigationTold = incident.isInvestigationTold || investigation !== null
    // What was found out is no reminder: those who have to be told again are told at their time.
    if (message.event === 'investigated') return { ...incident, isInvestigationTold }
    const acknowledgedAtMs = acknowledged?.atMs ?? null
    const known = { ...incident, isPrinted: message.event === 'firing' ? isPrinted : incident.isPrinted }
    return { ...known, told: 'firing', toldAtMs: nowMs, givenUpAtMs: null, acknowledgedAtMs, isInvestigationTold }
  })
  const [first] = well.incidents.filter(({ key }) => keys.has(key))
  if (first === undefined) return { ...well, incidents }
  const group = groupOf(first)
  const known = well.groups[group]
  const firingToldMs = message.event === 'firing' ? nowMs : (known?.firingToldMs ?? nowMs)
  return { ...well, incidents, groups: { ...well.groups, [group]: { ref: known?.ref ?? ref, firingToldMs } } }
}

/** It takes some things: what else it did not take while it took nothing is tried at once, and then in its own time. */
function taken({ failing, stuck, ...rest }: Lane, message: Message): Lane {
  const known = { ...stuck }
  for (const group of failing?.groups ?? []) known[group] ??= { ...failing!, nextTryMs: 0, groups: [] }
  delete known[groupOfMessage(message)]
  const left = new Set([...rest.incidents.map(groupOf), ...rest.others.map(({ id }) => groupOfOther(id))])
  return {
    ...rest,
    failing: null,
    stuck: Object.fromEntries(Object.entries(known).filter(([group]) => left.has(group))),
  }
}

/** The lane when the message was put aside: of a firing nobody was told, so that its end is no news; the rest is not tried again. */
export function putAside(lane: Lane, message: Message, nowMs: number): Lane {
  const { failing, stuck } = lane
  if (message.kind !== 'alerts' || message.event !== 'firing')
    return { ...told(lane, message, nowMs, null), failing, stuck }
  const keys = new Set(message.items.map(({ key }) => key))
  const incidents = lane.incidents.map((incident) =>
    keys.has(incident.key) ? { ...incident, givenUpAtMs: nowMs } : incident,
  )
  return { ...lane, incidents }
}

export interface RetryPolicy {
  firstMs: number
  longestMs: number
  /** A message that waits for so long on a receiver that fails for as long goes to `dead-letters`. */
  giveUpAfterMs: number
  /** The receiver is tried as often at least: a clock that jumps by days is no reason to give up. */
  leastTries: number
}

/** The lane when the receiver did not take the message for now, and when it is tried again; null when it is time to give that one up. */
export function failed(
  lane: Lane,
  message: Message,
  policy: RetryPolicy,
  nowMs: number,
  afterMs: number | null,
): { lane: Lane; delayMs: number } | null {
  const group = groupOfMessage(message)
  const alone = lane.stuck[group]
  const { sinceMs, count, isTold, groups } = alone ?? lane.failing ?? FRESH(nowMs)
  const waitsMs = nowMs - Math.max(sinceMs, waitsSinceMs(lane, message))
  if (waitsMs >= policy.giveUpAfterMs && count + 1 >= policy.leastTries) return null
  const backOffMs = Math.min(policy.longestMs, policy.firstMs * 2 ** Math.min(count, 40))
  const delayMs = Math.min(Math.max(afterMs ?? 0, backOffMs), LONGEST_WAIT_MS)
  const tried = [...new Set([...groups, group])]
  const failing = { sinceMs, count: count + 1, lastMs: nowMs, nextTryMs: nowMs + delayMs, isTold, groups: tried }
  const changed = alone === undefined ? { ...lane, failing } : { ...lane, stuck: { ...lane.stuck, [group]: failing } }
  return { lane: changed, delayMs }
}

const FRESH = (nowMs: number): Omit<Failing, 'lastMs' | 'nextTryMs'> => ({
  sinceMs: nowMs,
  count: 0,
  isTold: false,
  groups: [],
})

function waitsSinceMs({ incidents }: Lane, message: Message): number {
  if (message.kind !== 'alerts' || message.event !== 'firing') return message.atMs
  const keys = new Set(message.items.map(({ key }) => key))
  const own = incidents.filter(({ key }) => keys.has(key))
  return Math.min(...own.map(({ sinceMs, givenUpAtMs }) => givenUpAtMs ?? sinceMs))
}
