/** What was found out about a firing, on its way to those who were told of it. */
import { expect, test } from 'vitest'
import type { AlertInvestigation } from '../engine/alerting/investigation/investigation.ts'
import { SAMPLE_INVESTIGATION } from '../engine/alerting/investigation/sample.ts'
import { NOTIFICATIONS } from '../storage/log/topics.ts'
import {
  alertOf,
  all,
  bench,
  evaluator,
  manager,
  planOf,
  results,
  until,
  useAlertBench,
} from '../test/support/alert-bench.ts'
import { ROUTING_KEY, startPagerDutyServer } from '../test/support/pagerduty-server.ts'
import { BOT_TOKEN, startSlackApiServer } from '../test/support/slack-api-server.ts'
import { textOf } from '../test/support/slack-server.ts'
import { parseNotification } from './notification.ts'
import { createReceivers, NO_RECEIVERS } from './receivers/config.ts'

useAlertBench()

const LINE =
  'tool refund: in 46 of 50 failing traces (92%), in 12 of 400 passing (3%); 29.6 times as often [17.1 to 51.2]; with it model gpt-5-mini'

async function tell(found: AlertInvestigation = SAMPLE_INVESTIGATION): Promise<void> {
  const [record] = await until('the notification', async () => {
    const records = await all(NOTIFICATIONS)
    return records.length > 0 && records
  })
  const parsed = parseNotification(record!.value)
  if (!parsed.ok || parsed.notification.kind !== 'alert') throw new Error('no alert')
  const { alertId, incidentId } = parsed.notification.transition
  const id = `default/${incidentId}/investigated`
  const what = { kind: 'investigation', id, alertId, incidentId, investigation: found }
  const value = { version: 1, tenant: 'default', route: { receiver: 'console', target: '' }, routes: [], ...what }
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  await bench.log.append(NOTIFICATIONS, [{ key: 'default/console:', value: bytes, headers: { tenant: 'default' } }])
}

test('it is told once to whoever was told of the firing, however often it is written', async () => {
  await evaluator()
  await results({ verdict: 'fail' })
  const running = await manager()
  await bench.slack.waitFor(1)
  expect(textOf(bench.slack.messages[0]!)).not.toContain('investigated')
  await tell()
  await bench.slack.waitFor(2)
  expect(textOf(bench.slack.messages[1]!)).toContain(LINE)
  expect(textOf(bench.slack.messages[1]!)).toContain('Investigated: An answer leaks personal data')
  await tell({ ...SAMPLE_INVESTIGATION, outcome: 'nothing', findings: [] })
  await until('the repetition', async () => running.stats().repeated === 1)
  expect(bench.slack.messages).toHaveLength(2)
})

test('a bot says it in the thread, and the first message has it from then on', async () => {
  const api = await startSlackApiServer()
  const slack = { ...NO_RECEIVERS.slack, botToken: BOT_TOKEN, apiUrl: api.baseUrl }
  const settings = { ...NO_RECEIVERS, allowPrivate: ['127.0.0.1'], slack }
  const receivers = createReceivers(settings, { apiUrl: () => 'http://127.0.0.1:3000', nowMs: () => bench.clockMs })
  await evaluator()
  await results({ verdict: 'fail' })
  await manager({ receivers })
  await until('the firing', async () => api.posts.length === 1)
  await tell()
  await until('the update', async () => api.posts[0]?.versions === 2)
  const [first, reply] = api.posts.map((post) => ({
    ...post,
    text: textOf({ path: '', atMs: 0, payload: post.payload }),
  }))
  expect(reply).toMatchObject({ threadTs: first!.ts })
  expect(reply!.text).toContain(LINE)
  expect(first!.text).toContain('Firing: An answer leaks personal data')
  expect(first!.text).toContain(LINE)
  await api.close()
})

test('an incident of PagerDuty has it in its details, and is no second one', async () => {
  const server = await startPagerDutyServer()
  const pagerduty = { ...NO_RECEIVERS.pagerduty, url: server.enqueueUrl, routingKey: ROUTING_KEY }
  const settings = { ...NO_RECEIVERS, allowPrivate: ['127.0.0.1'], pagerduty }
  const receivers = createReceivers(settings, { apiUrl: () => null, nowMs: () => bench.clockMs })
  bench.plan = planOf(alertOf({ notify: [{ receiver: 'pagerduty', target: 'shop' }] }))
  await evaluator()
  await results({ verdict: 'fail' })
  const running = await manager({ receivers })
  await until('the incident', async () => server.events.length === 1)
  expect(server.events[0]!.payload!.custom_details).not.toHaveProperty('investigation')
  await tell()
  await until('the investigation', async () => server.events.length === 2)
  const [opened, investigated] = server.events
  expect(investigated).toMatchObject({ event_action: 'trigger', dedup_key: opened!.dedup_key })
  expect(investigated!.payload!.custom_details).toMatchObject({ investigation: expect.arrayContaining([LINE]) })
  await tell()
  await until('the repetition', async () => running.stats().repeated === 1)
  expect(server.events).toHaveLength(2)
  expect(server.incidents).toMatchObject([{ state: 'triggered', triggers: 2 }])
  await server.close()
})
