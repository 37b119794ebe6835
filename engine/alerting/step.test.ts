import { describe, expect, test } from 'vitest'
import { makeResult } from '../model/make-result.ts'
import type { Verdict } from '../model/result.ts'
import { meanOf, minute, ns, plan, reread, when, whenMeasure } from './alert-fixture.ts'
import { observationOf } from './observation.ts'
import type { RunAlert } from './run-alert.ts'
import { GENERATION_SIZE } from './seen-subjects.ts'
import {
  type AlertState,
  type AlertTransition,
  evaluateAlert,
  initialAlertState,
  type Observation,
  observeResults,
  retireAlert,
  stepAlert,
} from './step.ts'
import { BUCKETS } from './window.ts'

let keyCount = 0
const seen = (verdict: Verdict, atMin: number, over: Partial<Observation> = {}): Observation => ({
  verdict,
  atMs: atMin * minute,
  key: `t${++keyCount}`,
  exemplar: null,
  ...over,
})

const each = (verdict: Verdict, fromMin: number, toMin: number): Observation[] =>
  Array.from({ length: toMin - fromMin + 1 }, (_, index) => seen(verdict, fromMin + index))

const shown = (transitions: readonly AlertTransition[]): string[] =>
  transitions.map(({ to, atMs, cause, numbers }) =>
    [`${to}@${atMs / minute}`, numbers.value ?? '-', ...(cause === 'condition' ? [] : [cause])].join(' '),
  )

/** Steps through the observations one record each, then on to `untilMin`. */
function run(alert: RunAlert, observations: readonly Observation[], untilMin: number): AlertTransition[] {
  const state = initialAlertState(0)
  const transitions = observations.flatMap((observation) => stepAlert(state, alert, [observation]).transitions)
  return [...transitions, ...evaluateAlert(state, alert, untilMin * minute).transitions]
}

describe('count and rate over a window', () => {
  test.each<[string, Partial<RunAlert>, Observation[], number, string[]]>([
    ['one fail fires at once', {}, [...each('pass', 1, 9), seen('fail', 10)], 10, ['firing@10 1']],
    ['passes fire nothing', {}, each('pass', 1, 30), 60, []],
    [
      'it resolves when the fail leaves the window, to the moment',
      {},
      [seen('fail', 1), ...each('pass', 2, 20)],
      30,
      ['firing@1 1', 'resolved@11 0'],
    ],
    ['with no traffic at all too: of nothing a count is 0', {}, [seen('fail', 1)], 90, ['firing@1 1', 'resolved@11 0']],
    [
      'a rate of nothing has no value: keep keeps it firing',
      { when: when('rate', 'fail', '>', 0.5) },
      [seen('fail', 1)],
      90,
      ['firing@1 1'],
    ],
    ['a low count sees silence, too', { when: when('count', 'pass', '<', 1) }, [seen('pass', 1)], 90, ['firing@11 0']],
    ['what holds of nothing holds from the start', { when: when('count', 'pass', '>=', 0) }, [], 5, ['firing@0 0']],
    ['from the start, once a window was watched', { when: when('count', 'pass', '<', 1) }, [], 90, ['firing@10 0']],
    [
      'unless silence is said to be fine',
      { when: when('count', 'pass', '<', 1), noData: { kind: 'ok' } },
      [seen('pass', 1)],
      90,
      [],
    ],
    [
      'with no traffic at all, ok resolves it',
      { noData: { kind: 'ok' } },
      [seen('fail', 1)],
      90,
      ['firing@1 1', 'resolved@11 0'],
    ],
    [
      'a second incident after the first',
      {},
      [seen('fail', 1), ...each('pass', 2, 20), seen('fail', 21)],
      22,
      ['firing@1 1', 'resolved@11 0', 'firing@21 1'],
    ],
    [
      'two of three fails are too few, a third is enough',
      { when: when('count', 'fail', '>=', 3) },
      [seen('fail', 1), seen('fail', 2), seen('fail', 11), seen('fail', 11.5)],
      11.9,
      ['firing@11.5 3'],
    ],
    [
      'unknown and error do not enter a rate of fails',
      { when: when('rate', 'fail', '>', 0.5) },
      [seen('unknown', 1), seen('error', 1), seen('pass', 2), seen('fail', 3), seen('fail', 4)],
      5,
      [`firing@4 ${2 / 3}`],
    ],
    [
      'a rate of unknowns is of all results',
      { when: when('rate', 'unknown', '>=', 0.5) },
      [seen('pass', 1), seen('fail', 2), seen('unknown', 3), seen('unknown', 4)],
      5,
      ['firing@4 0.5'],
    ],
    [
      'a rate with nothing to divide by says nothing',
      { when: when('rate', 'fail', '<=', 1) },
      [seen('unknown', 1)],
      5,
      [],
    ],
    [
      'for: waits, then fires without a new observation',
      { forNs: ns(5 * minute) },
      [seen('fail', 1)],
      9,
      ['pending@1 1', 'firing@6 1'],
    ],
    [
      'for: a condition that ends too soon never fires',
      { forNs: ns(15 * minute) },
      [seen('fail', 1), ...each('pass', 2, 20)],
      30,
      ['pending@1 1', 'inactive@11 0'],
    ],
    [
      'a low count needs a whole window before it says anything',
      { when: when('count', 'pass', '<', 3) },
      [...each('pass', 1, 2), ...each('unknown', 3, 14)],
      14,
      ['firing@10 2'],
    ],
    [
      'silence fires after its time, and data resolves it',
      { noData: { kind: 'fire', afterNs: ns(30 * minute) } },
      [seen('pass', 1), seen('pass', 40)],
      41,
      ['firing@31 0 no_data', 'resolved@40 0 no_data'],
    ],
    [
      'also when it had fired for what came before',
      { noData: { kind: 'fire', afterNs: ns(30 * minute) } },
      [seen('fail', 1)],
      45,
      ['firing@1 1', 'resolved@11 0', 'firing@31 0 no_data'],
    ],
    [
      'silence from the start fires too',
      { noData: { kind: 'fire', afterNs: ns(30 * minute) } },
      [],
      45,
      ['firing@30 0 no_data'],
    ],
  ])('%s', (_, over, observations, untilMin, expected) => {
    expect(shown(run(plan(over), observations, untilMin))).toEqual(expected)
  })
})

