/** Whom the settings have told besides the alert's own `notify:`: others at certain hours, and others yet when nobody takes it on. */
import { type Matchers, matches } from '../../engine/alerting/silence.ts'
import { isWithin, type WeeklyWindow } from '../../engine/alerting/weekly-window.ts'
import { type AlertNotification, forwarded, type Route, routeName } from '../notification.ts'
import { type Incident, isOld, type Lane, withIncident } from './lane.ts'

export interface RouteRule {
  readonly match: Matchers
  /** Null for always. */
  readonly during: WeeklyWindow | null
  /** An escalation: so long after it fired, if it still does and nobody has acknowledged it. 0 for at once. */
  readonly afterMs: number
  readonly notify: readonly Route[]
}

export interface Escalation {
  readonly lane: Lane
  readonly notifications: readonly AlertNotification[]
}

/** Whose time has come, and the ends of those that were told. The lane remembers them. */
export function escalate(
  given: Lane,
  rules: readonly RouteRule[],
  {
    nowMs,
    isAcknowledged,
    isMuted,
  }: {
    nowMs: number
    isAcknowledged: (incident: Incident) => boolean
    isMuted: (incident: Incident) => boolean
  },
): Escalation {
  let lane = given
  const notifications: AlertNotification[] = []
  for (const incident of given.incidents) {
    if (incident.isForwarded || incident.end !== null || isMuted(incident)) continue
    const own = new Set([routeName(given.route), ...incident.routes.map(routeName), ...incident.escalated])
    const more: string[] = []
    for (const rule of rules) {
      if (!matches(rule.match, incident.transition)) continue
      if (rule.during !== null && !isWithin(rule.during, nowMs)) continue
      if (rule.afterMs > 0 && (!isOld(incident.sinceMs, rule.afterMs, nowMs) || isAcknowledged(incident))) continue
      for (const route of rule.notify) {
        if (own.has(routeName(route))) continue
        own.add(routeName(route))
        more.push(routeName(route))
        notifications.push(forwarded(notificationOf(lane, incident), route))
      }
    }
    if (more.length > 0) lane = withIncident(lane, { ...incident, escalated: [...incident.escalated, ...more] })
  }
  return { lane, notifications }
}

/**
 * To all who may have been told besides: the end. Whoever was told by a process that died before it wrote so down is not among those that
 * the lane remembers, and to whom nothing was told the end says nothing.
 */
export function endsOf(before: Lane, after: Lane, rules: readonly RouteRule[]): AlertNotification[] {
  return after.incidents.flatMap((incident) => {
    const known = before.incidents.find(({ key }) => key === incident.key)
    if (incident.end === null || known === undefined || known.end !== null) return []
    const end = { ...notificationOf(after, incident), transition: incident.end }
    if (incident.isForwarded) return []
    const own = new Set([before.route, ...incident.routes].map(routeName))
    const others = rules.flatMap(({ match, notify }) => (matches(match, incident.transition) ? notify : []))
    const routes = new Map(others.map((route) => [routeName(route), route]))
    return [...routes].flatMap(([name, route]) => (own.has(name) ? [] : [forwarded(end, route)]))
  })
}

const notificationOf = ({ tenant, route }: Lane, { transition, routes }: Incident): AlertNotification => ({
  version: 1,
  kind: 'alert',
  id: '',
  tenant,
  route,
  routes: [...routes],
  isForwarded: true,
  transition,
})
