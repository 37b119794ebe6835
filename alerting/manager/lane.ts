/**
 * What one receiver is to be told, and what it has been told: a value, and pure functions that make the next one. Told is what the receiver
 * took; a crash in between leaves it untold, so that it is told again. Of each incident the firing is told first, and its end only after.
 */
import type { AlertInvestigation } from '../../engine/alerting/investigation/investigation.ts'
import type { InvestigationNotification, Notification, NotifiedTransition, Route } from '../notification.ts'

export interface Incident {
  /** `tenant/incident`: what receivers know it by. */
  readonly key: string
  /** Of its firing. */
  readonly transition: NotifiedTransition
  /** Of its end; null while it lasts. */
  readonly end: NotifiedTransition | null
  /** All of the alert's, for whoever prints for want of a receiver. */
  readonly routes: readonly Route[]
  readonly told: 'nothing' | 'firing'
  /** Its firing was told on the terminal alone, for want of the receiver. */
  readonly isPrinted: boolean
  /** At some time nothing kept it from being told: from then on it is told whatever comes. */
  readonly isDue: boolean
  /** When the last message about it was taken. */
  readonly toldAtMs: number | null
  /** When its firing was put aside, untold: it is tried again later, and its end is nobody's news. */
  readonly givenUpAtMs: number | null
  /** The time of the acknowledgement that was told. */
  readonly acknowledgedAtMs: number | null
  /** Since when it is open here: escalation counts from it. */
  readonly sinceMs: number
  /** By name: who was told besides, after their time. */
  readonly escalated: readonly string[]
  /** It came by a rule of the settings, which are not asked again. */
  readonly isForwarded: boolean
  /** What was found out about it. */
  readonly investigation: AlertInvestigation | null
  readonly isInvestigationTold: boolean
}

export interface Lane {
  readonly tenant: string
  readonly route: Route
  /** Of `notifications`: earlier records are in here already. */
  readonly nextOffset: number
  /** So much waits that what comes from there on stays in the log for now. */
  readonly isBehind: boolean
  readonly incidents: readonly Incident[]
  /** By group: what the receiver gave back for its first message, and when it was last told of a firing. */
  readonly groups: Readonly<Record<string, { readonly ref: string | null; readonly firingToldMs: number }>>
  /** In their order: notices, scorecards. */
  readonly others: readonly Exclude<Notification, { kind: 'alert' | 'investigation' }>[]
  /** The receiver does not take what it is sent. */
  readonly failing: Failing | null
  /** By group: what it alone does not take, while it took others. */
  readonly stuck: Readonly<Record<string, Failing>>
}

export interface Failing {
  readonly sinceMs: number
  readonly count: number
  readonly lastMs: number
  readonly nextTryMs: number
  /** What was tried meanwhile. */
  readonly groups: readonly string[]
  /** The operators know. */
  readonly isTold: boolean
}

export const emptyLane = (tenant: string, route: Route): Lane => ({
  tenant,
  route,
  nextOffset: 0,
  isBehind: false,
  incidents: [],
  groups: {},
  others: [],
  failing: null,
  stuck: {},
})

/** Nothing is left to tell or to wait for. */
export const isIdle = ({ incidents, others }: Lane): boolean => incidents.length === 0 && others.length === 0

/** What waits to be told now. */
export const backlogOf = ({ incidents, others }: Lane): number =>
  others.length + incidents.filter(({ end, told }) => end !== null || told === 'nothing').length

/** So much may wait in a lane; the rest of it waits in the log, and nobody else for it. */
export const MOST_WAITING = 500

export const isFull = (lane: Lane): boolean => backlogOf(lane) >= MOST_WAITING

/** Alerts of one group are told together. */
export const groupOf = ({ transition }: Incident): string => transition.alertId

export const incidentKey = (tenant: string, { incidentId, id }: NotifiedTransition): string =>
  `${tenant}/${incidentId ?? id}`

/** `atMs`: now. Taking the same again changes nothing. */
export function take(lane: Lane, notification: Notification, atMs: number): Lane {
  if (notification.kind === 'investigation') return withInvestigation(lane, notification)
  if (notification.kind !== 'alert') {
    if (lane.others.some(({ id }) => id === notification.id)) return lane
    return { ...lane, others: [...lane.others, notification] }
  }
  const { transition } = notification
  const key = incidentKey(lane.tenant, transition)
  const known = lane.incidents.find((incident) => incident.key === key)
  if (transition.to === 'resolved') {
    // Its firing was never to be told here, or has long been over.
    if (known === undefined || known.end !== null) return lane
    return withIncident(lane, { ...known, end: transition })
  }
  if (transition.to !== 'firing' || known !== undefined) return lane
  const incident: Incident = {
    key,
    transition,
    end: null,
    routes: notification.routes,
    told: 'nothing',
    isPrinted: false,
    isDue: false,
    toldAtMs: null,
    givenUpAtMs: null,
    acknowledgedAtMs: null,
    sinceMs: atMs,
    escalated: [],
    isForwarded: notification.isForwarded,
    investigation: null,
    isInvestigationTold: false,
  }
  return { ...lane, incidents: [...lane.incidents, incident] }
}

/** The first that was found stands; of an incident that is over nobody asks any more. */
function withInvestigation(lane: Lane, { incidentId, investigation }: InvestigationNotification): Lane {
  const key = `${lane.tenant}/${incidentId}`
  const known = lane.incidents.find((incident) => incident.key === key)
  if (known === undefined || known.end !== null || known.investigation !== null) return lane
  return withIncident(lane, { ...known, investigation })
}

export function withIncident(lane: Lane, changed: Incident): Lane {
  return { ...lane, incidents: lane.incidents.map((incident) => (incident.key === changed.key ? changed : incident)) }
}

/** Without the incident; without its group too, where it was the last of it. */
export function withoutIncidents(lane: Lane, keys: ReadonlySet<string>): Lane {
  const incidents = lane.incidents.filter(({ key }) => !keys.has(key))
  const open = new Set(incidents.map(groupOf))
  const groups = Object.fromEntries(Object.entries(lane.groups).filter(([group]) => open.has(group)))
  return { ...lane, incidents, groups }
}

/** So long ago, or so far ahead that a clock was set back: it must not silence for as long as it was set back. */
export const isOld = (thenMs: number, afterMs: number, nowMs: number): boolean =>
  nowMs - thenMs >= afterMs || nowMs < thenMs - afterMs
