/** Receivers from settings: where messages go. Addresses are secrets and stand in no message. */
import { svgToPng } from '../../engine/images/png.ts'
import type { Route } from '../notification.ts'
import { type AddressPolicy, addressPolicy } from '../outbound/private-addresses.ts'
import type { Lookup } from '../outbound/resolve.ts'
import { createSend, type Send } from '../outbound/send.ts'
import { alertmanagerReceiver } from './alertmanager.ts'
import { Beside } from './beside.ts'
import { emailReceiver, type MailSettings } from './email.ts'
import { PAGERDUTY_URL, pagerDutyReceiver } from './pagerduty.ts'
import type { Draw } from './pictures.ts'
import type { Receiver, Receivers } from './receiver.ts'
import { slackReceiver } from './slack.ts'
import { SLACK_API_URL, slackBotReceiver } from './slack-bot.ts'
import { teamsReceiver } from './teams.ts'
import { webhookReceiver } from './webhook.ts'

/** Passes to threads by structured clone. Maps are by `canonicalName`. */
export interface ReceiverSettings {
  /** Hosts, addresses and networks that may be reached although they are private. */
  readonly allowPrivate: readonly string[]
  readonly slack: {
    /** Serves every channel that has no address of its own. */
    readonly webhookUrl: string | null
    readonly webhookUrlByChannel: ReadonlyMap<string, string>
    readonly botToken: string | null
    readonly apiUrl: string
  }
  readonly pagerduty: {
    readonly routingKey: string | null
    readonly routingKeyByService: ReadonlyMap<string, string>
    readonly url: string
  }
  readonly webhook: {
    /** Signs what goes to addresses that stand in rules. */
    readonly secret: string | null
    readonly endpoints: ReadonlyMap<string, { readonly url: string | null; readonly secret: string | null }>
  }
  readonly teams: { readonly webhookUrl: string | null; readonly webhookUrlByName: ReadonlyMap<string, string> }
  readonly email: MailSettings | null
  readonly alertmanager: ReadonlyMap<string, { readonly url: string | null; readonly token: string | null }>
}

export const NO_RECEIVERS: ReceiverSettings = {
  allowPrivate: [],
  slack: { webhookUrl: null, webhookUrlByChannel: new Map(), botToken: null, apiUrl: SLACK_API_URL },
  pagerduty: { routingKey: null, routingKeyByService: new Map(), url: PAGERDUTY_URL },
  webhook: { secret: null, endpoints: new Map() },
  teams: { webhookUrl: null, webhookUrlByName: new Map() },
  email: null,
  alertmanager: new Map(),
}

/** `#checkout-alerts`, `CHECKOUT_ALERTS` → `checkout-alerts`: names of channels and services are compared in this form. */
export const canonicalName = (name: string): string =>
  name
    .replace(/^[#@]/, '')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .toLowerCase()

export interface ReceiverContext {
  /** Base address of the API for links, without a slash at the end; null while unknown. */
  apiUrl: () => string | null
  nowMs: () => number
  /** For tests of names that resolve to what they should not. */
  lookup?: Lookup
  /** Pictures beside messages; by our own fonts unless told. */
  draw?: Draw
  /** Something was left out of a message; one line. */
  onProblem?: (text: string) => void
}

interface Tools {
  readonly apiUrl: () => string | null
  readonly nowMs: () => number
  readonly send: Send
  readonly policy: AddressPolicy
  readonly lookup: Lookup | undefined
  readonly draw: Draw
  readonly onProblem: (text: string) => void
  readonly beside: (work: () => Promise<void>) => void
}

export function createReceivers(settings: ReceiverSettings, context: ReceiverContext): Receivers {
  const policy = addressPolicy(settings.allowPrivate)
  const onProblem = context.onProblem ?? (() => {})
  const beside = new Beside(onProblem)
  const tools: Tools = {
    ...context,
    lookup: context.lookup,
    policy,
    send: createSend(policy, context.lookup),
    draw: context.draw ?? svgToPng,
    onProblem,
    beside: (work) => beside.begin(work),
  }
  const made = new Map<string, Receiver | null>()
  return {
    find: (route) => {
      const key = `${route.receiver} ${route.target}`
      const known = made.get(key)
      if (known !== undefined) return known
      const receiver = receiverFor(route, settings, tools)
      made.set(key, receiver)
      return receiver
    },
    hint,
    settled: () => beside.settled(),
  }
}

const isAddress = (target: string): boolean => /^https?:\/\//.test(target)

function receiverFor({ receiver, target }: Route, settings: ReceiverSettings, tools: Tools): Receiver | null {
  const name = canonicalName(target)
  switch (receiver) {
    case 'slack': {
      const { webhookUrl, webhookUrlByChannel, botToken: token, apiUrl: baseUrl } = settings.slack
      const own = webhookUrlByChannel.get(name)
      if (own !== undefined) return slackReceiver({ ...tools, webhookUrl: own })
      if (token !== null) return slackBotReceiver({ ...tools, token, baseUrl, channel: target })
      return webhookUrl === null ? null : slackReceiver({ ...tools, webhookUrl })
    }
    case 'pagerduty': {
      const { routingKey, routingKeyByService, url } = settings.pagerduty
      const key = routingKeyByService.get(name) ?? routingKey
      return key === null ? null : pagerDutyReceiver({ ...tools, url, routingKey: key })
    }
    case 'webhook': {
      const { secret } = settings.webhook
      if (isAddress(target)) return webhookReceiver({ ...tools, url: target, secret })
      const endpoint = settings.webhook.endpoints.get(name)
      if (endpoint === undefined || endpoint.url === null) return null
      return webhookReceiver({ ...tools, url: endpoint.url, secret: endpoint.secret ?? secret })
    }
    case 'teams': {
      const { webhookUrl, webhookUrlByName } = settings.teams
      const url = isAddress(target) ? target : (webhookUrlByName.get(name) ?? webhookUrl)
      return url === null ? null : teamsReceiver({ ...tools, url })
    }
    case 'email': {
      const { email } = settings
      const { lookup, ...rest } = tools
      if (email === null) return null
      return emailReceiver({ ...rest, ...email, to: target, ...(lookup !== undefined && { lookup }) })
    }
    case 'alertmanager': {
      if (isAddress(target)) return alertmanagerReceiver({ ...tools, url: target, token: null })
      const found = settings.alertmanager.get(name)
      if (found === undefined || found.url === null) return null
      return alertmanagerReceiver({ ...tools, url: found.url, token: found.token })
    }
    case 'console':
      return null
  }
}

function hint({ receiver, target }: Route): string | null {
  const variable = canonicalName(target).replaceAll('-', '_').toUpperCase()
  switch (receiver) {
    case 'slack':
      return `set ASSAY_SLACK_BOT_TOKEN, ASSAY_SLACK_WEBHOOK_URL or ASSAY_SLACK_WEBHOOK_URL_${variable}`
    case 'pagerduty':
      return `set ASSAY_PAGERDUTY_ROUTING_KEY or ASSAY_PAGERDUTY_ROUTING_KEY_${variable}`
    case 'webhook':
      return `set ASSAY_WEBHOOK_${variable}_URL`
    case 'teams':
      return `set ASSAY_TEAMS_WEBHOOK_URL or ASSAY_TEAMS_WEBHOOK_URL_${variable}`
    case 'email':
      return 'set ASSAY_SMTP_URL and ASSAY_EMAIL_FROM'
    case 'alertmanager':
      return `set ASSAY_ALERTMANAGER_${variable}_URL`
    case 'console':
      return null
  }
}
