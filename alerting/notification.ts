/** What is to be delivered to one receiver: the value of a `notifications` record. */
import { z } from 'zod'
import type { AlertPlan } from '../dsl/plan.ts'
import { alertInvestigationSchema } from '../engine/alerting/investigation/investigation.ts'
import type { AlertTransition } from '../engine/alerting/step.ts'
import { alertTransitionSchema } from '../engine/alerting/transition-json.ts'
import { scorecardSchema } from '../engine/scorecard/scorecard-json.ts'
import type { RecordToAppend } from '../storage/log/port.ts'

export const routeSchema = z.object({
  /** `console`: the alert names no receiver, so it is printed where Assay runs. */
  receiver: z.enum(['slack', 'pagerduty', 'webhook', 'teams', 'email', 'alertmanager', 'console']),
  target: z.string(),
})

/** Of Assay itself: what its operator should know. */
const noticeSchema = z.object({
  /** The same for the same finding, however often it is made. */
  id: z.string(),
  title: z.string(),
  severity: z.enum(['page', 'ticket', 'info']),
  lines: z.array(z.string()),
  atMs: z.number(),
  /** Of a notice that is one: receivers that can show more than lines do. */
  scorecard: scorecardSchema.optional(),
})

const VERSION = 1

const delivery = {
  version: z.literal(VERSION),
  /** One delivery: incident, phase and route. The same after a crash and replay. */
  id: z.string(),
  tenant: z.string(),
  route: routeSchema,
  /** All of the alert, this one among them: who prints for want of a receiver names all that lack one. */
  routes: z.array(routeSchema).default([]),
  /** Sent on by a rule of the settings: an escalation, say. Such rules are not asked of it again. */
  isForwarded: z.boolean().default(false),
}

export const notificationSchema = z.discriminatedUnion('kind', [
  z.object({ ...delivery, kind: z.literal('alert'), transition: alertTransitionSchema }),
  z.object({ ...delivery, kind: z.literal('notice'), notice: noticeSchema }),
  /** What was found out about an incident, for all who were told of it: its route is nobody's. */
  z.object({
    ...delivery,
    kind: z.literal('investigation'),
    alertId: z.string(),
    /** `transition.incidentId`. */
    incidentId: z.string(),
    investigation: alertInvestigationSchema,
  }),
])

export type Route = z.infer<typeof routeSchema>
export type NotifiedTransition = z.infer<typeof alertTransitionSchema>
export type SystemNotice = z.infer<typeof noticeSchema>
export type Notification = z.infer<typeof notificationSchema>
export type AlertNotification = Extract<Notification, { kind: 'alert' }>
export type InvestigationNotification = Extract<Notification, { kind: 'investigation' }>

export const routeName = (route: Route): string =>
  route.receiver === 'console' ? 'console' : `${route.receiver}(${JSON.stringify(route.target)})`

/** One notification for each route of the alert. */
export function notificationsOf(tenant: string, alert: AlertPlan, transition: AlertTransition): AlertNotification[] {
  const routes: Route[] = alert.notify.length > 0 ? alert.notify : [{ receiver: 'console', target: '' }]
  return routes.map((route) => ({
    version: VERSION,
    kind: 'alert',
    id: `${tenant}/${transition.incidentId ?? transition.id}/${transition.to}/${routeName(route)}`,
    tenant,
    route: { receiver: route.receiver, target: route.target },
    routes: routes.map(({ receiver, target }) => ({ receiver, target })),
    isForwarded: false,
    transition: {
      ...transition,
      examples: transition.examples.map((example) => ({ ...example, evidence: [...example.evidence] })),
    },
  }))
}

/** The same to another route, whoever sends it on and however often. */
export function forwarded(notification: AlertNotification, route: Route): AlertNotification {
  const { tenant, transition } = notification
  const id = `${tenant}/${transition.incidentId ?? transition.id}/${transition.to}/${routeName(route)}`
  return { ...notification, id, route, routes: [route], isForwarded: true }
}

/** Of the tenant whose operators are told; without a route it is printed where Assay runs. */
export function noticeNotifications(tenant: string, routes: readonly Route[], notice: SystemNotice): Notification[] {
  const all: readonly Route[] = routes.length > 0 ? routes : [{ receiver: 'console', target: '' }]
  return all.map((route) => ({
    version: VERSION,
    kind: 'notice',
    id: `${tenant}/${notice.id}/${routeName(route)}`,
    tenant,
    route,
    routes: [...all],
    isForwarded: false,
    notice,
  }))
}

const encoder = new TextEncoder()

export const notificationRecord = (notification: Notification): RecordToAppend => ({
  key: `${notification.tenant}/${notification.route.receiver}:${notification.route.target}`,
  value: encoder.encode(JSON.stringify(notification)),
  headers: { tenant: notification.tenant },
})

const decoder = new TextDecoder('utf-8', { fatal: true })

export function parseNotification(
  bytes: Uint8Array,
): { ok: true; notification: Notification } | { ok: false; message: string } {
  let raw: unknown
  try {
    raw = JSON.parse(decoder.decode(bytes))
  } catch {
    return { ok: false, message: 'not JSON' }
  }
  const newer = newerVersion(raw)
  if (newer !== null) return { ok: false, message: newer }
  const parsed = notificationSchema.safeParse(raw)
  return parsed.success
    ? { ok: true, notification: parsed.data }
    : { ok: false, message: z.prettifyError(parsed.error) }
}

function newerVersion(raw: unknown): string | null {
  const version = typeof raw === 'object' && raw !== null && 'version' in raw ? raw.version : null
  if (typeof version !== 'number' || version <= VERSION) return null
  return `is of version ${version}, and this Assay reads up to ${VERSION}: a newer Assay wrote it, upgrade this one`
}
