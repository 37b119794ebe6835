/** Where messages to people go, by the words of `notify:`. */
import { problemOfAllowed } from '../../../alerting/outbound/private-addresses.ts'
import { canonicalName, type ReceiverSettings } from '../../../alerting/receivers/config.ts'
import { PAGERDUTY_URL } from '../../../alerting/receivers/pagerduty.ts'
import { SLACK_API_URL } from '../../../alerting/receivers/slack-bot.ts'
import { engineUrl, type Secret, secretHttpUrl, secretText } from '../secret.ts'
import { each, group, type Kind, setting, type ValueOf } from '../setting.ts'
import { httpUrl, list, optional, text } from '../values.ts'

const slack = group('Slack, by incoming webhooks or by a bot of its own.', {
  webhookUrl: setting(optional(secretHttpUrl), {
    about: 'serves every channel without an address of its own',
    default: null,
    without: 'printed',
    variables: ['ASSAY_SLACK_WEBHOOK_URL'],
  }),
  channels: each({
    about: 'Channels with addresses of their own.',
    name: 'CHANNEL',
    nameOf: canonicalName,
    member: setting(optional(secretHttpUrl), {
      about: "the channel's; in a variable's name it stands in capitals, each run of other characters as `_`",
      default: null,
      variables: ['ASSAY_SLACK_WEBHOOK_URL_*'],
    }),
  }),
  botToken: setting(optional(secretText), {
    about:
      'of a bot with `chat:write` (and `files:write` for images): threads, and first messages that are kept up to date; serves channels without an address of their own, before `webhookUrl`',
    default: null,
    without: 'webhooks alone',
    variables: ['ASSAY_SLACK_BOT_TOKEN'],
  }),
  apiUrl: setting(httpUrl('https://slack.com/api'), {
    about: "base of Slack's methods",
    default: SLACK_API_URL,
    variables: ['ASSAY_SLACK_API_URL'],
  }),
})

const pagerduty = group("PagerDuty's Events API v2.", {
  routingKey: setting(optional(secretText), {
    about: 'the integration key of every service without one of its own',
    default: null,
    without: 'printed',
    variables: ['ASSAY_PAGERDUTY_ROUTING_KEY'],
  }),
  services: each({
    about: 'Services with integration keys of their own.',
    name: 'SERVICE',
    nameOf: canonicalName,
    member: setting(optional(secretText), {
      about: "the service's integration key",
      default: null,
      variables: ['ASSAY_PAGERDUTY_ROUTING_KEY_*'],
    }),
  }),
  url: setting(httpUrl('https://events.eu.pagerduty.com/v2/enqueue'), {
    about: 'where events are sent: another for accounts in the EU',
    default: PAGERDUTY_URL,
    variables: ['ASSAY_PAGERDUTY_URL'],
  }),
})

const webhook = group('Webhooks of your own, which get what Alertmanager sends to webhooks.', {
  secret: setting(optional(secretText), {
    about: 'signs each request to an endpoint without a secret of its own',
    default: null,
    without: 'not signed',
    variables: ['ASSAY_WEBHOOK_SECRET'],
  }),
  endpoints: each({
    about: 'Endpoints by name: `webhook("NAME")`.',
    name: 'ENDPOINT',
    nameOf: canonicalName,
    member: group('An endpoint.', {
      url: setting(optional(secretHttpUrl), {
        about: 'its address',
        default: null,
        variables: ['ASSAY_WEBHOOK_*_URL'],
      }),
      secret: setting(optional(secretText), {
        about: 'signs its requests',
        default: null,
        variables: ['ASSAY_WEBHOOK_*_SECRET'],
      }),
    }),
  }),
})

const teams = group('Microsoft Teams, by webhooks of Workflows.', {
  webhookUrl: setting(optional(secretHttpUrl), {
    about: 'serves every name without an address of its own',
    default: null,
    without: 'printed',
    variables: ['ASSAY_TEAMS_WEBHOOK_URL'],
  }),
  channels: each({
    about: 'Names with addresses of their own.',
    name: 'NAME',
    nameOf: canonicalName,
    member: setting(optional(secretHttpUrl), {
      about: 'the address',
      default: null,
      variables: ['ASSAY_TEAMS_WEBHOOK_URL_*'],
    }),
  }),
})