describe('coverage, means and sums', () => {
  const scored = (score: number, atMin: number, over: Partial<Observation> = {}): Observation =>
    seen(score >= 4 ? 'pass' : 'fail', atMin, { score, ...over })
  const mean = (cmp: Extract<RunAlert['when'], { kind: 'threshold' }>['cmp'], value: number) => ({
    when: whenMeasure(meanOf({ kind: 'number' }), cmp, value),
  })
  const coverage = { when: whenMeasure({ kind: 'coverage', type: { kind: 'ratio' } }, '<', 0.5) }
  const sum = { when: whenMeasure({ kind: 'score', fn: 'sum', type: { kind: 'number' } }, '<', 10) }

  test.each<[string, Partial<RunAlert>, Observation[], number, string[]]>([
    ['a mean that falls fires', mean('<', 3.5), [scored(4, 1), scored(4, 2), scored(2, 3)], 4, [`firing@3 ${10 / 3}`]],
    [
      'and resolves when the low score leaves the window',
      mean('<', 3.5),
      [scored(2, 1), scored(4, 2), scored(4, 3)],
      12,
      ['firing@1 2', 'resolved@11 4'],
    ],
    [
      'results without a score are in no mean',
      mean('<', 3),
      [scored(4, 1), seen('fail', 2), seen('unknown', 3)],
      4,
      [],
    ],
    ['a mean of nothing says nothing', mean('<', 3), [seen('fail', 1)], 4, []],
    [
      'a later revision replaces the score',
      mean('<', 3),
      [scored(1, 1, { key: 'a' }), scored(5, 2, { key: 'a', revision: 2 }), scored(1, 3, { key: 'a' })],
      4,
      ['firing@1 1', 'resolved@2 5'],
    ],
    [
      'a score that is delivered again counts once',
      mean('<', 3),
      [scored(5, 1, { key: 'a' }), scored(1, 2, { key: 'b' }), scored(1, 3, { key: 'b' })],
      4,
      [],
    ],
    [
      'what is undecided lowers the coverage',
      coverage,
      [seen('pass', 1), seen('unknown', 2), seen('error', 3), seen('fail', 4)],
      5,
      [`firing@3 ${1 / 3}`, 'resolved@4 0.5'],
    ],
    ['a sum that is too low needs a whole window', sum, [scored(4, 1), scored(5, 9)], 11.5, ['firing@10 9']],
  ])('%s', (_, over, observations, untilMin, expected) => {
    expect(shown(run(plan(over), observations, untilMin))).toEqual(expected)
  })

  test('a state written and read in between goes on the same', () => {
    const alert = plan(mean('<', 3.5))
    const before = stepAlert(initialAlertState(0), alert, [scored(4, 1, { key: 'a' })]).state
    const { transitions } = stepAlert(reread(before), alert, [scored(4, 2, { key: 'a' }), scored(2, 3)])
    expect(shown(transitions)).toEqual(['firing@3 3'])
    expect(transitions[0]?.numbers).toMatchObject({ count: 2, total: 2, threshold: 3.5 })
  })
})

