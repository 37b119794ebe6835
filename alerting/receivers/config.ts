/** Receivers from settings: where messages go. Addresses are secrets and stand in no message. */
import type { Route } from '../notification.ts'
import type { Fetch } from './post-json.ts'
import type { Receiver, Receivers } from './receiver.ts'
import { slackReceiver } from './slack.ts'

/** Passes to threads by structured clone. */
export interface ReceiverSettings {
  /** Serves every channel that has no address of its own. */
  readonly slackUrl: string | null
  /** By `canonicalChannel`. */
  readonly slackUrlByChannel: ReadonlyMap<string, string>
}

/** `#checkout-alerts`, `CHECKOUT_ALERTS` → `checkout-alerts`: names of channels are compared in this form. */
export const canonicalChannel = (channel: string): string =>
  channel
    .replace(/^[#@]/, '')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .toLowerCase()

export interface ReceiverContext {
  /** Base address of the API for links, without a slash at the end; null while unknown. */
  apiUrl: () => string | null
  fetch?: Fetch
  nowMs: () => number
}

export function createReceivers(
  { slackUrl, slackUrlByChannel }: ReceiverSettings,
  context: ReceiverContext,
): Receivers {
  const { apiUrl, nowMs } = context
  const receiverAt = (webhookUrl: string): Receiver =>
    slackReceiver({ webhookUrl, apiUrl, fetch: context.fetch ?? fetch, nowMs })
  const slack = slackUrl === null ? null : receiverAt(slackUrl)
  const slackByChannel = new Map([...slackUrlByChannel].map(([channel, url]) => [channel, receiverAt(url)]))
  const find = (route: Route): Receiver | null =>
    route.receiver === 'slack' ? (slackByChannel.get(canonicalChannel(route.target)) ?? slack) : null
  const hint = (route: Route): string | null => {
    switch (route.receiver) {
      case 'slack':
        return `set ASSAY_SLACK_WEBHOOK_URL or ${variableOf(route.target)}`
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
  return { find, hint }
}

const variableOf = (channel: string): string =>
  `ASSAY_SLACK_WEBHOOK_URL_${canonicalChannel(channel).replaceAll('-', '_').toUpperCase()}`
