import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { historyAsked, historyOf } from '../../engine/alerting/history.ts'
import { detectabilityToJson } from '../../engine/alerting/regression/detectability-json.ts'
import { detectabilityOfHistory } from '../../engine/alerting/regression/detectability-of-history.ts'
import { detectabilityLines } from '../../engine/alerting/regression/detectability-text.ts'
import { formatRule } from '../../engine/alerting/rule-text.ts'
import { isRegression, runAlertsOf } from '../../engine/alerting/run-alert.ts'
import { matchersSchema, type Silence, silenceState, silencing } from '../../engine/alerting/silence.ts'
import { parseWeeklyWindow, weeklyWindowText } from '../../engine/alerting/weekly-window.ts'
import { nameOf } from '../../storage/access/principal.ts'
import type { AlertStates, StoredTransition } from '../../storage/alerts/alert-states.ts'
import type { AlertControls, StoredAcknowledgement } from '../../storage/alerts/controls.ts'
import { transitionToJson } from '../alert-json.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { cursorParameter, pageOf } from '../cursor.ts'
import { idNamed, type Named } from '../id-named.ts'
import { badRequest, problem, readJsonBody } from '../problem.ts'
import type {
  AlertDetectabilityResponse,
  AlertHistoryResponse,
  AlertStateJson,
  AlertStatesResponse,
  NewSilenceJson,
  SilenceJson,
  SilencesResponse,
} from '../schemas.ts'
import { silenceWarning } from './silence-warning.ts'

const MINUTE_MS = 60_000
const MOST_MINUTES = 366 * 24 * 60

const author = z.string().trim().min(1).max(200).optional()
const reason = z.string().trim().min(1).max(1_000)

export const historyQuerySchema = z.strictObject({
  alert: z.string().optional(),
  after: cursorParameter(z.tuple([z.string()])),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
})
/** Long enough for a night and the morning after it; who has forgotten it by then is reminded. */
const ACKNOWLEDGED_MINUTES = 24 * 60
export const acknowledgeSchema = z.strictObject({
  alert: z.string().min(1),
  minutes: z.number().positive().max(MOST_MINUTES).default(ACKNOWLEDGED_MINUTES),
  by: author,
  reason: reason.optional(),
})
export const createSilenceSchema = z
  .strictObject({
    matchers: matchersSchema.strict(),
    /** RFC 3339; now unless given. */
    from: z.iso.datetime({ offset: true }).optional(),
    minutes: z.number().positive().max(MOST_MINUTES),
    /** Hours of the week, for maintenance. */
    every: z.string().optional(),
    by: author,
    reason,
  })
  .refine(({ matchers: { labels, ...rest } }) => Object.keys({ ...rest, ...labels }).length > 0, {
    path: ['matchers'],
    error: 'match at least one of alert, eval, severity, owner, labels; everything is alert: "*"',
  })
export const expireSilenceSchema = z.strictObject({ by: author })

