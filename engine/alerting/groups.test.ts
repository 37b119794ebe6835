import { expect, test } from 'vitest'
import { minute, ns, plan, when } from './alert-fixture.ts'
import { evaluateGroups, initialGroups, MAX_GROUPS, stepGroups } from './groups.ts'
import type { AlertTransition, Observation } from './step.ts'

const byVersion = plan({ by: [{ kind: 'field', path: 'agent.version' }] })
const seen = (version: string, atMin: number, verdict: 'pass' | 'fail' = 'fail'): Observation => ({
  verdict,
  atMs: atMin * minute,
  key: `${version} ${atMin}`,
  exemplar: null,
  labels: { 'agent.version': version },
})
const shown = (transitions: readonly AlertTransition[]): string[] =>
  transitions.map(({ to, group, atMs }) => `${group['agent.version']} ${to}@${atMs / minute}`)

test('each value is an alert of its own, with incidents of its own', () => {
  const all = initialGroups(0)
  const transitions = [
    ...stepGroups(all, byVersion, [seen('1', 1), seen('2', 1, 'pass')]),
    ...stepGroups(all, byVersion, [seen('2', 5)]),
    ...evaluateGroups(all, byVersion, 20 * minute),
  ]
  expect(shown(transitions)).toEqual(['1 firing@1', '2 firing@5', '1 resolved@11', '2 resolved@15'])
  expect(new Set(transitions.map(({ incidentId }) => incidentId)).size).toBe(2)
})

test('groups are bounded: those that are too many are one group', () => {
  const all = initialGroups(0)
  const many = Array.from({ length: 3 * MAX_GROUPS }, (_, i) => seen(`v${i}`, 1))
  const fired = stepGroups(all, byVersion, many)
  // One more is of the alert as a whole, which can fall silent.
  expect(all.groups.size).toBe(MAX_GROUPS + 2)
  expect(fired).toHaveLength(MAX_GROUPS + 1)
  expect(shown(fired).at(-1)).toBe('(other) firing@1')
})

test('silence is asked of the whole, and no group is too low for being empty', () => {
  const low = plan({ by: byVersion.by, when: when('count', 'pass', '<', 1) })
  const all = initialGroups(0)
  stepGroups(all, low, [seen('1', 1, 'pass')])
  expect(evaluateGroups(all, low, 60 * minute)).toEqual([])
  const silent = plan({ by: byVersion.by, noData: { kind: 'fire', afterNs: ns(30 * minute) } })
  const others = initialGroups(0)
  stepGroups(others, silent, [seen('1', 1, 'pass')])
  expect(shown(evaluateGroups(others, silent, 60 * minute))).toEqual(['undefined firing@31'])
})
