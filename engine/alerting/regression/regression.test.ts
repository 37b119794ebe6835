/** Alerts on changes, from verdicts to transitions, on the log's clock. */
import { describe, expect, test } from 'vitest'
import { Random } from '../../../test/simulation/random.ts'
import type { Verdict } from '../../model/result.ts'
import { minute, ns, plan } from '../alert-fixture.ts'
import { evaluateGroups, initialGroups, stepGroups } from '../groups.ts'
import { alertGroupsToJson, parseAlertGroups } from '../groups-json.ts'
import type { RunAlert } from '../run-alert.ts'
import type { AlertTransition, Observation } from '../step.ts'

const hour = 60 * minute
const day = 24 * hour

const onChange = (over: Partial<RunAlert> = {}, by = 0.02): RunAlert =>
  plan({
    when: {
      kind: 'regression',
      measure: { kind: 'rate', verdict: 'pass', type: { kind: 'ratio' } },
      worse: 'lower',
      by: { kind: 'absolute', value: by },
      referenceNs: ns(14 * day),
    },
    falseAlarms: { ratio: 0.05, perNs: ns(30 * day), shared: false },
    ...over,
  })

let subject = 0
interface Traffic {
  perHour: number
  pass: number
  labels?: Record<string, string>
  measureHash?: string
}
/** Independent verdicts from `fromH` to `toH`, evenly spread. */
function traffic(random: () => number, fromH: number, toH: number, { perHour, pass, ...over }: Traffic): Observation[] {
  const count = Math.round((toH - fromH) * perHour)
  return Array.from({ length: count }, (_, i) => {
    const verdict: Verdict = random() < pass ? 'pass' : 'fail'
    return {
      verdict,
      atMs: Math.round(fromH * hour + (i * hour) / perHour),
      key: `s${++subject}`,
      exemplar: null,
      ...over,
    }
  })
}

const randomOf = (seed: number): (() => number) => {
  const random = new Random(seed)
  return () => random.next()
}

function run(
  alert: RunAlert,
  observations: readonly Observation[],
  untilH: number,
  all = initialGroups(0),
): AlertTransition[] {
  const transitions = observations.flatMap((observation) => stepGroups(all, alert, [observation]))
  return [...transitions, ...evaluateGroups(all, alert, untilH * hour)]
}

const shown = (transitions: readonly AlertTransition[]): string[] =>
  transitions.map(({ to, atMs, group }) => [...Object.values(group), to, `${(atMs / hour).toFixed(0)}h`].join(' '))

describe('a pass rate', () => {
  test('that falls by ten points is told within hours, and that it recovered too', () => {
    const random = randomOf(1)
    const transitions = run(
      onChange(),
      [
        ...traffic(random, 0, 14 * 24, { perHour: 60, pass: 0.9 }),
        ...traffic(random, 14 * 24, 15 * 24, { perHour: 60, pass: 0.75 }),
        ...traffic(random, 15 * 24, 17 * 24, { perHour: 60, pass: 0.9 }),
      ],
      17 * 24,
    )
    expect(transitions.map(({ to }) => to)).toEqual(['firing', 'resolved'])
    const [fired, resolved] = transitions
    expect(fired!.atMs / hour - 14 * 24).toBeLessThan(12)
    expect(resolved!.atMs / hour - 15 * 24).toBeLessThan(12)
    expect(resolved!.incidentId).toBe(fired!.incidentId)
    expect(fired!.why).toMatchObject({ detection: { kind: 'e-sr', falseAlarms: { ratio: 0.05 } } })
    const { baseline, now, change } = fired!.why!
    expect(baseline!.value).toBeCloseTo(0.9, 1)
    expect(now!.interval!.high).toBeLessThan(0.9)
    expect(change!.delta).toBeLessThan(-0.05)
    expect(change!.mixEffect).toBeCloseTo(0, 6)
  })

  test('that stays tells nothing in sixty days', () => {
    const random = randomOf(2)
    expect(shown(run(onChange(), traffic(random, 0, 60 * 24, { perHour: 20, pass: 0.9 }), 60 * 24))).toEqual([])
  })

  test('is not watched before a seventh of the reference is known', () => {
    const random = randomOf(3)
    const early = [
      ...traffic(random, 0, 24, { perHour: 60, pass: 0.95 }),
      ...traffic(random, 24, 40, { perHour: 60, pass: 0.5 }),
    ]
    expect(shown(run(onChange(), early, 40))).toEqual([])
  })

  test('that falls by less than the rule asks for is none of its business', () => {
    const random = randomOf(4)
    const little = [
      ...traffic(random, 0, 14 * 24, { perHour: 60, pass: 0.9 }),
      ...traffic(random, 14 * 24, 18 * 24, { perHour: 60, pass: 0.8 }),
    ]
    expect(shown(run(onChange({}, 0.3), little, 18 * 24))).toEqual([])
  })

  test('is measured anew after a change of the measure: results of the old one are left out', () => {
    const random = randomOf(5)
    const all = initialGroups(0)
    const before = { ...onChange(), measureHash: 'a' }
    const after = { ...onChange(), measureHash: 'b' }
    run(before, traffic(random, 0, 14 * 24, { perHour: 30, pass: 0.9, measureHash: 'a' }), 14 * 24, all)
    expect(all.shared.reference?.fit).not.toBeNull()
    const next = traffic(random, 14 * 24, 15 * 24, { perHour: 30, pass: 0.5, measureHash: 'b' })
    expect(shown(run(after, next, 15 * 24, all))).toEqual([])
    expect(all.shared.reference?.fit).toBeNull()
    const late = traffic(random, 15 * 24, 15 * 24 + 1, { perHour: 30, pass: 0, measureHash: 'a' })
    const looks = all.shared.reference?.looks.length
    run(after, late, 15 * 24 + 1, all)
    expect(all.shared.reference?.looks.length).toBe(looks)
  })
})