/** What alerts are now, what they were, and what people say of them. */
export function alertRoutes(app: ApiApp, { alerts, definitions, traces, publicUrl = null, nowMs }: ApiContext): void {
  if (alerts === undefined) return
  const { states, controls } = alerts
  /** Those in force, and those that ever fired: they may be gone from the definitions and fire still. */
  const alertNamed = (tenant: string, name: string): Named => {
    const inForce = definitions.current(tenant).plan.alerts.map(({ id }) => id)
    return idNamed('alert', name, [...inForce, ...states.current(tenant).map(({ alertId }) => alertId)])
  }

  app.get('/v1/alerts', async (context) => {
    const { tenant } = context.var.principal
    await Promise.all([states.refresh(), controls.refresh()])
    const all = states.current(tenant).map((transition) => stateToJson(transition, tenant, alerts, publicUrl, nowMs()))
    const body: AlertStatesResponse = { alerts: all }
    return context.json(body)
  })

  app.get('/v1/alerts/history', async (context) => {
    const parsed = historyQuerySchema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(historyQuerySchema.shape))
    await states.refresh()
    const { alert, after, limit } = parsed.data
    const { tenant } = context.var.principal
    const named = alert === undefined ? null : alertNamed(tenant, alert)
    if (named?.ok === false) return problem(context, 404, named.message)
    const found = states.history(tenant, {
      limit: limit + 1,
      ...(named !== null && { alertId: named.id }),
      ...(after !== undefined && { after: after[0] }),
    })
    const { shown, next } = pageOf(found, limit, ({ id }) => [id])
    const body: AlertHistoryResponse = {
      transitions: shown.map((transition) => transitionToJson(transition, tenant, states, publicUrl)),
      ...next,
    }
    return context.json(body)
  })

  app.get('/v1/alerts/detectability', async (context) => {
    const { tenant } = context.var.principal
    const found: AlertDetectabilityResponse['alerts'] = []
    for (const alert of runAlertsOf(definitions.current(tenant).plan)) {
      const asked = isRegression(alert) ? historyAsked(alert, nowMs()) : null
      if (!isRegression(alert) || asked === null) continue
      const history = historyOf(alert, asked, await traces.resultHistory(tenant, asked))
      const seen = detectabilityOfHistory(alert, history)
      found.push({
        alert: alert.id,
        rule: formatRule(alert.when),
        ...detectabilityToJson(alert, seen),
        lines: detectabilityLines(alert, seen),
      })
    }
    const body: AlertDetectabilityResponse = { alerts: found }
    return context.json(body)
  })

  app.post('/v1/alerts/ack', async (context) => {
    const { principal } = context.var
    const json = await readJsonBody(context)
    if (!json.ok) return json.refusal
    const parsed = acknowledgeSchema.safeParse(json.value)
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(acknowledgeSchema.shape))
    await Promise.all([states.refresh(), controls.refresh()])
    const { tenant } = principal
    const { alert: name, minutes, by = nameOf(principal), reason = null } = parsed.data
    const named = alertNamed(tenant, name)
    if (!named.ok) return problem(context, 404, named.message)
    const alert = named.id
    const atMs = nowMs()
    const untilMs = atMs + minutes * MINUTE_MS
    const firing = states.current(tenant).filter(({ alertId, to }) => alertId === alert && to === 'firing')
    if (firing.length === 0) return problem(context, 404, `${alert} does not fire: there is nothing to acknowledge`)
    for (const { incidentId, alertId } of firing)
      if (incidentId !== undefined)
        await controls.acknowledge({ tenant, incidentId, alertId, by, reason, atMs, untilMs })
    const body: AlertStatesResponse = {
      alerts: firing.map((transition) => stateToJson(transition, tenant, alerts, publicUrl, nowMs())),
    }
    return context.json(body)
  })

  app.get('/v1/silences', async (context) => {
    const { tenant } = context.var.principal
    await controls.refresh()
    const body: SilencesResponse = { silences: controls.silences(tenant).map((one) => silenceToJson(one, nowMs())) }
    return context.json(body)
  })

  app.post('/v1/silences', async (context) => {
    const { principal } = context.var
    const json = await readJsonBody(context)
    if (!json.ok) return json.refusal
    const parsed = createSilenceSchema.safeParse(json.value)
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(createSilenceSchema.shape))
    const { matchers, from, minutes, every, by = nameOf(principal), reason } = parsed.data
    const window = every === undefined ? null : parseWeeklyWindow(every)
    if (window !== null && !window.ok) return problem(context, 400, `every ${window.message}`)
    const fromMs = from === undefined ? nowMs() : Date.parse(from)
    const silence: Silence = {
      id: randomUUID().slice(0, 8),
      tenant: principal.tenant,
      matchers,
      fromMs,
      untilMs: fromMs + minutes * MINUTE_MS,
      every: window?.window ?? null,
      by,
      reason,
      createdAtMs: nowMs(),
      expiredBy: null,
    }
    await Promise.all([controls.putSilence(silence), states.refresh()])
    const { tenant } = principal
    const warning = silenceWarning(matchers, definitions.current(tenant).plan.alerts, states.current(tenant))
    const body: NewSilenceJson = { ...silenceToJson(silence, nowMs()), warnings: warning === null ? [] : [warning] }
    return context.json(body, 201)
  })

  app.post('/v1/silences/:id/expire', async (context) => {
    const { principal } = context.var
    const parsed = expireSilenceSchema.safeParse(await context.req.json().catch(() => ({})))
    if (!parsed.success) return badRequest(context, parsed.error, ['by'])
    await controls.refresh()
    const known = controls.silences(principal.tenant).find(({ id }) => id === context.req.param('id'))
    if (known === undefined) return problem(context, 404, `there is no silence ${context.req.param('id')}`)
    const now = nowMs()
    if (known.untilMs <= now) return context.json(silenceToJson(known, now) satisfies SilenceJson)
    const over = { ...known, untilMs: now, expiredBy: parsed.data.by ?? nameOf(principal) }
    await controls.putSilence(over)
    return context.json(silenceToJson(over, now) satisfies SilenceJson)
  })
}

const isoOf = (ms: number): string => new Date(ms).toISOString()

export function silenceToJson(silence: Silence, nowMs: number): SilenceJson {
  const { id, matchers, fromMs, untilMs, every, by, reason, createdAtMs, expiredBy } = silence
  return {
    id,
    state: silenceState(silence, nowMs),
    matchers,
    from: isoOf(fromMs),
    until: isoOf(untilMs),
    every: every === null ? null : weeklyWindowText(every),
    by,
    reason,
    createdAt: isoOf(createdAtMs),
    expiredBy,
  }
}

const acknowledgementToJson = ({ by, reason, atMs, untilMs }: StoredAcknowledgement) => ({
  by,
  reason,
  at: isoOf(atMs),
  until: untilMs === null ? null : isoOf(untilMs),
})

function stateToJson(
  transition: StoredTransition,
  tenant: string,
  { controls, states }: { controls: AlertControls; states: AlertStates },
  publicUrl: string | null,
  nowMs: number,
): AlertStateJson {
  const acknowledged = transition.to === 'firing' ? controls.acknowledgement(tenant, transition.incidentId) : null
  const silenced = transition.to === 'firing' ? silencing(controls.all(), tenant, transition, nowMs) : []
  return {
    ...transitionToJson(transition, tenant, states, publicUrl),
    acknowledged: acknowledged === null ? null : acknowledgementToJson(acknowledged),
    silencedBy: silenced.map(({ id }) => id),
  }
}
