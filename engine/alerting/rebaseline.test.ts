/** A new level that people accept, in the state of an alert. */
import { expect, test } from 'vitest'
import { Random } from '../../test/simulation/random.ts'
import { minute, ns, plan, when } from './alert-fixture.ts'
import { evaluateGroups, initialGroups, stepGroups } from './groups.ts'
import { alertGroupsToJson, parseAlertGroups } from './groups-json.ts'
import { type AlertHistory, adoptHistory } from './history.ts'
import { type AcceptedLevel, acceptLevel } from './rebaseline.ts'
import type { RunAlert } from './run-alert.ts'
import type { AlertTransition } from './transition.ts'

const HOUR = 60 * minute
const DAY = 24 * HOUR

const onChange: RunAlert = plan({
  measureHash: 'm',
  when: {
    kind: 'regression',
    measure: { kind: 'rate', verdict: 'pass', type: { kind: 'ratio' } },
    worse: 'lower',
    by: { kind: 'absolute', value: 0.02 },
    referenceNs: ns(7 * DAY),
  },
})
const onOdd: RunAlert = plan({
  measureHash: 'm',
  when: {
    kind: 'anomaly',
    measure: { kind: 'rate', verdict: 'pass', type: { kind: 'ratio' } },
    overNs: ns(HOUR),
    referenceNs: ns(14 * DAY),
  },
})

const random = new Random(3)
/** 40 an hour. */
function run(all: ReturnType<typeof initialGroups>, alert: RunAlert, fromH: number, toH: number, pass: number) {
  const transitions: AlertTransition[] = []
  for (let i = 0; i < (toH - fromH) * 40; i++) {
    const atMs = fromH * HOUR + (i * HOUR) / 40
    const verdict = random.chance(pass) ? 'pass' : 'fail'
    transitions.push(...stepGroups(all, alert, [{ verdict, atMs, key: `${fromH}/${i}`, exemplar: null }]))
  }
  return [...transitions, ...evaluateGroups(all, alert, toH * HOUR)]
}

const said = (transitions: readonly AlertTransition[]): string[] =>
  transitions.map(({ to, cause }) => (cause === 'condition' ? to : `${to} ${cause}`))
const levelAt = (hour: number, over: Partial<AcceptedLevel> = {}): AcceptedLevel => ({
  atMs: hour * HOUR,
  sinceMs: null,
  by: 'ann',
  reason: 'the new model',
  ...over,
})
/** Of the store: so many pass of 40 in each hour. */
const history = (toH: number, passOf: (hour: number) => number): AlertHistory => {
  const hours = Array.from({ length: Math.min(toH, 14 * 24) }, (_, i) => Math.max(0, toH - 14 * 24) + i)
  return {
    measureHash: 'm',
    toMs: toH * HOUR,
    looks: hours.map((hour) => [hour, [['', 40, 40 * passOf(hour), 40 * passOf(hour)]]]),
    days: [],
    roughCutoff: null,
    values: hours.map((hour) => [hour * HOUR, passOf(hour)]),
    parts: [],
  }
}

test('a change that is accepted ends, is learned, and a further drop from there is told of', () => {
  const all = initialGroups(0)
  expect(said([...run(all, onChange, 0, 168, 0.95), ...run(all, onChange, 168, 200, 0.75)])).toEqual(['firing'])
  const told = acceptLevel(all, onChange, levelAt(200))
  expect(said(told)).toEqual(['resolved rebaselined'])
  expect(told[0]!.accepted).toEqual({ by: 'ann', reason: 'the new model' })
  // Since the change, which was hours before it was told of.
  expect(all.shared.accepted!.fromMs / HOUR).toBeGreaterThan(160)
  expect(all.shared.accepted!.fromMs / HOUR).toBeLessThan(175)
  // The level that was accepted is no news, the one before it no measure: neither now, nor by what the store says of it.
  adoptHistory(
    all,
    onChange,
    history(200, (hour) => (hour < 168 ? 0.95 : 0.75)),
  )
  expect(all.shared.reference!.looks.every(({ index }) => index * HOUR >= all.shared.accepted!.fromMs)).toBe(true)
  expect(said(run(all, onChange, 200, 200 + 96, 0.75))).toEqual([])
  expect(all.shared.reference!.fit!.value).toBeCloseTo(0.75, 1)
  expect(said(run(all, onChange, 296, 296 + 48, 0.5))).toEqual(['firing'])
})

test('it is taken once, by a state that was written and read as well, and never an older one after it', () => {
  const all = initialGroups(0)
  run(all, onChange, 0, 100, 0.95)
  const parsed = parseAlertGroups(JSON.parse(JSON.stringify(alertGroupsToJson(all))))
  const again = parsed.ok ? parsed.state : initialGroups()
  const told = acceptLevel(all, onChange, levelAt(100))
  expect(said(told)).toEqual(['inactive rebaselined'])
  // A crash before it was written finds the state before it, and says the same.
  expect(acceptLevel(again, onChange, levelAt(100))).toEqual(told)
  const kept = parseAlertGroups(JSON.parse(JSON.stringify(alertGroupsToJson(all))))
  if (!kept.ok) throw new Error(kept.message)
  expect(acceptLevel(kept.state, onChange, levelAt(100))).toEqual([])
  expect(acceptLevel(kept.state, onChange, levelAt(99))).toEqual([])
  expect(said(acceptLevel(kept.state, onChange, levelAt(101)))).toEqual(['inactive rebaselined'])
})

test('of groups all that fire end; without any, the alert as a whole says so', () => {
  const byVersion = { ...onChange, by: [{ kind: 'field', path: 'agent.version' }] } as RunAlert
  const all = initialGroups(0)
  run(all, byVersion, 0, 60, 0.9)
  expect(said(acceptLevel(all, byVersion, levelAt(60)))).toEqual(['inactive rebaselined'])
})

test('an alert that is newer than what was said takes it over without a word', () => {
  const all = initialGroups(50 * HOUR)
  evaluateGroups(all, onChange, 51 * HOUR)
  expect(acceptLevel(all, onChange, levelAt(40, { sinceMs: 30 * HOUR }))).toEqual([])
  adoptHistory(
    all,
    onChange,
    history(50, () => 0.9),
  )
  expect(all.shared.reference!.looks.map(({ index }) => index)[0]).toBe(30)
})

test('of an anomaly what is usual begins anew, with what the store says of the time since', () => {
  const all = initialGroups(0)
  run(all, onOdd, 0, 15 * 24, 0.95)
  expect(said(acceptLevel(all, onOdd, levelAt(15 * 24, { sinceMs: 14 * 24 * HOUR })))).toEqual(['inactive rebaselined'])
  adoptHistory(
    all,
    onOdd,
    history(15 * 24, (hour) => (hour < 14 * 24 ? 0.95 : 0.5)),
  )
  const { cells } = all.groups.get('')!.anomaly!.series
  expect(cells.flat()).toEqual(Array.from({ length: 24 }, () => 0.5))
  expect(said(run(all, onOdd, 15 * 24, 17 * 24, 0.5))).toEqual([])
})

test('a threshold has no level to accept', () => {
  const all = initialGroups(0)
  const threshold = plan({ when: when('count', 'fail', '>=', 1) })
  run(all, threshold, 0, 2, 0.5)
  expect(acceptLevel(all, threshold, levelAt(2))).toEqual([])
  expect(all.shared.accepted).toBeNull()
})