describe('from results', () => {
  const result = makeResult({ verdict: 'fail', score: 9200, traceId: 'a' })

  test('a score is taken in the unit of the threshold', () => {
    const of = (kind: 'duration' | 'money' | 'number') => {
      const type = kind === 'money' ? ({ kind, currency: 'USD' } as const) : { kind }
      return observationOf(result, plan({ when: whenMeasure(meanOf(type), '>', 1) }), 0).score
    }
    expect([of('duration'), of('money'), of('number')]).toEqual([9.2e9, 9.2e9, 9200])
  })

  test('and where it counts nothing it is left out', () => {
    expect(observationOf(result, plan(), 0).score).toBeUndefined()
  })
})

describe('a subject counts once', () => {
  const two = plan({ when: when('count', 'fail', '>=', 2) })

  test('however often its result is delivered', () => {
    const fail = seen('fail', 1)
    expect(run(two, [fail, { ...fail, atMs: 2 * minute }, { ...fail, atMs: 3 * minute }], 5)).toEqual([])
  })

  test('and its newest revision is the one that counts', () => {
    const alert = plan()
    const pass = seen('pass', 1)
    const fail = { ...pass, verdict: 'fail', revision: 2, atMs: 2 * minute } as const
    const again = { ...pass, revision: 3, atMs: 3 * minute }
    expect(shown(run(alert, [pass, fail, again], 4))).toEqual(['firing@2 1', 'resolved@3 0'])
    // Revision 1 and 2, delivered again after 3, change nothing.
    expect(shown(run(alert, [pass, fail, again, pass, fail], 4))).toEqual(['firing@2 1', 'resolved@3 0'])
  })

  test('memory stays within its bounds', () => {
    const alert = plan({ when: when('rate', 'fail', '>', 0.99) })
    const state = initialAlertState(0)
    for (let index = 0; index < 6 * GENERATION_SIZE; index++)
      stepAlert(state, alert, [
        { verdict: index % 2 ? 'pass' : 'fail', atMs: index * 50, key: `k${index}`, exemplar: null },
      ])
    expect(state.window.seen.size).toBeGreaterThanOrEqual(GENERATION_SIZE)
    expect(state.window.seen.size).toBeLessThanOrEqual(2 * GENERATION_SIZE)
    expect(state.window.buckets.length).toBeLessThanOrEqual(BUCKETS + 1)
  })
})

describe('what a transition carries', () => {
  const example = (traceId: string) => ({
    subjectKind: 'llm_call' as const,
    traceId,
    spanId: '00000000000000aa',
    agentName: 'shop',
    score: undefined,
    reason: undefined,
    evidence: [{ field: 'output.text', pattern: 'pii.email', masked: 'a***@e***.com' }],
  })

  test('the numbers and up to three examples, newest first', () => {
    const alert = plan({ when: when('count', 'fail', '>=', 4) })
    const fails = ['a', 'b', 'c', 'd'].map((id, index) => seen('fail', index + 1, { exemplar: example(id) }))
    const [fired] = run(alert, [seen('pass', 1, { exemplar: example('p') }), ...fails], 5)
    expect(fired?.numbers).toEqual({
      measure: { kind: 'count', verdict: 'fail', type: { kind: 'int' } },
      cmp: '>=',
      threshold: 4,
      windowMs: 10 * minute,
      value: 4,
      count: 4,
      total: 5,
      verdicts: { pass: 1, fail: 4, unknown: 0, error: 0 },
    })
    expect(fired?.examples.map(({ traceId }) => traceId)).toEqual(['d', 'c', 'b'])
  })

  test('a rule on too few passes shows what failed', () => {
    const alert = plan({ when: when('rate', 'pass', '<', 0.9) })
    const [fired] = run(
      alert,
      [seen('pass', 1, { exemplar: example('p') }), seen('fail', 2, { exemplar: example('f') })],
      3,
    )
    expect(fired?.examples.map(({ traceId }) => traceId)).toEqual(['f'])
  })

  test('firing and resolved share an incident; the next incident is another', () => {
    const transitions = run(plan(), [seen('fail', 1), ...each('pass', 2, 20), seen('fail', 21)], 22)
    const [first, second, third] = transitions.map(({ incidentId }) => incidentId)
    expect(first).toBe(second)
    expect(third).not.toBe(first)
    expect(transitions[1]).toMatchObject({ to: 'resolved', sinceMs: 1 * minute })
  })
})