test('revisions, redeliveries, stale subjects and stand-ins of the judge change nothing', () => {
  const random = randomOf(6)
  const stream = [
    ...traffic(random, 0, 14 * 24, { perHour: 30, pass: 0.9 }),
    ...traffic(random, 14 * 24, 15 * 24, { perHour: 30, pass: 0.6 }),
  ]
  const alert = onChange({ measureHash: 'own' })
  const once = run(alert, stream, 15 * 24)
  const all = initialGroups(0)
  const noisy = stream.flatMap((observation): Observation[] => [
    observation,
    observation,
    { ...observation, revision: 2, verdict: 'fail' },
    { ...observation, key: `${observation.key}-old`, revision: 0, verdict: 'fail' },
    { ...observation, key: `${observation.key}-other`, measureHash: 'of a stand-in', verdict: 'fail' },
  ])
  const again = run(alert, noisy, 15 * 24, all)
  expect(again.map(({ to, atMs }) => [to, atMs])).toEqual(once.map(({ to, atMs }) => [to, atMs]))
  expect(once.length).toBe(1)
})

test('a state that is written and read at any moment goes on the same', () => {
  const random = randomOf(7)
  const stream = [
    ...traffic(random, 0, 6 * 24, { perHour: 20, pass: 0.9, labels: { 'agent.version': '1', env: 'prod' } }),
    ...traffic(random, 6 * 24, 8 * 24, { perHour: 20, pass: 0.6, labels: { 'agent.version': '2', env: 'prod' } }),
  ]
  const alert = onChange({ by: [{ kind: 'field', path: 'agent.version' }] })
  const kept = run(alert, stream, 9 * 24)
  let all = initialGroups(0)
  const transitions: AlertTransition[] = []
  for (const [i, observation] of stream.entries()) {
    transitions.push(...stepGroups(all, alert, [observation]))
    if (i % 97 !== 0) continue
    const parsed = parseAlertGroups(JSON.parse(JSON.stringify(alertGroupsToJson(all))))
    if (!parsed.ok) throw new Error(parsed.message)
    all = parsed.state
  }
  transitions.push(...evaluateGroups(all, alert, 9 * 24 * hour))
  expect(transitions).toEqual(kept)
  expect(kept.length).toBeGreaterThan(0)
  // A fortnight at most, whatever comes.
  expect(JSON.stringify(alertGroupsToJson(all)).length).toBeLessThan(1_000_000)
})

