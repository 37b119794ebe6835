/** Silences, acknowledgements, inhibition, escalation, grouping and reminders, through a real log to real servers. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { when } from '../../engine/alerting/alert-fixture.ts'
import { silencing } from '../../engine/alerting/silence.ts'
import { type OpenAlerts, openAlerts } from '../../storage/alerts/open-alerts.ts'
import {
  alertOf,
  bench,
  evaluator,
  manager,
  minute,
  planOf,
  results,
  until,
  useAlertBench,
} from '../../test/support/alert-bench.ts'
import { type PagerDutyServer, ROUTING_KEY, startPagerDutyServer } from '../../test/support/pagerduty-server.ts'
import { textOf } from '../../test/support/slack-server.ts'
import { createReceivers, NO_RECEIVERS } from '../receivers/config.ts'
import type { Receivers } from '../receivers/receiver.ts'

useAlertBench()

let pagerduty: PagerDutyServer
let alerts: OpenAlerts

beforeEach(async () => {
  pagerduty = await startPagerDutyServer()
  alerts = await openAlerts({ log: bench.log, nowMs: () => bench.clockMs, onProblem: () => {} })
})
afterEach(async () => {
  await alerts.close()
  await pagerduty.close()
})

const receivers = (): Receivers =>
  createReceivers(
    {
      ...NO_RECEIVERS,
      allowPrivate: ['127.0.0.1'],
      slack: { ...NO_RECEIVERS.slack, webhookUrl: bench.slack.url() },
      pagerduty: { ...NO_RECEIVERS.pagerduty, url: pagerduty.enqueueUrl, routingKey: ROUTING_KEY },
    },
    { apiUrl: () => null, nowMs: () => bench.clockMs },
  )

const slack = { receiver: 'slack', target: '#shop' } as const
const pager = { receiver: 'pagerduty', target: 'shop' } as const
const heads = (): string[] => bench.slack.messages.map((message) => textOf(message).split(' (')[0]!)
const silenceOf = (untilMs: number) => ({
  id: 'one',
  tenant: 'default',
  matchers: { alert: 'shop/*', labels: {} },
  fromMs: bench.clockMs,
  untilMs,
  every: null,
  by: 'ann',
  reason: 'deploy',
  createdAtMs: bench.clockMs,
  expiredBy: null,
})

test('a silenced alert is told when the silence is over, if it still fires', async () => {
  await alerts.controls.putSilence(silenceOf(bench.clockMs + 60 * minute))
  await evaluator()
  const started = await manager({ receivers: receivers() })
  await results({ verdict: 'fail' })
  await until('the mute', async () => started.stats().muted === 1)
  expect(bench.slack.messages).toHaveLength(0)
  expect(
    silencing(
      alerts.controls.all(),
      'default',
      { ...alertOf(), alertId: 'shop/leak', evalId: '', group: {} },
      bench.clockMs,
    )?.by,
  ).toBe('ann')
  bench.clockMs += 61 * minute
  await bench.slack.waitFor(1)
  expect(heads()).toEqual(['Firing: An answer leaks personal data'])
})

test('a page silences the tickets of its eval; they are told when it is over', async () => {
  bench.plan = planOf(
    alertOf({ notify: [pager] }),
    alertOf({
      id: 'shop/ticket',
      title: 'A ticket',
      severity: 'ticket',
      noData: { kind: 'keep' },
      notify: [slack],
      forNs: 0,
    }),
  )
  await evaluator()
  const started = await manager({ receivers: receivers() })
  await results({ verdict: 'fail' })
  await until('the page', async () => pagerduty.incidents.length === 1)
  await until('the mute', async () => started.stats().muted === 1)
  expect(bench.slack.messages).toHaveLength(0)
})

test('an acknowledgement is told, and ends reminders and escalation', async () => {
  bench.plan = planOf(alertOf({ notify: [slack] }))
  const rule = { match: { severity: 'page' as const, labels: {} }, during: null, afterMs: 15 * minute, notify: [pager] }
  await evaluator()
  await manager({
    receivers: receivers(),
    rules: [rule],
    timing: { repeatMs: { page: 60 * minute, ticket: null, info: null } },
  })
  await results({ verdict: 'fail' })
  await bench.slack.waitFor(1)
  await alerts.states.refresh()
  const [firing] = alerts.states.current('default')
  const ack = {
    tenant: 'default',
    incidentId: firing!.incidentId!,
    alertId: 'shop/leak',
    by: 'ann',
    reason: null,
    atMs: bench.clockMs,
  }
  await alerts.controls.acknowledge(ack)
  await bench.slack.waitFor(2)
  bench.clockMs += 3 * 60 * minute
  await results({ verdict: 'pass' })
  await bench.slack.waitFor(3)
  expect(heads()).toEqual([
    'Firing: An answer leaks personal data',
    'Acknowledged: An answer leaks personal data',
    'Resolved: An answer leaks personal data',
  ])
  expect(pagerduty.events).toHaveLength(0)
})

test('without one it is told again, and escalated once; the escalation hears of the end', async () => {
  bench.plan = planOf(alertOf({ notify: [slack], when: when('rate', 'fail', '>', 0.5) }))
  const rule = { match: { labels: {} }, during: null, afterMs: 15 * minute, notify: [pager] }
  await evaluator()
  await manager({
    receivers: receivers(),
    rules: [rule],
    timing: { repeatMs: { page: 60 * minute, ticket: null, info: null } },
  })
  await results({ verdict: 'fail' })
  await bench.slack.waitFor(1)
  bench.clockMs += 16 * minute
  await until('the escalation', async () => pagerduty.incidents.length === 1)
  bench.clockMs += 61 * minute
  await bench.slack.waitFor(2)
  expect(heads()[1]).toBe('Still firing: An answer leaks personal data')
  await results({ verdict: 'pass' })
  await until('the end', async () => pagerduty.incidents[0]?.state === 'resolved')
  expect(pagerduty.incidents).toHaveLength(1)
})
