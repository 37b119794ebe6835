/** How often people are told, and who is told besides. */
import { z } from 'zod'
import type { RouteRule } from '../../../alerting/manager/route-rules.ts'
import type { AlertManagerOptions } from '../../../alerting/manager.ts'
import { parseWeeklyWindow } from '../../../engine/alerting/weekly-window.ts'
import { parseRoute } from '../route.ts'
import { group, setting, type ValueOf } from '../setting.ts'
import { boolean, shape, wholeNumber } from '../values.ts'

const WEEK_MINUTES = 7 * 24 * 60

const interval = (about: string, minutes: number, variable: string) =>
  setting(wholeNumber(0, WEEK_MINUTES), { about, default: minutes, variables: [variable] })

const routeRule = z
  .strictObject({
    match: z
      .strictObject({
        alert: z.string().optional(),
        eval: z.string().optional(),
        severity: z.enum(['page', 'ticket', 'info']).optional(),
        owner: z.string().optional(),
        labels: z.record(z.string(), z.string()).default({}),
      })
      .default({ labels: {} }),
    during: z.string().optional(),
    afterMinutes: z.number().min(0).max(WEEK_MINUTES).default(0),
    notify: z.array(z.string()).min(1),
  })
  .transform((rule, context): RouteRule => {
    const wrong = (message: string): never => {
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    }
    const during = rule.during === undefined ? null : parseWeeklyWindow(rule.during)
    if (during !== null && !during.ok) return wrong(`during ${during.message}`)
    const notify = rule.notify.map((text) => ({ text, parsed: parseRoute(text) }))
    const routes = notify.flatMap(({ parsed }) => (parsed.ok ? [parsed.route] : []))
    const bad = notify.find(({ parsed }) => !parsed.ok)
    if (bad !== undefined && !bad.parsed.ok) return wrong(`notify ${bad.text} ${bad.parsed.message}`)
    const { match, afterMinutes } = rule
    return { match, during: during?.window ?? null, afterMs: afterMinutes * 60_000, notify: routes }
  })

export const routing = {
  routes: setting(
    shape(
      'a list; each has `notify` (a list, `pagerduty:ops`), and as it wants `match` (`alert`, `eval`, `severity`, `owner`, `labels`; `*` is anything), `during` (`weekdays 22:00-06:00 Europe/London`) and `afterMinutes`',
      z.array(routeRule, 'must be a list of rules').readonly(),
    ),
    {
      about:
        'who is told besides those that the alert names: at certain hours, and with `afterMinutes` when it still fires after so long and nobody has acknowledged it',
      default: [],
      without: 'nobody',
    },
  ),
  groupSeconds: setting(wholeNumber(0, 3_600), {
    about: "after an alert's firing was told, its other groups wait so long, to be told together",
    default: 60,
    variables: ['ASSAY_ALERTS_GROUP_SECONDS'],
  }),
  repeat: group('After how many minutes a firing that nobody acknowledged is told again; 0 for never.', {
    pageMinutes: interval('of severity `page`', 240, 'ASSAY_ALERTS_REPEAT_PAGE_MINUTES'),
    ticketMinutes: interval('of severity `ticket`', 1_440, 'ASSAY_ALERTS_REPEAT_TICKET_MINUTES'),
    infoMinutes: interval('of severity `info`', 0, 'ASSAY_ALERTS_REPEAT_INFO_MINUTES'),
  }),
  inhibit: setting(boolean, {
    about: 'while a page fires, tickets on the same eval tell nobody',
    default: true,
    variables: ['ASSAY_ALERTS_INHIBIT'],
  }),
}

const orNever = (minutes: number): number | null => (minutes === 0 ? null : minutes * 60_000)

/** Passes to threads by structured clone. */
export type RoutingSettings = Required<Pick<AlertManagerOptions, 'rules' | 'timing' | 'inhibits' | 'systemRoutes'>>

export function routingOf(
  alerts: { [K in keyof typeof routing]: ValueOf<(typeof routing)[K]> },
  systemRoutes: RoutingSettings['systemRoutes'],
): RoutingSettings {
  const { pageMinutes, ticketMinutes, infoMinutes } = alerts.repeat
  return {
    rules: alerts.routes,
    inhibits: alerts.inhibit,
    systemRoutes,
    timing: {
      groupIntervalMs: alerts.groupSeconds * 1_000,
      repeatMs: { page: orNever(pageMinutes), ticket: orNever(ticketMinutes), info: orNever(infoMinutes) },
    },
  }
}
