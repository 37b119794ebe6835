/** What changed alerts can see, as `assay diff` says it. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diffPlans } from '../../dsl/diff-plans.ts'
import type { Plan } from '../../dsl/plan.ts'
import { planOf } from '../../dsl/testing.ts'
import { createAlertsBacktest } from '../../engine/backtest/alerts.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { Span } from '../../engine/model/span.ts'
import { Random } from '../../test/simulation/random.ts'
import { diffJson } from './json.ts'
import { diffMarkdown } from './markdown.ts'
import { type Sight, sightOf, sightWith, touchedAlerts } from './sight.ts'
import { diffText, plainDiffPaint } from './text.ts'

const HOUR_MS = 3_600_000
const FROM_MS = Date.UTC(2026, 9, 1)
const TO_MS = FROM_MS + 21 * 24 * HOUR_MS

const definitions = (limit: string, more = ''): Plan =>
  planOf(`package shop
online eval fast { on: trace  score: duration  pass: score <= ${limit} }
online eval other { on: trace  pass: duration < 1h }
alert worse { on: fast  when: pass_rate regresses by 10pp vs 7d  severity: page }
alert calm { on: other  when: pass_rate regresses by 10pp vs 7d  severity: page }
alert many { on: fast  when: count(fail) >= 3 over 10m  severity: page }
${more}`)
const ADDED = `alert small { on: fast  when: pass_rate regresses by 1pp vs 7d  severity: ticket }
alert tail { on: fast  when: p99(score) regresses by 2s vs 7d  severity: ticket }
alert odd { on: fast  when: count(fail) is anomalous vs 21d over 1h  severity: ticket  false_alarms: 10% per 30d }
alert rare { on: trace where agent.name == "nobody"  when: error_rate regresses by 5pp vs 7d  severity: ticket }`

const before = definitions('9s')
const after = definitions('8s', ADDED)
const diff = diffPlans(before, after)
const compared = { before: 'main', after: 'the working tree' }

const period = { ok: true as const, window: { fromUs: FROM_MS * 1000, toUs: TO_MS * 1000 }, shown: 'three weeks' }

function traffic(): Span[][] {
  const random = new Random(5)
  const perHour = 12
  return Array.from({ length: 21 * 24 * perHour }, (_, i) => [
    makeSpan({
      traceId: (i + 1).toString(16).padStart(32, '0'),
      spanId: (i + 1).toString(16).padStart(16, '0'),
      kind: 'agent',
      agentName: 'shop',
      startTimeUs: (FROM_MS + (i / perHour) * HOUR_MS) * 1000,
      durationNs: random.chance(0.1) ? 9e9 : 1e9,
      status: 'ok',
    }),
  ])
}

function seen(): Sight {
  const backtest = createAlertsBacktest(after, new Set(touchedAlerts(diff, after).map(({ id }) => id)))
  backtest.add(traffic(), new Map())
  return sightWith(backtest.finish(FROM_MS, TO_MS), after, 'http://127.0.0.1:3000, three weeks')
}

const side = { revision: null, commit: null, planHash: '' }

test('those that are new, and those whose eval means something else; not what stays, nor limits', () => {
  expect(touchedAlerts(diff, after).map(({ name }) => name)).toEqual(['worse', 'small', 'tail', 'odd', 'rare'])
})

test('from traffic: which drop in how many hours, the budget, and a warning of what is blind', async () => {
  const sight = seen()
  const golden = join(import.meta.dirname, 'golden')
  await expect(diffText(diff, compared, sight, plainDiffPaint)).toMatchFileSnapshot(join(golden, 'sight.txt'))
  await expect(diffMarkdown(diff, compared, sight)).toMatchFileSnapshot(join(golden, 'sight.md'))
  const { alertSight } = JSON.parse(diffJson(diff, side, side, sight))
  expect(alertSight).toMatchObject({ traffic: 'http://127.0.0.1:3000, three weeks', problem: null })
  expect(alertSight.alerts).toMatchObject([
    { id: 'shop/worse', isBlind: false, detectability: { falseAlarms: { ratio: 0.05 } } },
    { id: 'shop/small', isBlind: true },
    { id: 'shop/tail' },
    { id: 'shop/odd', isBlind: false, usual: { high: expect.any(Number) } },
    { id: 'shop/rare', isBlind: true, subjects: 0 },
  ])
})

test('without traffic that is said, and the budgets; of an instance that is away why', async () => {
  const sight = await sightOf(diff, after, {}, period, {})
  if (sight === null || sight === 'interrupted') throw new Error('no sight')
  const golden = join(import.meta.dirname, 'golden', 'sight-without.txt')
  await expect(diffText(diff, compared, sight, plainDiffPaint)).toMatchFileSnapshot(golden)
  expect(JSON.parse(diffJson(diff, side, side, sight)).alertSight.alerts[0]).toMatchObject({ isBlind: null })
  const away = await sightOf(diff, after, { data: '/nowhere' }, period, {})
  expect(away).toMatchObject({
    shown: null,
    problem: expect.stringContaining('there are no stored traces in /nowhere'),
  })
})

test('nothing is said where no such alert is touched', async () => {
  expect(await sightOf(diffPlans(before, before), before, {}, period, {})).toBeNull()
})
