import { expect, test } from 'vitest'
import { receiversFromEnv } from './config.ts'

test('receivers are configured by the environment, and a wrong address is named without being shown', () => {
  const context = { apiUrl: () => null, nowMs: () => 0 }
  const outcome = receiversFromEnv({ ASSAY_SLACK_WEBHOOK_URL_OPS: 'hooks.slack.com/secret' }, context)
  expect(outcome).toEqual({ ok: false, problems: ['ASSAY_SLACK_WEBHOOK_URL_OPS must be an http or https address'] })
  const none = receiversFromEnv({}, context)
  expect(none.ok && none.receivers.find({ receiver: 'slack', target: '#x' })).toBeNull()
  expect(none.ok && none.receivers.hint({ receiver: 'slack', target: '#a-b' })).toBe(
    'set ASSAY_SLACK_WEBHOOK_URL or ASSAY_SLACK_WEBHOOK_URL_A_B',
  )
})
