/** Which version of the agent an alert with a limit names as the first bad one. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { e } from '../evaluate/build-plan.ts'
import type { Verdict } from '../model/result.ts'
import { meanOf, minute, ns, plan, reread, when, whenMeasure } from './alert-fixture.ts'
import { firstBadVersion, firstBadVersionOf } from './bad-version.ts'
import { parseAlertGroups } from './groups-json.ts'
import { MAX_PARTS } from './part-counts.ts'
import type { RunAlert } from './run-alert.ts'
import { type AlertState, initialAlertState, type Observation, stepAlert } from './step.ts'
import { windowMsOf } from './window.ts'

let count = 0
const seen = (version: string, atMs: number, verdict: Verdict, more: Partial<Observation> = {}): Observation => ({
  verdict,
  version,
  atMs,
  key: `subject ${++count}`,
  exemplar: null,
  ...more,
})

/** So many of a version, of which so many are bad: by verdict, or by a score of 10 instead of 1. */
const some = (version: string, atMs: number, n: number, bad: number): Observation[] =>
  Array.from({ length: n }, (_, i) => seen(version, atMs, i < bad ? 'fail' : 'pass', { score: i < bad ? 10 : 1 }))

const take = (alert: RunAlert, ...records: Observation[][]): AlertState => {
  const state = initialAlertState(0)
  for (const record of records) stepAlert(state, alert, record)
  return state
}

const named = (state: AlertState, alert: RunAlert) => {
  const atMs = state.evaluatedMs
  const windowMs = windowMsOf(alert)
  return firstBadVersionOf(state.window.versions, alert, { beginMs: atMs - windowMs, sinceMs: atMs, windowMs })
}

const ofScope = { kind: 'value', value: e.lit(1), type: { kind: 'int' } } as const
const rules: [string, RunAlert['when'], string][] = [
  ['a count', when('count', 'fail', '>=', 10), 'fail'],
  ['a rate', when('rate', 'fail', '>', 0.15), 'fail'],
  ['a rate that is too low', when('rate', 'pass', '<', 0.85), 'fail'],
  ['a mean', whenMeasure(meanOf({ kind: 'int' }), '>', 2), 'above 2'],
  ['a mean of a scope', whenMeasure({ ...ofScope, fn: 'mean' }, '>', 2), 'above 2'],
  ['a quantile', whenMeasure({ ...ofScope, fn: 'p95' }, '>=', 5), 'at least 5'],
]

test.each(rules)('%s names the version that stands out, and when it came', (_, rule, shareOf) => {
  const alert = plan({ when: rule })
  const state = initialAlertState(0)
  stepAlert(state, alert, some('1', minute, 60, 2))
  stepAlert(state, alert, some('2', 2 * minute, 30, 1))
  const { transitions } = stepAlert(state, alert, [...some('3', 3 * minute, 40, 30), ...some('1', 3 * minute, 40, 1)])
  const [fired] = transitions.filter(({ to }) => to === 'firing')
  expect(fired?.why?.deploy).toEqual({
    label: 'agent.version',
    value: '3',
    firstSeenMs: 3 * minute,
    before: { value: 4 / 130, interval: expect.anything(), n: 130 },
    with: { value: 0.75, interval: expect.anything(), n: 40 },
    shareOf,
    p: expect.any(Number),
  })
  expect(fired?.why?.deploy?.p).toBeLessThan(1e-6)
})

const rate = plan({ when: when('rate', 'fail', '>', 0.2) })

test.each([
  ['all versions do badly', [some('1', minute, 40, 20), some('2', 2 * minute, 40, 21)]],
  ['the old one does badly', [some('1', minute, 40, 30), some('2', 2 * minute, 40, 1)]],
  ['there is one version', [some('1', minute, 40, 30)]],
  ['too few were seen', [some('1', minute, 40, 0), some('2', 2 * minute, 4, 4)]],
  ['they came at once', [[...some('1', minute, 40, 0), ...some('2', minute, 40, 30)]]],
  ['it has left the window', [some('1', minute, 40, 0), some('2', 2 * minute, 40, 40), some('1', 30 * minute, 40, 40)]],
])('none where %s', (_, records) => {
  expect(named(take(rate, ...records), rate)).toBeNull()
})

