/**
 * What a real firing says of the parts of the traffic: from results with labels in the log, through the evaluator, to the lines that receivers
 * show and the JSON of the API.
 */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compileText } from '../dsl/testing.ts'
import { alertTransitionSchema } from '../engine/alerting/transition-json.ts'
import { whyLines } from '../engine/alerting/why-text.ts'
import type { ResultFields } from '../engine/model/make-result.ts'
import { transitionToJson } from '../server/alert-json.ts'
import { ALERT_STATE, ALERTS } from '../storage/log/topics.ts'
import {
  all,
  bench,
  consumedAll,
  evaluator,
  manager,
  results,
  stop,
  until,
  useAlertBench,
} from '../test/support/alert-bench.ts'
import { textOf } from '../test/support/slack-server.ts'

useAlertBench()

const HOUR = 3_600_000
const EVAL = 'online eval fast { on: trace  score: duration  pass: score <= 8s }'

function watch(...alerts: string[]): void {
  const { plan, diagnostics } = compileText(`package shop\n${EVAL}\n${alerts.join('\n')}\n`)
  if (plan === null || plan === undefined) throw new Error(JSON.stringify(diagnostics))
  bench.plan = plan
}

interface Agent {
  agentName: string
  agentVersion: string
  perHour: number
  /** Of ten. */
  failing: number
  failingMs: number
}

let count = 0
/** An hour of the agents' traces, of which what passes takes a second or so. */
async function anHour(...agents: Agent[]): Promise<void> {
  bench.clockMs += HOUR
  const measureHash = bench.plan.evals[0]?.measureHash ?? ''
  await results(
    ...agents.flatMap(({ agentName, agentVersion, perHour, failing, failingMs }) =>
      Array.from({ length: perHour }, (): ResultFields => {
        const i = ++count
        // Evenly spread, and no hour like the other.
        const fails = (i * 7) % 10 < failing
        return {
          evalId: 'shop/fast',
          measureHash,
          agentName,
          agentVersion,
          env: 'prod',
          subjectKind: 'trace',
          spanId: '',
          verdict: fails ? 'fail' : 'pass',
          score: (fails ? failingMs : 1_000) + 25 * (i % 13),
        }
      }),
    ),
  )
}

async function hours(n: number, ...agents: Agent[]): Promise<void> {
  for (let hour = 0; hour < n; hour++) await anHour(...agents)
}

/** The alerts begin to watch, and find all at once what `feed` gives them: a checkpoint an hour would take long. */
async function watched(alerts: string[], feed: () => Promise<void>): Promise<void> {
  // Within an hour, and not at its end.
  bench.clockMs = 1_800_000_000_000 - (1_800_000_000_000 % HOUR) + HOUR / 6
  watch(...alerts)
  const first = await evaluator()
  await until('start', async () => (await all(ALERT_STATE)).length >= alerts.length)
  await stop(first)
  await feed()
  await evaluator()
  await until('reading', consumedAll)
  bench.clockMs += HOUR
}

const cart: Agent = { agentName: 'cart', agentVersion: '1.9', perHour: 12, failing: 1, failingMs: 9_000 }
const refund: Agent = { agentName: 'refund', agentVersion: '1.9', perHour: 24, failing: 1, failingMs: 9_000 }

async function firings() {
  const records = (await all(ALERTS)).filter(({ headers }) => headers.to === 'firing')
  const first = new Map(records.toReversed().map((record) => [record.headers.alert, record]))
  return [...first.values()]
    .map(({ value }) => alertTransitionSchema.parse(JSON.parse(Buffer.from(value).toString())))
    .sort((a, b) => (a.alertId < b.alertId ? -1 : 1))
}

async function expectGolden(name: string, alerts: readonly string[]) {
  const fired = await until('all firings', async () => {
    const found = await firings()
    return found.length === alerts.length && found
  })
  expect(fired.map(({ alertId }) => alertId)).toEqual(alerts.map((alert) => `shop/${alert}`).sort())
  const golden = join(import.meta.dirname, 'golden')
  const text = fired.map(({ alertId, why, numbers }) => [alertId, ...whyLines(why!, numbers.measure.type)].join('\n  '))
  await expect(`${text.join('\n\n')}\n`).toMatchFileSnapshot(join(golden, `why-${name}.txt`))
  const json = fired.map((one) => {
    const { alert, value, unit, why } = transitionToJson(one, 'default', { investigation: () => null })
    return { alert, value, unit, why }
  })
  await expect(`${JSON.stringify(json, null, 2)}\n`).toMatchFileSnapshot(join(golden, `why-${name}.json`))
  return Object.fromEntries(fired.map(({ alertId, why }) => [alertId.slice('shop/'.length), why!]))
}

