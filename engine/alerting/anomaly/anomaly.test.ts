/** Alerts on anomalies: what is usual at an hour of the week, from values to transitions, on the log's clock. */
import { describe, expect, test } from 'vitest'
import { planOf } from '../../../dsl/testing.ts'
import { Random } from '../../../test/simulation/random.ts'
import { runTests } from '../../testing/run-tests.ts'
import { ns, plan } from '../alert-fixture.ts'
import { evaluateGroups, initialGroups, stepGroups } from '../groups.ts'
import { alertGroupsToJson, parseAlertGroups } from '../groups-json.ts'
import type { RunAlert } from '../run-alert.ts'
import type { AlertTransition } from '../transition.ts'
import { addToSeries, distanceOfAlarm, emptySeries, hourOfWeek, usualAt } from './series.ts'

const HOUR = 3_600_000
const WEEK_HOURS = 168
/** A Monday, 00:00 UTC. */
const MONDAY_MS = Date.UTC(2026, 1, 2)

const odd = (weeks = 4): RunAlert =>
  plan({
    when: {
      kind: 'anomaly',
      measure: { kind: 'score', fn: 'mean', type: { kind: 'number' } },
      overNs: ns(HOUR),
      referenceNs: ns(weeks * WEEK_HOURS * HOUR),
    },
    falseAlarms: { ratio: 0.05, perNs: ns(30 * 24 * HOUR), shared: false },
  })

/** By day 1,000, by night 50; at weekends 300 at any time. */
function usual(hour: number): number {
  const [day, ofDay] = [Math.floor(hour / 24) % 7, hour % 24]
  if (day >= 5) return 300
  return ofDay >= 8 && ofDay < 20 ? 1_000 : 50
}

type ValueAt = (hour: number, random: Random) => number

const noisy = (value: number, random: Random): number => value * (1 + 0.05 * (random.next() + random.next() - 1))

/** One value in each hour since a Monday, then the end of the last hour. */
function run(valueAt: ValueAt, hours: number, alert = odd(), again = false): AlertTransition[] {
  const random = new Random(7)
  let all = initialGroups(MONDAY_MS)
  const transitions: AlertTransition[] = []
  for (let hour = 0; hour < hours; hour++) {
    const atMs = MONDAY_MS + hour * HOUR + HOUR / 2
    const score = valueAt(hour, random)
    transitions.push(...stepGroups(all, alert, [{ verdict: 'pass', score, atMs, key: `${hour}`, exemplar: null }]))
    if (!again || hour % 7 !== 0) continue
    const parsed = parseAlertGroups(JSON.parse(JSON.stringify(alertGroupsToJson(all))))
    if (!parsed.ok) throw new Error(parsed.message)
    all = parsed.state
  }
  return [...transitions, ...evaluateGroups(all, alert, MONDAY_MS + hours * HOUR)]
}

/** `firing week 4 hour 34`: the hour of the week that was over then. */
const shown = (transitions: readonly AlertTransition[]): string[] =>
  transitions.map(({ to, atMs }) => {
    const hour = (atMs - MONDAY_MS) / HOUR - 1
    return `${to} week ${Math.floor(hour / WEEK_HOURS)} hour ${hour % WEEK_HOURS}`
  })

const NIGHT = 24 + 3
const NOON = 24 + 12
const SATURDAY = 5 * 24 + 12
const inWeek = (week: number, hour: number): number => week * WEEK_HOURS + hour
/** All is as usual but for some hours. */
const but =
  (odd: Readonly<Record<number, number>>): ValueAt =>
  (hour, random) =>
    noisy(odd[hour] ?? usual(hour), random)