describe('groups', () => {
  const byVersion = onChange({ by: [{ kind: 'field', path: 'agent.version' }] })

  test('a new version is judged by what its predecessors did, and named as the one that brought it', () => {
    const random = randomOf(8)
    const transitions = run(
      byVersion,
      [
        ...traffic(random, 0, 14 * 24, { perHour: 60, pass: 0.9, labels: { 'agent.version': '1' } }),
        ...traffic(random, 14 * 24, 15 * 24, { perHour: 60, pass: 0.7, labels: { 'agent.version': '2' } }),
      ],
      15 * 24,
    )
    expect(transitions.map(({ to, group }) => `${group['agent.version']} ${to}`)).toEqual(['2 firing'])
    expect(transitions[0]!.atMs / hour - 14 * 24).toBeLessThan(10)
    expect(transitions[0]!.why!.deploy).toMatchObject({ label: 'agent.version', value: '2' })
  })

  test.each(['agent.version', 'model'])(
    'a drop that comes with a new %s is told in the very hour in which one without is',
    (label) => {
      const stream = (before: string, after: string): Observation[] => {
        const random = randomOf(12)
        return [
          ...traffic(random, 0, 14 * 24, { perHour: 30, pass: 0.9, labels: { env: 'prod', [label]: before } }),
          ...traffic(random, 14 * 24, 16 * 24, { perHour: 30, pass: 0.75, labels: { env: 'prod', [label]: after } }),
        ]
      }
      const plain = run(onChange(), stream('1', '1'), 16 * 24)
      const deployed = run(onChange(), stream('1', '2'), 16 * 24)
      expect(shown(plain)).toEqual([expect.stringMatching(/^firing 3[34]\dh$/)])
      expect(shown(deployed)).toEqual(shown(plain))
      expect([plain, deployed].map(([fired]) => fired!.why!.deploy)).toMatchObject([null, { label, value: '2' }])
      // A group of its own has a part of the budget alone, and no history: it inherits that of the others.
      const byLabel = onChange({ by: [{ kind: 'field', path: label }] })
      const [grouped] = run(byLabel, stream('1', '2'), 16 * 24)
      expect(grouped!.group).toEqual({ [label]: '2' })
      expect(grouped!.atMs - plain[0]!.atMs).toBeLessThanOrEqual(2 * hour)
    },
  )

  test('what is kept for head starts is not there again when the reference is whole, but with the next time of the budget', () => {
    const all = initialGroups(0)
    const random = randomOf(10)
    const seen = (fromDay: number, toDay: number, version: string) => {
      const labels = { 'agent.version': version }
      run(byVersion, traffic(random, fromDay * 24, toDay * 24, { perHour: 10, pass: 0.9, labels }), toDay * 24, all)
      const { number, partial, begun } = all.shared.reference!.fit!
      return { number, partial, begun }
    }
    expect(seen(0, 3, '1')).toEqual({ number: 1, partial: true, begun: 0 })
    expect(seen(3, 4, '2')).toEqual({ number: 1, partial: true, begun: 1 })
    expect(seen(4, 15, '2')).toEqual({ number: 2, partial: false, begun: 1 })
    expect(seen(15, 16, '3')).toEqual({ number: 2, partial: false, begun: 2 })
    expect(seen(16, 46, '3')).toEqual({ number: 3, partial: false, begun: 0 })
  })

  test('one that is gone for a day is forgotten, and what fires of it ends', () => {
    const random = randomOf(9)
    const transitions = run(
      byVersion,
      [
        ...traffic(random, 0, 14 * 24, { perHour: 60, pass: 0.9, labels: { 'agent.version': '1' } }),
        ...traffic(random, 14 * 24, 15 * 24, { perHour: 60, pass: 0.6, labels: { 'agent.version': '2' } }),
        ...traffic(random, 15 * 24, 18 * 24, { perHour: 60, pass: 0.9, labels: { 'agent.version': '1' } }),
      ],
      18 * 24,
    )
    expect(transitions.map(({ to, cause, group }) => `${group['agent.version']} ${to} ${cause}`)).toEqual([
      '2 firing condition',
      '2 resolved group_gone',
    ])
  })
})

test('more of the traffic that always did worse is no alarm: the mix changed, nothing got worse', () => {
  const random = randomOf(10)
  const both = (fromH: number, toH: number, easy: number, hard: number): Observation[] =>
    [
      ...traffic(random, fromH, toH, { perHour: easy, pass: 0.97, labels: { env: 'prod' } }),
      ...traffic(random, fromH, toH, { perHour: hard, pass: 0.7, labels: { env: 'beta' } }),
    ].sort((a, b) => a.atMs - b.atMs)
  const mixed = [...both(0, 14 * 24, 80, 20), ...both(14 * 24, 18 * 24, 20, 80)]
  expect(shown(run(onChange(), mixed, 18 * 24))).toEqual([])
})

test('a p95 that rises by more than the rule asks for', () => {
  const random = randomOf(11)
  const slow = (fromH: number, toH: number, factor: number): Observation[] =>
    traffic(random, fromH, toH, { perHour: 60, pass: 1 }).map((observation) => ({
      ...observation,
      score: factor * 1e9 * (1 - Math.log(1 - random())),
    }))
  const latency = onChange({
    when: {
      kind: 'regression',
      measure: { kind: 'score', fn: 'p95', type: { kind: 'duration' } },
      worse: 'higher',
      by: { kind: 'absolute', value: 0.5e9 },
      referenceNs: ns(14 * day),
    },
  })
  const transitions = run(latency, [...slow(0, 14 * 24, 1), ...slow(14 * 24, 15 * 24, 2)], 15 * 24)
  expect(transitions.map(({ to }) => to)).toEqual(['firing'])
  expect(transitions[0]!.why!.baseline!.value / 1e9).toBeCloseTo(4, 0)
  expect(transitions[0]!.numbers.value! / 1e9).toBeGreaterThan(6)
  expect(shown(run(latency, slow(0, 18 * 24, 1), 18 * 24))).toEqual([])
})
