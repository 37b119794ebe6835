import { expect, test } from 'vitest'
import { createReceivers, NO_RECEIVERS, type ReceiverSettings } from './config.ts'

const context = { apiUrl: () => null, nowMs: () => 0 }
const slackOf = (over: Partial<ReceiverSettings['slack']>) =>
  createReceivers({ ...NO_RECEIVERS, slack: { ...NO_RECEIVERS.slack, ...over } }, context)

test('a route without an address has none, and its hint says what to set', () => {
  const receivers = createReceivers(NO_RECEIVERS, context)
  const hints = [
    ['slack', '#a-b', 'set ASSAY_SLACK_BOT_TOKEN, ASSAY_SLACK_WEBHOOK_URL or ASSAY_SLACK_WEBHOOK_URL_A_B'],
    ['pagerduty', 'shop', 'set ASSAY_PAGERDUTY_ROUTING_KEY or ASSAY_PAGERDUTY_ROUTING_KEY_SHOP'],
    ['webhook', 'my hook', 'set ASSAY_WEBHOOK_MY_HOOK_URL'],
    ['teams', 'shop', 'set ASSAY_TEAMS_WEBHOOK_URL or ASSAY_TEAMS_WEBHOOK_URL_SHOP'],
    ['email', 'ops@example.com', 'set ASSAY_SMTP_URL and ASSAY_EMAIL_FROM'],
    ['alertmanager', 'main', 'set ASSAY_ALERTMANAGER_MAIN_URL'],
    ['console', '', null],
  ] as const
  for (const [receiver, target, hint] of hints) {
    expect(receivers.find({ receiver, target })).toBeNull()
    expect(receivers.hint({ receiver, target })).toBe(hint)
  }
})

test('a channel of its own goes by any form of its name', () => {
  const receivers = slackOf({ webhookUrlByChannel: new Map([['a-b', 'https://hooks.example.org/ab']]) })
  expect(receivers.find({ receiver: 'slack', target: '#A_b' })).not.toBeNull()
  expect(receivers.find({ receiver: 'slack', target: '#c' })).toBeNull()
})

test('an address in a rule needs no configuration', () => {
  const receivers = createReceivers(NO_RECEIVERS, context)
  for (const receiver of ['webhook', 'teams', 'alertmanager'] as const)
    expect(receivers.find({ receiver, target: 'https://example.org/x' })).not.toBeNull()
})