test('the first of several bad ones is named; one that did well in between is not', () => {
  const state = take(
    rate,
    some('1', minute, 100, 1),
    some('2', 2 * minute, 40, 20),
    some('3', 3 * minute, 40, 0),
    some('4', 4 * minute, 40, 30),
  )
  expect(named(state, rate)).toMatchObject({ value: '2', firstSeenMs: 2 * minute })
})

test('a version that ran before the window keeps the time when it came', () => {
  const state = take(rate, some('1', minute, 40, 0), some('2', 2 * minute, 40, 0), [
    ...some('1', 30 * minute, 40, 0),
    ...some('2', 30 * minute, 40, 20),
  ])
  expect(named(state, rate)).toMatchObject({ value: '2', firstSeenMs: 2 * minute, with: { n: 40 } })
})

/** What is said when it fires, of versions that come every minute: one from the first until `untilMin`, the next from then on. */
function firedAfter(forMin: number, untilMin: number, { isBadFromMin = untilMin, oldGone = untilMin } = {}) {
  const alert = plan({ when: when('rate', 'fail', '>', 0.2), forNs: ns(forMin * minute) })
  const state = initialAlertState(0)
  for (let at = 1; at < 400; at++) {
    const records = [
      ...(at < oldGone ? some('1', at * minute, 4, 0) : []),
      ...(at >= untilMin ? some('2', at * minute, 4, at >= isBadFromMin ? 4 : 0) : []),
    ]
    const fired = stepAlert(state, alert, records).transitions.find(({ to }) => to === 'firing')
    if (fired !== undefined) return fired.why?.deploy
  }
  throw new Error('it did not fire')
}

test.each([1, 10, 25, 150])('with `for: %im` and a window of 10 the version that came with it is named', (forMin) => {
  expect(firedAfter(forMin, 60)).toMatchObject({ value: '2', firstSeenMs: 60 * minute })
})

test('one that did well for longer than a window did not bring what came later', () => {
  expect(firedAfter(20, 60, { isBadFromMin: 80 })).toBeNull()
  // But where the one before it does well at the same time.
  expect(firedAfter(20, 60, { isBadFromMin: 80, oldGone: 400 })).toMatchObject({ value: '2' })
})

test('a later revision counts in the place of the earlier one', () => {
  const first = some('2', 2 * minute, 40, 40)
  const mended = first.map((one): Observation => ({ ...one, verdict: 'pass', revision: 2, atMs: 3 * minute }))
  const state = take(rate, some('1', minute, 40, 1), first)
  expect(named(state, rate)).toMatchObject({ value: '2' })
  stepAlert(state, rate, mended)
  expect(named(state, rate)).toBeNull()
  const steps = state.window.versions.seen.get('2')?.steps ?? []
  expect(steps.reduce((sum, { n }) => sum + n, 0)).toBe(40)
})

test('another limit on the same window counts anew', () => {
  const strict = plan({ when: whenMeasure(meanOf({ kind: 'int' }), '>', 3) })
  const lax = plan({ when: whenMeasure(meanOf({ kind: 'int' }), '>', 20) })
  const state = take(strict, some('1', minute, 40, 0), some('2', 2 * minute, 40, 30))
  expect(named(state, strict)).not.toBeNull()
  stepAlert(state, lax, some('1', 3 * minute, 10, 0))
  expect(named(state, lax)).toBeNull()
})

