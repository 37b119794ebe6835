/** Silences, acknowledgements, inhibition, escalation, grouping and reminders, through a real log to real servers. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { when } from '../../engine/alerting/alert-fixture.ts'
import { silencing } from '../../engine/alerting/silence.ts'
import { parseWeeklyWindow } from '../../engine/alerting/weekly-window.ts'
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
    ).map(({ by }) => by),
  ).toEqual(['ann'])
  bench.clockMs += 61 * minute
  await bench.slack.waitFor(1)
  expect(heads()).toEqual(['Firing: An answer leaks personal data'])
})

/** A page that ends when nothing fails any more, and a ticket of the same eval that goes on. */
const pageAndTicket = () =>
  planOf(
    alertOf({ notify: [pager] }),
    alertOf({
      id: 'shop/ticket',
      title: 'A ticket',
      severity: 'ticket',
      when: when('rate', 'fail', '>', 0.5),
      noData: { kind: 'keep' },
      notify: [slack],
    }),
  )

test('a page silences the tickets of its eval; they are told when it is over', async () => {
  bench.plan = pageAndTicket()
  await evaluator()
  const started = await manager({ receivers: receivers() })
  await results({ verdict: 'fail' })
  await until('the page', async () => pagerduty.incidents.length === 1)
  await until('the mute', async () => started.stats().muted === 1)
  expect(bench.slack.messages).toHaveLength(0)
  bench.clockMs += 11 * minute
  await until('the end of the page', async () => pagerduty.incidents[0]?.state === 'resolved')
  await bench.slack.waitFor(1)
  expect(heads()).toEqual(['Firing: A ticket'])
  expect(started.stats().muted).toBe(0)
})

test('unless the settings say that pages silence nothing', async () => {
  bench.plan = pageAndTicket()
  await evaluator()
  await manager({ receivers: receivers(), inhibits: false })
  await results({ verdict: 'fail' })
  await until('the page', async () => pagerduty.incidents.length === 1)
  await bench.slack.waitFor(1)
  expect(heads()).toEqual(['Firing: A ticket'])
})

test('maintenance of certain hours holds back at these hours, each time that they come', async () => {
  const window = parseWeeklyWindow('daily 22:00-06:00 Europe/London')
  if (!window.ok) throw new Error(window.message)
  // 23:30 in London.
  bench.clockMs = Date.UTC(2026, 6, 1, 22, 30)
  await alerts.controls.putSilence({ ...silenceOf(bench.clockMs + 30 * 24 * 60 * minute), every: window.window })
  bench.plan = planOf(alertOf({ notify: [slack], noData: { kind: 'keep' }, when: when('rate', 'fail', '>', 0.5) }))
  await evaluator()
  const started = await manager({ receivers: receivers() })
  for (const night of [1, 2]) {
    await results({ verdict: 'fail' })
    await until(`the mute of night ${night}`, async () => started.stats().muted === 1)
    // 6:05 in London.
    bench.clockMs = Date.UTC(2026, 6, 1 + night, 5, 5)
    await bench.slack.waitFor(2 * night - 1)
    await results({ verdict: 'pass' })
    await bench.slack.waitFor(2 * night)
    bench.clockMs = Date.UTC(2026, 6, 1 + night, 22, 30)
  }
  const told = ['Firing: An answer leaks personal data', 'Resolved: An answer leaks personal data']
  expect(heads()).toEqual([...told, ...told])
})

test('an acknowledgement that is over lets reminders and escalation go on', async () => {
  const goesOn = when('rate', 'fail', '>', 0.5)
  const other = { id: 'shop/other', title: 'Another', on: { kind: 'eval' as const, evalId: 'shop/other' } }
  bench.plan = planOf(
    alertOf({ notify: [slack], when: goesOn }),
    alertOf({ ...other, severity: 'info', notify: [slack], when: goesOn }),
  )
  const rule = { match: { severity: 'page' as const, labels: {} }, during: null, afterMs: 15 * minute, notify: [pager] }
  await evaluator()
  const started = await manager({
    receivers: receivers(),
    rules: [rule],
    timing: { repeatMs: { page: 60 * minute, ticket: null, info: null } },
  })
  await results({ verdict: 'fail' })
  await bench.slack.waitFor(1)
  await acknowledge('ann', bench.clockMs + 120 * minute)
  await bench.slack.waitFor(2)
  expect(textOf(bench.slack.messages[1]!)).toMatch(/Acknowledged by ann until \S+ \S+ UTC/)
  bench.clockMs += 100 * minute
  await acknowledge('bob', bench.clockMs + 120 * minute)
  // Noted, too: at the time when it was.
  await until('the second one', async () => started.stats().delivered === 3)
  bench.clockMs += 119 * minute
  // In the same breath as what is told of another: so the manager has looked.
  await results({ verdict: 'fail', evalId: 'shop/other' })
  await bench.slack.waitFor(4)
  expect(pagerduty.events).toHaveLength(0)
  bench.clockMs += 2 * minute
  await bench.slack.waitFor(5)
  await until('the escalation', async () => pagerduty.incidents.length === 1)
  expect(heads()).toEqual([
    'Firing: An answer leaks personal data',
    'Acknowledged: An answer leaks personal data',
    'Acknowledged: An answer leaks personal data',
    'Firing: Another',
    'Still firing: An answer leaks personal data',
  ])
})

/** Of what fires. */
async function acknowledge(by: string, untilMs: number | null): Promise<void> {
  await alerts.states.refresh()
  const firing = alerts.states.current('default').find(({ alertId }) => alertId === 'shop/leak')
  const atMs = bench.clockMs
  const incidentId = firing!.incidentId!
  await alerts.controls.acknowledge({
    tenant: 'default',
    incidentId,
    alertId: 'shop/leak',
    by,
    reason: null,
    atMs,
    untilMs,
  })
}

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
  await acknowledge('ann', null)
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
