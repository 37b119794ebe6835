/** Alerts over stored traces. */
import { expect, test } from 'vitest'
import { OFFLINE, planOf } from '../../dsl/testing.ts'
import { Random } from '../../test/simulation/random.ts'
import { makeResult } from '../model/make-result.ts'
import { makeSpan } from '../model/make-span.ts'
import type { Span } from '../model/span.ts'
import { createAlertsBacktest } from './alerts.ts'
import { byStoredKey } from './judge-stored.ts'

const HOUR_MS = 3_600_000
const T0_MS = Date.UTC(2026, 9, 1)

const PLAN = planOf(`package shop
online eval fast { on: trace  score: duration  pass: score <= 8s }
alert many { on: fast  when: count(fail) >= 3 over 10m  severity: page }
alert worse { on: fast  when: pass_rate regresses by 10pp vs 7d  severity: page }
alert blind { on: fast  when: pass_rate regresses by 1pp vs 7d  severity: ticket }
alert errors { on: trace where agent.name == "shop"  when: error_rate > 50% over 1h  severity: ticket }
`)

/** So many traces an hour, of which some are slow. */
function traces(fromH: number, toH: number, slow: number, random: Random, perHour = 30): Span[][] {
  return Array.from({ length: (toH - fromH) * perHour }, (_, i) => {
    const startMs = T0_MS + (fromH + i / perHour) * HOUR_MS
    const durationUs = random.chance(slow) ? 9e6 : 1e6
    const id = Math.round(fromH * 10_000 + i)
    return [
      makeSpan({
        traceId: id.toString(16).padStart(32, '0'),
        spanId: id.toString(16).padStart(16, '0'),
        kind: 'agent',
        agentName: 'shop',
        startTimeUs: Math.round(startMs * 1000),
        durationNs: durationUs * 1000,
        status: 'ok',
      }),
    ]
  })
}

test('what would have fired and when, and what can be seen, in whatever order the traces come', () => {
  const random = new Random(5)
  const all = [...traces(0, 8 * 24, 0.1, random), ...traces(8 * 24, 9 * 24, 0.4, random)]
  const backtest = createAlertsBacktest(PLAN)
  backtest.add(random.shuffled(all.slice(0, 2_000)), new Map())
  backtest.add(all.slice(2_000), new Map())
  const found = backtest.finish(T0_MS, T0_MS + 9 * 24 * HOUR_MS)
  const [many, worse, blind, errors] = found
  expect(found.map(({ alert }) => alert.name)).toEqual(['many', 'worse', 'blind', 'errors'])
  expect(many!.subjects).toBe(all.length)
  expect(many!.detectability).toBeNull()
  expect(worse!.incidents).toHaveLength(1)
  expect(worse!.incidents[0]!.fromMs).toBeGreaterThan(T0_MS + 8 * 24 * HOUR_MS)
  expect(worse!.incidents[0]!.toMs).toBeNull()
  expect(worse!.detectability).toMatchObject({ isBlind: false, falseAlarms: { ratio: 0.05, monitors: 1 } })
  expect(worse!.detectability!.baseline).toBeCloseTo(0.9, 1)
  const hours = worse!.detectability!.drops.map((one) => one.hours)
  expect(hours).toEqual(hours.toSorted((a, b) => b - a))
  expect(blind!.detectability).toMatchObject({
    isBlind: true,
    why: expect.stringContaining('is not seen within 30 days'),
  })
  expect(errors!.incidents).toEqual([])
  expect(errors!.subjects).toBe(all.length)
})

test('too little traffic is said, and no number made of it', () => {
  const backtest = createAlertsBacktest(PLAN)
  backtest.add(traces(0, 2, 0.1, new Random(1)), new Map())
  const [, worse] = backtest.finish(T0_MS, T0_MS + 2 * HOUR_MS)
  expect(worse!.detectability).toMatchObject({ baseline: null, drops: [], isBlind: true })
})

test('of an offline eval the verdicts count when they were given, as live', () => {
  const plan = planOf(`package shop
${OFFLINE}
alert low { on: helpful  when: mean(score) < 3 over 24h  severity: ticket }
`)
  const result = (n: number, judgedH: number, score: number, over: object = {}) =>
    makeResult({
      ...{ evalId: 'shop/helpful', traceId: n.toString(16).padStart(32, '0'), runId: `shop/helpful@${judgedH}` },
      ...{ subjectTimeUs: T0_MS * 1_000, evaluatedAtMs: T0_MS + judgedH * HOUR_MS, score, verdict: 'fail', ...over },
    })
  const backtest = createAlertsBacktest(plan)
  expect(backtest.wanted([])).toEqual(['shop/helpful'])
  const stored = [result(1, 30, 2), result(2, 31, 4.5), result(3, 32, 1), result(4, 100, 1)]
  const flagged = result(5, 2, 1, { drawnFor: 'flagged' })
  backtest.add([], byStoredKey([...stored, flagged]))
  const [low] = backtest.finish(T0_MS, T0_MS + 72 * HOUR_MS)
  // What was drawn because it was flagged is counted by no alert; what was judged after the period is not of it.
  expect(low!.subjects).toBe(3)
  expect(low!.incidents.map(({ fromMs, toMs }) => [(fromMs - T0_MS) / HOUR_MS, toMs !== null])).toEqual([
    [30, true],
    [32, false],
  ])
})