describe('definitions change under a firing alert', () => {
  const firing = (alert = plan()): AlertState => stepAlert(initialAlertState(0), alert, [seen('fail', 1)]).state

  test('another rule ends the incident and starts with an empty window', () => {
    const changed = plan({ when: when('count', 'fail', '>=', 1, 20) })
    const { state, transitions } = evaluateAlert(firing(), changed, 2 * minute)
    expect(shown(transitions)).toEqual(['resolved@2 1 definition_changed'])
    expect(evaluateAlert(state, changed, 3 * minute).transitions).toEqual([])
  })

  test('another measure of the same eval, too: what it holds was measured otherwise', () => {
    const before = plan({ measureHash: 'a' })
    const state = firing(before)
    const { state: after, transitions } = evaluateAlert(state, plan({ measureHash: 'b' }), 2 * minute)
    expect(shown(transitions)).toEqual(['resolved@2 1 definition_changed'])
    expect(evaluateAlert(after, plan({ measureHash: 'b' }), 3 * minute).transitions).toEqual([])
    // Of a scope the hash is of the whole condition: another limit is judged on the same window.
    const scope = { on: { kind: 'scope', scope: { subject: 'trace', where: null } } } as unknown as Partial<RunAlert>
    const raised = plan({ ...scope, measureHash: 'b', when: when('count', 'fail', '>=', 2) })
    const end = evaluateAlert(firing(plan({ ...scope, measureHash: 'a' })), raised, 2 * minute)
    expect(shown(end.transitions)).toEqual(['resolved@2 1'])
  })

  test('what a version before this one fired goes on firing', () => {
    const state = firing(plan({ measureHash: 'a' }))
    const key: unknown[] = JSON.parse(state.ruleKey!)
    state.ruleKey = JSON.stringify(key.slice(0, 3))
    expect(evaluateAlert(state, plan({ measureHash: 'a' }), 2 * minute).transitions).toEqual([])
  })

  test('after a change of the measure a whole window is watched before too little, or silence, is told of', () => {
    const low = (measureHash: string) =>
      plan({ measureHash, when: when('count', 'pass', '<', 5), noData: { kind: 'fire', afterNs: ns(15 * minute) } })
    const state = initialAlertState(0)
    for (let m = 1; m <= 60; m++) stepAlert(state, low('a'), [seen('pass', m), seen('pass', m)])
    expect(evaluateAlert(state, low('b'), 61 * minute).transitions).toEqual([])
    expect(evaluateAlert(state, low('b'), 70 * minute).transitions).toEqual([])
    expect(shown(evaluateAlert(reread(state), low('b'), 72 * minute).transitions)).toEqual(['firing@71 0'])
    const silent = (measureHash: string) => ({ ...low(measureHash), when: when('count', 'fail', '>=', 1) })
    const other = initialAlertState(0)
    for (let m = 1; m <= 60; m++) stepAlert(other, silent('a'), [seen('pass', m)])
    expect(evaluateAlert(other, silent('b'), 70 * minute).transitions).toEqual([])
    expect(shown(evaluateAlert(other, silent('b'), 90 * minute).transitions)).toEqual(['firing@85 0 no_data'])
  })

  test('another threshold is judged on the same window', () => {
    const raised = plan({ when: when('count', 'fail', '>=', 2) })
    expect(shown(evaluateAlert(firing(), raised, 2 * minute).transitions)).toEqual(['resolved@2 1'])
  })

  test('a removed alert resolves', () => {
    expect(shown(retireAlert(firing(), plan(), 2 * minute).transitions)).toEqual(['resolved@2 1 removed'])
  })
})

test('observing alone judges nothing', () => {
  const { state, transitions } = observeResults(initialAlertState(0), plan(), [seen('fail', 1)])
  expect(transitions).toEqual([])
  expect(state.phase.kind).toBe('inactive')
  expect(shown(evaluateAlert(state, plan(), 1 * minute).transitions)).toEqual(['firing@1 1'])
})
