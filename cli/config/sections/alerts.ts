import { canonicalChannel, type ReceiverSettings } from '../../../alerting/receivers/config.ts'
import { secretHttpUrl } from '../secret.ts'
import { each, group, setting, type ValueOf } from '../setting.ts'
import { optional } from '../values.ts'

const slack = group('Incoming webhooks of Slack.', {
  webhookUrl: setting(optional(secretHttpUrl), {
    about: 'serves every channel without an address of its own',
    default: null,
    without: 'printed',
    variables: ['ASSAY_SLACK_WEBHOOK_URL'],
  }),
  channels: each({
    about: 'Channels with addresses of their own.',
    name: 'CHANNEL',
    nameOf: canonicalChannel,
    member: setting(optional(secretHttpUrl), {
      about: "the channel's; in a variable's name it stands in capitals, each run of other characters as `_`",
      default: null,
      variables: ['ASSAY_SLACK_WEBHOOK_URL_*'],
    }),
  }),
})

export const alerts = group('Who is told when an alert fires.', {
  receivers: group('By the names that `notify:` uses.', { slack }),
})

export const receiversOf = ({ receivers: { slack } }: ValueOf<typeof alerts>): ReceiverSettings => ({
  slackUrl: slack.webhookUrl?.reveal() ?? null,
  slackUrlByChannel: new Map(
    [...slack.channels].flatMap(([channel, url]) => (url === null ? [] : [[channel, url.reveal()]])),
  ),
})