test('of many versions those that were seen last are kept', () => {
  const state = take(
    rate,
    ...Array.from({ length: 50 }, (_, i) => [
      ...some(`v${i}`, (i + 1) * 1000, 5, 0),
      ...some('old', (i + 1) * 1000, 1, 0),
    ]),
  )
  const { seen: kept } = state.window.versions
  expect(kept.size).toBe(MAX_PARTS)
  expect(kept.get('old')?.firstMs).toBe(1000)
  expect(kept.has('v49')).toBe(true)
  expect(kept.has('v0')).toBe(false)
})

test('millions of subjects are no harder than thousands', () => {
  const step = (sum: number, n: number) => ({ index: 0, lastMs: 1, n, sum, sumSquares: sum })
  const counts = {
    limit: null,
    seen: new Map([
      ['1', { firstMs: 1, lastMs: 1, steps: [step(70_000, 7_000_000)] }],
      ['2', { firstMs: 2, lastMs: 2, steps: [step(60_000, 1_000_000)] }],
    ]),
  }
  expect(firstBadVersion(counts, rate)).toMatchObject({ value: '2', with: { value: 0.06, n: 1_000_000 } })
})

const anyRecords = fc.array(
  fc.record({
    gapMs: fc.integer({ min: 1, max: 4 * minute }),
    items: fc.array(fc.tuple(fc.constantFrom('1', '2', '3'), fc.boolean(), fc.integer({ min: 1, max: 20 })), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
  { maxLength: 12 },
)
const recordsOf = (raw: { gapMs: number; items: [string, boolean, number][] }[]): Observation[][] => {
  let atMs = 0
  return raw.map(({ gapMs, items }) => {
    atMs += gapMs
    return items.flatMap(([version, isBad, n]) => some(version, atMs, n, isBad ? n : 0))
  })
}

test('neither the order within a moment, nor a checkpoint, nor versions themselves change what an alert does', () => {
  fc.assert(
    fc.property(anyRecords, fc.integer(), (raw, seed) => {
      const records = recordsOf(raw)
      const plain = initialAlertState(0)
      const shuffled = initialAlertState(0)
      let stored = initialAlertState(0)
      const nameless = initialAlertState(0)
      for (const record of records) {
        const expected = stepAlert(plain, rate, record).transitions
        const order = [...record].sort((a, b) => hash(a.key, seed) - hash(b.key, seed))
        expect(stepAlert(shuffled, rate, order).transitions).toEqual(expected)
        stored = reread(stored)
        expect(stepAlert(stored, rate, record).transitions).toEqual(expected)
        const without = record.map(({ version: _, ...rest }) => rest)
        const bare = expected.map((one) => ({ ...one, why: one.why === null ? null : { ...one.why, deploy: null } }))
        expect(stepAlert(nameless, rate, without).transitions).toEqual(bare)
      }
    }),
  )
})

const hash = (key: string, seed: number): number =>
  [...key].reduce((sum, char) => Math.imul(sum ^ char.charCodeAt(0), 16_777_619), seed)

test('what a version before this one wrote is read', () => {
  const old = {
    version: 2,
    startedMs: 0,
    resumedMs: null,
    reference: null,
    versions: [],
    groups: [
      {
        phase: { kind: 'inactive' },
        startedMs: 0,
        resumedMs: null,
        evaluatedMs: 0,
        lastObservedMs: null,
        incidentCount: 0,
        transitionCount: 0,
        ruleKey: null,
        buckets: [],
        seen: { older: [['a', 1, 5, 'fail', 3]], recent: [['b', 1, 5, 'pass']] },
        examples: [],
      },
    ],
  }
  const parsed = parseAlertGroups(old)
  const read = parsed.ok ? parsed.state.groups.get('')?.window : undefined
  expect(read?.versions).toEqual({ limit: null, seen: new Map() })
  expect(read?.seen.generations()).toEqual({
    older: [['a', { revision: 1, atMs: 5, verdict: 'fail', score: 3 }]],
    recent: [['b', { revision: 1, atMs: 5, verdict: 'pass' }]],
  })
})
