import { expect, test } from 'vitest'
import { createReceivers } from './config.ts'

test('a route without an address has none, and its hint says what to set', () => {
  const none = { slackUrl: null, slackUrlByChannel: new Map<string, string>() }
  const receivers = createReceivers(none, { apiUrl: () => null, nowMs: () => 0 })
  expect(receivers.find({ receiver: 'slack', target: '#x' })).toBeNull()
  expect(receivers.hint({ receiver: 'slack', target: '#a-b' })).toBe(
    'set ASSAY_SLACK_WEBHOOK_URL or ASSAY_SLACK_WEBHOOK_URL_A_B',
  )
})

test('a channel of its own goes by any form of its name', () => {
  const settings = { slackUrl: null, slackUrlByChannel: new Map([['a-b', 'https://hooks.example.org/ab']]) }
  const receivers = createReceivers(settings, { apiUrl: () => null, nowMs: () => 0 })
  expect(receivers.find({ receiver: 'slack', target: '#A_b' })).not.toBeNull()
  expect(receivers.find({ receiver: 'slack', target: '#c' })).toBeNull()
})