test('the same traffic does worse: limits, changes and anomalies, on shares, means and quantiles', async () => {
  const alerts = [
    'alert many { on: fast  when: count(fail) >= 12 over 1h  severity: ticket }',
    'alert limit { on: fast  when: fail_rate > 20% over 1h  severity: page  notify: slack("#shop") }',
    'alert limit_mean { on: fast  when: mean(score) > 3s over 1h  severity: ticket }',
    'alert limit_tail { on: fast  when: p50(score) > 1500ms over 1h  severity: ticket }',
    'alert change { on: fast  when: pass_rate regresses by 5pp vs 7d  severity: page }',
    'alert change_tail { on: fast  when: p95(score) regresses by 500ms vs 7d  severity: page }',
    'alert odd_mean { on: fast  when: mean(score) is anomalous over 1h vs 2w  severity: ticket }',
    'alert odd_tail { on: fast  when: p50(score) is anomalous over 1h vs 2w  severity: ticket }',
  ]
  await watched(alerts, async () => {
    await hours(15 * 24, cart, refund)
    await hours(8, cart, { ...refund, agentVersion: '2.0', failing: 9, failingMs: 12_000 })
  })
  await manager()
  const why = await expectGolden(
    'rate',
    bench.plan.alerts.map(({ name }) => name),
  )
  const { many, ...split } = why
  expect(many).toMatchObject({ change: null, notSplit: 'total', deploy: { value: '2.0' } })
  for (const [name, { change, strata, deploy, now, baseline }] of Object.entries(split)) {
    expect(Math.abs(change!.rateEffect), name).toBeGreaterThan(20 * Math.abs(change!.mixEffect))
    expect(strata[0]?.name, name).toBe('agent.name=refund env=prod')
    expect(deploy, name).toMatchObject({ label: 'agent.version', value: '2.0' })
    // Of so few as came since, no order statistic bounds a p95 from above.
    if (name !== 'change_tail') expect(now?.interval, name).not.toBeNull()
    if (name !== 'limit_tail') expect(baseline?.interval, name).not.toBeNull()
  }
  const [message] = await bench.slack.waitFor(1)
  expect(textOf(message!)).toContain('agent.name=refund env=prod: ')
})

test('other traffic comes: of it, and not of what it does, the change is made', async () => {
  const hard: Agent = { ...refund, failing: 6, agentVersion: '1.9' }
  const alerts = [
    'alert limit { on: fast  when: fail_rate > 40% over 1h  severity: page }',
    'alert limit_mean { on: fast  when: mean(score) > 4s over 1h  severity: ticket }',
    'alert limit_tail { on: fast  when: p50(score) > 1500ms over 1h  severity: ticket }',
  ]
  await watched(alerts, async () => {
    await hours(5, { ...cart, perHour: 20 }, { ...hard, perHour: 10 })
    await hours(3, { ...cart, perHour: 10 }, { ...hard, perHour: 50 })
  })
  const why = await expectGolden('mix', ['limit', 'limit_mean', 'limit_tail'])
  for (const [name, { change, strata, deploy }] of Object.entries(why)) {
    expect(Math.abs(change!.mixEffect), name).toBeGreaterThan(5 * Math.abs(change!.rateEffect))
    expect(strata.map((part) => part.name).sort(), name).toEqual([
      'agent.name=cart env=prod',
      'agent.name=refund env=prod',
    ])
    // More of what does worse than the rest, and less of what does better: both make it worse.
    expect(
      strata.every(({ mixEffect }) => Math.sign(mixEffect) === Math.sign(change!.delta)),
      name,
    ).toBe(true)
    expect(deploy, name).toBeNull()
  }
})

test('a change of both is split in both, of shares and of quantiles', async () => {
  const alerts = [
    'alert change { on: fast  when: pass_rate regresses by 5pp vs 7d  severity: page }',
    'alert change_tail { on: fast  when: p95(score) regresses by 500ms vs 7d  severity: page }',
  ]
  await watched(alerts, async () => {
    await hours(30, { ...cart, perHour: 30 }, { ...refund, perHour: 10, failing: 2 })
    await hours(6, { ...cart, perHour: 10 }, { ...refund, perHour: 30, failing: 5, failingMs: 12_000 })
  })
  const why = await expectGolden('both', ['change', 'change_tail'])
  for (const { change } of Object.values(why)) {
    expect(Math.abs(change!.mixEffect)).toBeGreaterThan(0.02)
    expect(Math.abs(change!.rateEffect)).toBeGreaterThan(0.1)
  }
})
