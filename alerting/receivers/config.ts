/** Receivers from the environment. Secrets stay in it: messages name the variable, never its value. */
import type { Route } from '../notification.ts'
import type { Fetch } from './post-json.ts'
import type { Receiver, Receivers } from './receiver.ts'
import { slackReceiver } from './slack.ts'

export const SLACK_VARIABLE = 'ASSAY_SLACK_WEBHOOK_URL'

/** `#checkout-alerts` → `ASSAY_SLACK_WEBHOOK_URL_CHECKOUT_ALERTS`. */
export const slackVariableOf = (channel: string): string =>
  `${SLACK_VARIABLE}_${channel
    .replace(/^[#@]/, '')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .toUpperCase()}`

export interface ReceiverContext {
  /** Base address of the API for links, without a slash at the end; null while unknown. */
  apiUrl: () => string | null
  fetch?: Fetch
  nowMs: () => number
}

/**
 * `ASSAY_SLACK_WEBHOOK_URL` serves every channel that has no `ASSAY_SLACK_WEBHOOK_URL_<CHANNEL>` of its own. Each wrong
 * variable gives one problem.
 */
export function receiversFromEnv(
  env: Readonly<Record<string, string | undefined>>,
  context: ReceiverContext,
): { ok: true; receivers: Receivers } | { ok: false; problems: string[] } {
  const problems: string[] = []
  const slack = new Map<string, Receiver>()
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === '' || !(name === SLACK_VARIABLE || name.startsWith(`${SLACK_VARIABLE}_`)))
      continue
    if (!/^https?:$/.test(URL.parse(value)?.protocol ?? '')) {
      problems.push(`${name} must be an http or https address`)
      continue
    }
    slack.set(
      name,
      slackReceiver({ webhookUrl: value, apiUrl: context.apiUrl, fetch: context.fetch ?? fetch, nowMs: context.nowMs }),
    )
  }
  if (problems.length > 0) return { ok: false, problems }
  const find = (route: Route): Receiver | null =>
    route.receiver === 'slack' ? (slack.get(slackVariableOf(route.target)) ?? slack.get(SLACK_VARIABLE) ?? null) : null
  const hint = (route: Route): string | null => {
    switch (route.receiver) {
      case 'slack':
        return `set ${SLACK_VARIABLE} or ${slackVariableOf(route.target)}`
      case 'pagerduty':
      case 'webhook':
      case 'teams':
      case 'email':
      case 'alertmanager':
        return `${route.receiver} receivers are not available yet`
      case 'console':
        return null
    }
  }
  return { ok: true, receivers: { find, hint } }
}
