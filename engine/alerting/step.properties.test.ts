/** What holds of every alert and every stream of results. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Verdict } from '../model/result.ts'
import { minute, ns, plan, reread, when } from './alert-fixture.ts'
import { parseAlertGroups } from './groups-json.ts'
import { type AlertTransition, evaluateAlert, initialAlertState, type Observation, stepAlert } from './step.ts'

const verdicts: Verdict[] = ['pass', 'fail', 'unknown', 'error']
const anyAlert = fc
  .record({
    fn: fc.constantFrom('count' as const, 'rate' as const),
    of: fc.constantFrom(...verdicts),
    cmp: fc.constantFrom('<' as const, '<=' as const, '>' as const, '>=' as const),
    threshold: fc.integer({ min: 0, max: 4 }),
    overMin: fc.integer({ min: 1, max: 8 }),
    forMin: fc.integer({ min: 0, max: 3 }),
    noData: fc.oneof(
      fc.constant({ kind: 'keep' as const }),
      fc.constant({ kind: 'ok' as const }),
      fc.integer({ min: 1, max: 9 }).map((min) => ({ kind: 'fire' as const, afterNs: ns(min * minute) })),
    ),
  })
  .map(({ fn, of, cmp, threshold, overMin, forMin, noData }) =>
    plan({
      when: when(fn, of, cmp, fn === 'rate' ? threshold / 4 : threshold, overMin),
      forNs: ns(forMin * minute),
      noData,
    }),
  )
/** A revision of a subject says one thing, in whatever order and how often it is delivered. */
const verdictOf = (key: number, revision: number): Verdict => verdicts[(key * 7 + revision * 5) % 4]!
/** Records in time order: each some observations of few subjects, so that revisions and repetitions are common. */
const anyRecords = fc
  .array(
    fc.record({
      gapMs: fc.integer({ min: 1, max: 4 * minute }),
      items: fc.array(
        fc.record({
          key: fc.integer({ min: 0, max: 4 }),
          revision: fc.integer({ min: 1, max: 3 }),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
    { maxLength: 25 },
  )
  .map((records) => {
    let atMs = 0
    return records.map(({ gapMs, items }) => {
      atMs += gapMs
      return items.map(
        ({ key, revision }): Observation => ({
          verdict: verdictOf(key, revision),
          key: `subject ${key}`,
          revision,
          atMs,
          exemplar: null,
        }),
      )
    })
  })
const end = (records: Observation[][]): number => (records.at(-1)?.[0]?.atMs ?? 0) + 30 * minute

test('resolved never comes before firing, and every incident fires once and resolves at most once', () => {
  fc.assert(
    fc.property(anyAlert, anyRecords, (alert, records) => {
      const state = initialAlertState(0)
      const transitions = records.flatMap((record) => stepAlert(state, alert, record).transitions)
      transitions.push(...evaluateAlert(state, alert, end(records)).transitions)
      let phase = 'inactive'
      let atMs = 0
      const fired = new Set<string>()
      for (const transition of transitions) {
        expect(transition.from).toBe(phase)
        expect(transition.atMs).toBeGreaterThanOrEqual(atMs)
        if (transition.to === 'firing') {
          expect(fired.has(transition.incidentId!)).toBe(false)
          fired.add(transition.incidentId!)
        }
        if (transition.to === 'resolved') expect(phase).toBe('firing')
        phase = transition.to
        atMs = transition.atMs
      }
      expect(new Set(transitions.map(({ id }) => id)).size).toBe(transitions.length)
    }),
  )
})

test('transitions do not depend on when the state is evaluated in between', () => {
  fc.assert(
    fc.property(
      anyAlert,
      anyRecords,
      fc.array(fc.integer({ min: 1, max: 4 * minute }), { maxLength: 30 }),
      (alert, records, gaps) => {
        const plain = initialAlertState(0)
        const expected = records.flatMap((record) => stepAlert(plain, alert, record).transitions)
        expected.push(...evaluateAlert(plain, alert, end(records)).transitions)

        const ticked = initialAlertState(0)
        const actual: AlertTransition[] = []
        let tickMs = 0
        for (const record of records) {
          for (;;) {
            const nextMs = tickMs + (gaps[0] ?? Number.POSITIVE_INFINITY)
            // A tick goes no further than the stream is known to be complete: it stays before the next record's time.
            if (nextMs >= record[0]!.atMs) break
            gaps.shift()
            tickMs = nextMs
            actual.push(...evaluateAlert(ticked, alert, tickMs).transitions)
          }
          actual.push(...stepAlert(ticked, alert, record).transitions)
        }
        actual.push(...evaluateAlert(ticked, alert, end(records)).transitions)
        expect(actual).toEqual(expected)
      },
    ),
  )
})

test('a stream whose records are delivered again gives the same transitions', () => {
  fc.assert(
    fc.property(anyAlert, anyRecords, fc.array(fc.boolean()), (alert, records, repeated) => {
      const withoutTotals = (transitions: AlertTransition[]) =>
        transitions.map((transition) => ({
          ...transition,
          // A count rule does not remember subjects of other verdicts: only its own count is exact under redelivery.
          numbers: { value: transition.numbers.value, count: transition.numbers.count },
        }))
      const once = initialAlertState(0)
      const expected = records.flatMap((record) => stepAlert(once, alert, record).transitions)
      const twice = initialAlertState(0)
      const actual = records.flatMap((record, index) => [
        ...stepAlert(twice, alert, record).transitions,
        ...(repeated[index] ? stepAlert(twice, alert, record).transitions : []),
      ])
      expect(withoutTotals(actual)).toEqual(withoutTotals(expected))
    }),
  )
})

test('a state that was written and read goes on as if it had not been', () => {
  fc.assert(
    fc.property(anyAlert, anyRecords, (alert, records) => {
      const kept = initialAlertState(0)
      let stored = initialAlertState(0)
      for (const record of records) {
        const expected = stepAlert(kept, alert, record).transitions
        stored = reread(stored)
        expect(stepAlert(stored, alert, record).transitions).toEqual(expected)
      }
      expect(evaluateAlert(reread(stored), alert, end(records)).transitions).toEqual(
        evaluateAlert(kept, alert, end(records)).transitions,
      )
    }),
  )
})

test.each([null, 1, {}, { version: 3 }, { version: 1, phase: { kind: 'odd' } }])('%j is no state', (raw) => {
  expect(parseAlertGroups(raw).ok).toBe(false)
})
