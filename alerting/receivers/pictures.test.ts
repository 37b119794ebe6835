/** Charts and scorecards as pictures beside messages: shown where they can be, and never in the way of the message. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SAMPLE_SCORECARD } from '../../engine/scorecard/sample.ts'
import { type MailServer, startMailServer } from '../../test/support/mail-server.ts'
import { startReceiverServer } from '../../test/support/receiver-server.ts'
import { BOT_TOKEN, type SlackApiServer, startSlackApiServer } from '../../test/support/slack-api-server.ts'
import { startSlackServer, textOf } from '../../test/support/slack-server.ts'
import { cardTextOf, startTeamsServer } from '../../test/support/teams-server.ts'
import type { Route } from '../notification.ts'
import { createReceivers, NO_RECEIVERS, type ReceiverContext, type ReceiverSettings } from './config.ts'
import type { AlertEvent, AlertMessage, Delivery, NoticeMessage } from './receiver.ts'
import { sampleMessage } from './sample.ts'

const nowMs = Date.UTC(2026, 10, 21, 10)
const slackRoute: Route = { receiver: 'slack', target: '#shop' }
const mailRoute: Route = { receiver: 'email', target: 'shop@example.com' }
const isPng = (bytes: Uint8Array): boolean => Buffer.from(bytes).subarray(1, 4).toString() === 'PNG'

function alertOf(route: Route, event: AlertEvent, ref: string | null): AlertMessage {
  const message = sampleMessage({
    id: 'shop/leak@1',
    tenant: 'default',
    route,
    event,
    atMs: nowMs,
    sinceMs: nowMs - 60_000,
    ref,
  })
  const points = [0, 0, 1, 4].map((value, i) => [nowMs - (3 - i) * 60_000, value] as const)
  return {
    ...message,
    items: message.items.map((item) => ({ ...item, transition: { ...item.transition, trend: { points } } })),
  }
}

const cardOf = (route: Route): NoticeMessage => ({
  kind: 'notice',
  id: 'default/scorecard/support/weekly@2026-11-23T09:00:00.000Z',
  tenant: 'default',
  route,
  atMs: nowMs,
  notice: {
    id: 'scorecard/support/weekly@2026-11-23T09:00:00.000Z',
    title: "The support agent's week",
    severity: 'info',
    lines: ['pass_rate(fast): 90.48%'],
    atMs: nowMs,
    scorecard: SAMPLE_SCORECARD,
  },
})

const problems: string[] = []
let slack: SlackApiServer
let mail: MailServer

beforeEach(async () => {
  problems.length = 0
  slack = await startSlackApiServer()
  mail = await startMailServer()
})
afterEach(async () => {
  await slack.close()
  await mail.close()
})

function receiversWith(more: Partial<ReceiverContext> = {}, settings: Partial<ReceiverSettings> = {}) {
  return createReceivers(
    {
      ...NO_RECEIVERS,
      allowPrivate: ['127.0.0.1'],
      slack: { ...NO_RECEIVERS.slack, botToken: BOT_TOKEN, apiUrl: slack.baseUrl },
      email: { smtpUrl: mail.url, from: 'assay@example.com' },
      ...settings,
    },
    {
      apiUrl: () => 'https://assay.example',
      nowMs: () => nowMs,
      onProblem: (text) => problems.push(text),
      ...more,
    },
  )
}

const refOf = (delivery: Delivery): string => {
  if (delivery.kind !== 'delivered' || delivery.ref === undefined) expect.fail(`not delivered: ${delivery.kind}`)
  return delivery.ref
}

describe('the Slack bot', () => {
  test('uploads the chart of a firing and of its end into the thread', async () => {
    const receivers = receiversWith()
    const receiver = receivers.find(slackRoute)!
    const ref = refOf(await receiver.deliver(alertOf(slackRoute, 'firing', null)))
    await receiver.deliver(alertOf(slackRoute, 'reminder', ref))
    await receiver.deliver(alertOf(slackRoute, 'resolved', ref))
    await receivers.settled?.()
    expect(problems).toEqual([])
    expect(slack.files.map(({ name, channel, threadTs }) => [name, channel, threadTs])).toEqual([
      ['chart-1.png', 'CSHOP', slack.posts[0]!.ts],
      ['chart-1.png', 'CSHOP', slack.posts[0]!.ts],
    ])
    expect(slack.files.every(({ bytes }) => isPng(bytes))).toBe(true)
  })

  test('posts a scorecard in blocks, with its picture in the thread', async () => {
    const receivers = receiversWith()
    await receivers.find(slackRoute)!.deliver(cardOf(slackRoute))
    await receivers.settled?.()
    const [post] = slack.posts
    expect(textOf({ path: '', atMs: 0, payload: post!.payload })).toContain(
      '`pass_rate(fast)`  *90.48%* (85.75% to 93.75%)',
    )
    expect(textOf({ path: '', atMs: 0, payload: post!.payload })).toContain('https://assay.example/traces/abab')
    expect(slack.files.map(({ name, threadTs }) => [name, threadTs])).toEqual([['scorecard.png', post!.ts]])
  })

  test('has told the message before it draws, and whatever comes of the picture', async () => {
    const { promise: never, reject } = Promise.withResolvers<Uint8Array>()
    const receivers = receiversWith({ draw: () => never })
    const delivered = await receivers.find(slackRoute)!.deliver(alertOf(slackRoute, 'firing', null))
    expect(delivered.kind).toBe('delivered')
    expect(slack.posts).toHaveLength(1)
    reject(new Error('no fonts here'))
    await receivers.settled?.()
    expect(problems).toEqual(['a picture could not be drawn and is left out: no fonts here'])
  })

  test.each(['files.getUploadURLExternal', 'files.completeUploadExternal'])(
    'where %s is refused the message stands, and it is said',
    async (method) => {
      slack.refuse('missing_scope', method)
      const receivers = receiversWith()
      expect((await receivers.find(slackRoute)!.deliver(alertOf(slackRoute, 'firing', null))).kind).toBe('delivered')
      await receivers.settled?.()
      expect(slack.posts).toHaveLength(1)
      expect(problems.join()).toContain('missing_scope')
    },
  )
})

describe('e-mail', () => {
  test('shows the chart of an alert in the mail', async () => {
    await receiversWith()
      .find(mailRoute)!
      .deliver(alertOf(mailRoute, 'firing', null))
    const { source } = mail.mails[0]!
    expect(source).toMatch(/content-id: <chart-1.png@assay>/i)
    expect(source.replaceAll('=\r\n', '')).toContain('src=3D"cid:chart-1.png@assay"')
    expect(source).toContain('iVBORw0KGgo')
  })

  test('shows a scorecard as a page, with its picture in the mail and as text', async () => {
    await receiversWith().find(mailRoute)!.deliver(cardOf(mailRoute))
    const { source } = mail.mails[0]!
    const plain = source.replaceAll('=\r\n', '')
    expect(plain).toContain('src=3D"cid:scorecard.png@assay"')
    expect(plain).toContain('<code>pass_rate(fast)</code>')
    expect(plain).toContain('pass_rate(fast): 90.48% [85.75% to 93.75%]')
  })

  test('goes without a picture that cannot be drawn', async () => {
    const draw = () => Promise.reject(new Error('no fonts here'))
    const delivered = await receiversWith({ draw })
      .find(mailRoute)!
      .deliver(alertOf(mailRoute, 'firing', null))
    expect(delivered.kind).toBe('delivered')
    expect(mail.mails[0]!.source).not.toContain('cid:')
    expect(problems).toHaveLength(1)
  })
})

test('a scorecard in Teams, by a webhook of Slack, and as JSON', async () => {
  const [teams, hook] = await Promise.all([startTeamsServer(), startSlackServer()])
  const bodies: Buffer[] = []
  const other = await startReceiverServer(({ body }) => {
    bodies.push(body)
    return { status: 204, body: '' }
  })
  const receivers = receiversWith(
    {},
    {
      teams: { ...NO_RECEIVERS.teams, webhookUrl: teams.webhookUrl },
      slack: { ...NO_RECEIVERS.slack, webhookUrl: hook.url() },
    },
  )
  const routes: Route[] = [
    { receiver: 'teams', target: 'support' },
    slackRoute,
    { receiver: 'webhook', target: `${other.url}/hook` },
  ]
  for (const route of routes) expect((await receivers.find(route)!.deliver(cardOf(route))).kind).toBe('delivered')
  expect(cardTextOf(teams.cards[0]!)).toContain('pass_rate(fast): 90.48% (85.75% to 93.75%), ≈ -4.52pp against before')
  expect(textOf(hook.messages[0]!)).toContain('Judges cost 1.25 USD')
  expect(JSON.parse(bodies[0]!.toString())).toMatchObject({ event: 'scorecard', scorecard: SAMPLE_SCORECARD })
  for (const server of [teams, hook, other]) await server.close()
})
