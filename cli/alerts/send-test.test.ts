import { afterEach, expect, test, vi } from 'vitest'
import { ROUTING_KEY, startPagerDutyServer } from '../../test/support/pagerduty-server.ts'
import { sendTest } from './send-test.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const output = (): { out: () => string; err: () => string } => {
  const written = { out: '', err: '' }
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.err += String(text)
    return true
  })
  return { out: () => written.out, err: () => written.err }
}

test('sends a firing and its end, and says what the receiver said', async () => {
  const server = await startPagerDutyServer()
  vi.stubEnv('ASSAY_PAGERDUTY_ROUTING_KEY', ROUTING_KEY)
  vi.stubEnv('ASSAY_PAGERDUTY_URL', server.enqueueUrl)
  vi.stubEnv('ASSAY_ALERTS_ALLOW_PRIVATE', '127.0.0.0/8')
  const { out, err } = output()
  expect(await sendTest('pagerduty("checkout")', {})).toBe(0)
  expect(out()).toBe('pagerduty("checkout") took both messages: a firing, and its end.\n')
  expect(server.incidents).toMatchObject([{ state: 'resolved', triggers: 1 }])
  server.fail({ status: 403, body: 'no' })
  expect(await sendTest('pagerduty:checkout', {})).toBe(1)
  expect(err()).toBe('pagerduty("checkout") did not take the firing message: HTTP 403 no\n')
  await server.close()
})

test.each([
  ['slack:ops', 'a channel begins with `#`'],
  ['sms:+44', 'must look like slack:#ops'],
  ['teams:ops', 'teams("ops") is not configured: set ASSAY_TEAMS_WEBHOOK_URL'],
])('%s is refused with what to do', async (route, told) => {
  const { err } = output()
  expect(await sendTest(route, {})).toBe(2)
  expect(err()).toContain(told)
})