const email = group(
  'E-mail, by a server that takes mail.',
  {
    smtpUrl: setting(optional(smtpUrl()), {
      about: 'the server; `smtps:` speaks TLS from the start, `smtp:` from STARTTLS on where the server has it',
      default: null,
      without: 'printed',
      variables: ['ASSAY_SMTP_URL'],
    }),
    from: setting(optional(text('an address, such as Assay <assay@example.com>')), {
      about: 'who the mail is from',
      default: null,
      variables: ['ASSAY_EMAIL_FROM'],
    }),
  },
  ({ smtpUrl, from }) =>
    smtpUrl !== null && from === null
      ? [{ path: 'alerts.receivers.email.smtpUrl', message: 'needs alerts.receivers.email.from beside it' }]
      : [],
)

function smtpUrl(): Kind<Secret> {
  return engineUrl('smtp://host:587', (given) => {
    const url = URL.parse(given)
    return url !== null && /^smtps?:$/.test(url.protocol) && url.hostname !== ''
      ? null
      : 'must look like smtp://host:587 or smtps://user:password@host'
  })
}

const alertmanager = each({
  about: 'Alertmanagers by name: `alertmanager("NAME")`.',
  name: 'NAME',
  nameOf: canonicalName,
  member: group("Prometheus' Alertmanager, API v2.", {
    url: setting(optional(httpUrl('http://alertmanager:9093')), {
      about: 'its address, without `/api/v2`',
      default: null,
      variables: ['ASSAY_ALERTMANAGER_*_URL'],
    }),
    token: setting(optional(secretText), {
      about: 'a bearer token',
      default: null,
      without: 'none is sent',
      variables: ['ASSAY_ALERTMANAGER_*_TOKEN'],
    }),
  }),
})

export const receivers = group('By the names that `notify:` uses.', {
  slack,
  pagerduty,
  webhook,
  teams,
  email,
  alertmanager,
})

const privateHost: Kind<string> = {
  takes: 'a host, an address, or a network such as `10.0.0.0/8`',
  schema: (origin) =>
    text('a host, an address or a network')
      .schema(origin)
      .superRefine((entry, context) => {
        const problem = problemOfAllowed(entry)
        if (problem !== null) context.addIssue({ code: 'custom', message: problem })
      }),
}

export const allowPrivate = setting(list(privateHost), {
  about:
    'what messages may go to although it is not on the public internet: without this no rule can make Assay speak to the machines beside it',
  default: [],
  without: 'nothing',
  variables: ['ASSAY_ALERTS_ALLOW_PRIVATE'],
})

const revealed = (secrets: ReadonlyMap<string, Secret | null>): ReadonlyMap<string, string> =>
  new Map([...secrets].flatMap(([name, secret]) => (secret === null ? [] : [[name, secret.reveal()]])))

export function receiverSettingsOf(
  { slack, pagerduty, webhook, teams, email, alertmanager }: ValueOf<typeof receivers>,
  allowPrivate: readonly string[],
): ReceiverSettings {
  const smtpUrl = email.smtpUrl?.reveal() ?? null
  return {
    allowPrivate,
    slack: {
      webhookUrl: slack.webhookUrl?.reveal() ?? null,
      webhookUrlByChannel: revealed(slack.channels),
      botToken: slack.botToken?.reveal() ?? null,
      apiUrl: slack.apiUrl,
    },
    pagerduty: {
      routingKey: pagerduty.routingKey?.reveal() ?? null,
      routingKeyByService: revealed(pagerduty.services),
      url: pagerduty.url,
    },
    webhook: {
      secret: webhook.secret?.reveal() ?? null,
      endpoints: new Map(
        [...webhook.endpoints].map(([name, { url, secret }]) => [
          name,
          { url: url?.reveal() ?? null, secret: secret?.reveal() ?? null },
        ]),
      ),
    },
    teams: { webhookUrl: teams.webhookUrl?.reveal() ?? null, webhookUrlByName: revealed(teams.channels) },
    email: smtpUrl === null || email.from === null ? null : { smtpUrl, from: email.from },
    alertmanager: new Map(
      [...alertmanager].map(([name, { url, token }]) => [name, { url, token: token?.reveal() ?? null }]),
    ),
  }
}