describe('hours of the week', () => {
  test('days, nights and weekends differ, and none of it is odd in twelve weeks', () => {
    expect(shown(run(but({}), 12 * WEEK_HOURS))).toEqual([])
  })

  test.each([
    ['the night of a busy day', NIGHT, 1_000],
    ['a quiet noon', NOON, 50],
    ['a weekend like a working day', SATURDAY, 1_000],
    ['a working day like a weekend', NOON, 300],
  ])('%s is odd, though the value is usual at another hour', (_, hour, value) => {
    const at = inWeek(6, hour)
    expect(shown(run(but({ [at]: value }), 7 * WEEK_HOURS))).toEqual([
      `firing week 6 hour ${hour}`,
      `resolved week 6 hour ${hour + 1}`,
    ])
  })

  test('it says what was usual, and from where on it is not', () => {
    const [fired] = run(but({ [inWeek(6, NOON)]: 50 }), 7 * WEEK_HOURS)
    expect(fired!.why!.baseline!.value).toBeGreaterThan(900)
    expect(fired!.why!.detection).toMatchObject({ kind: 'anomaly' })
    expect(fired!.numbers).toMatchObject({ cmp: '<' })
    expect(fired!.numbers.value).toBeLessThan(60)
    expect(fired!.numbers.threshold).toBeGreaterThan(500)
  })

  test.each([
    ['forward', 1],
    ['back', -1],
  ])('clocks put %s move the days by an hour, and nobody is told', (_, by) => {
    const change = inWeek(6, 0)
    expect(
      shown(run((hour, random) => noisy(usual(hour < change ? hour : hour + by), random), 12 * WEEK_HOURS)),
    ).toEqual([])
  })

  test('begin on Mondays', () => {
    expect(hourOfWeek(MONDAY_MS)).toBe(0)
    expect(hourOfWeek(MONDAY_MS - 1)).toBe(167)
    expect(hourOfWeek(-1 - MONDAY_MS)).toBeGreaterThanOrEqual(0)
  })
})

describe('outliers', () => {
  test('an outage of half a day in the past hides none of today, and makes no alarm of a usual day', () => {
    const outage = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [inWeek(4, 24 + 8 + i), 0]))
    const told = shown(run(but({ ...outage, [inWeek(5, NOON)]: 50 }), 7 * WEEK_HOURS))
    expect(told.filter((line) => !line.includes('week 4'))).toEqual([
      `firing week 5 hour ${NOON}`,
      `resolved week 5 hour ${NOON + 1}`,
    ])
  })

  test('one value, however large, moves neither the middle nor the spread much', () => {
    const series = emptySeries()
    for (let week = 0; week < 6; week++)
      for (const hour of [-1, 0, 1])
        addToSeries(series, MONDAY_MS + (inWeek(week, NOON) + hour) * HOUR, 100 + week, HOUR, 6 * WEEK_HOURS * HOUR)
    const atMs = MONDAY_MS + inWeek(6, NOON) * HOUR
    const before = usualAt(series, atMs, 103, 0)!
    series.cells[NOON]![2] = 1e9
    const after = usualAt(series, atMs, 103, 0)!
    expect(Math.abs(after.median - before.median)).toBeLessThan(2)
    expect(after.spread).toBeLessThan(2 * before.spread)
  })
})

describe('a short past', () => {
  test('says nothing: it is learning', () => {
    expect(shown(run(but({ [inWeek(1, NOON)]: 50_000 }), 2 * WEEK_HOURS))).toEqual([])
  })

  test('of two weeks, the shortest reference, is enough for what is far off', () => {
    expect(shown(run(but({ [inWeek(3, SATURDAY)]: 50_000 }), 4 * WEEK_HOURS, odd(2)))).toEqual([
      `firing week 3 hour ${SATURDAY}`,
      `resolved week 3 hour ${SATURDAY + 1}`,
    ])
  })

  test('asks for more the less is known', () => {
    const of = (n: number): number => distanceOfAlarm({ alpha: 0.05, windows: 720, n })
    expect(of(6)).toBeGreaterThan(of(12))
    expect(of(12)).toBeGreaterThan(of(36))
    expect(of(1_000)).toBeCloseTo(4.0, 0)
  })
})

test('a state that is written and read now and then goes on the same', () => {
  const valueAt = but({ [inWeek(3, NOON)]: 50 })
  const kept = run(valueAt, 4 * WEEK_HOURS)
  expect(run(valueAt, 4 * WEEK_HOURS, odd(), true)).toEqual(kept)
  expect(kept.length).toBeGreaterThan(0)
})

test('in tests of the language, by the same code', () => {
  const report = runTests(
    planOf(`package shop
online eval fast { on: trace  score: duration  pass: score <= 8s }
alert odd { on: fast  when: pass_rate is anomalous over 1h vs 2w  severity: ticket }
test "usual" {
  given fast: pass x 20280 each 1m
  expect odd: inactive
}
test "an hour of failures after two weeks" {
  given fast: pass x 20160, fail x 60 each 1m
  expect odd: firing at 20221m
}
test "an hour of failures in the second week is not judged yet" {
  given fast: pass x 11000, fail x 60 each 1m
  expect odd: inactive at 11100m
}
`),
  )
  expect(report.tests.map(({ name, status }) => `${status}: ${name}`)).toEqual([
    'passed: usual',
    'passed: an hour of failures after two weeks',
    'passed: an hour of failures in the second week is not judged yet',
  ])
})
