import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GroupState } from './group-state.ts'
import { assign, EMPTY_GROUP, expire, heartbeat, join, leave, memberOf, settle, surrender } from './group-state.ts'

const member = (memberId: string, topics = ['t']) => ({ memberId, run: 'run', topics, sessionTimeoutMs: 100 })
const four = () => 4
const held = (group: GroupState) =>
  Object.fromEntries(group.members.map((m) => [m.memberId, m.assignment.map((p) => p.partition)]))

describe('assign', () => {
  test.each([
    { partitions: 4, members: 1, counts: [4] },
    { partitions: 4, members: 2, counts: [2, 2] },
    { partitions: 4, members: 3, counts: [2, 1, 1] },
    { partitions: 2, members: 3, counts: [1, 1, 0] },
  ])('$partitions partitions over $members members', ({ partitions, members, counts }) => {
    const assignments = assign(
      Array.from({ length: members }, () => ({ topics: ['t'] })),
      () => partitions,
    )
    expect(assignments.map((a) => a.length)).toEqual(counts)
    expect(new Set(assignments.flat().map((p) => p.partition)).size).toBe(partitions)
  })

  test('only subscribers get a topic, and remainders of several topics go to different members', () => {
    const assignments = assign([{ topics: ['a', 'b'] }, { topics: ['a', 'b'] }, { topics: ['b'] }], (t) =>
      t === 'a' ? 1 : 4,
    )
    expect(assignments[2]!.every((p) => p.topic === 'b')).toBe(true)
    expect(assignments.map((a) => a.length)).toEqual([2, 2, 1])
  })
})

test('a lone member gets all at once', () => {
  const group = settle(join(EMPTY_GROUP, member('a'), 0), four)
  expect(group).toMatchObject({ generation: 1, rebalancing: false })
  expect(held(group)).toEqual({ a: [0, 1, 2, 3] })
})

test('a second member waits until the first gave up its partitions', () => {
  const one = settle(join(EMPTY_GROUP, member('a'), 0), four)
  const joining = settle(join(one, member('b'), 0), four)
  expect(joining).toMatchObject({ generation: 1, rebalancing: true })
  expect(held(joining)).toEqual({ a: [0, 1, 2, 3], b: [] })
  const both = settle(surrender(joining, 'a', 0), four)
  expect(both).toMatchObject({ generation: 2, rebalancing: false })
  expect(held(both)).toEqual({ a: [0, 1], b: [2, 3] })
})

test('a silent member does not hold up a rebalance for longer than its session', () => {
  const one = settle(join(EMPTY_GROUP, member('a'), 0), four)
  const joining = heartbeat(join(one, member('b'), 0), 'b', 100)
  expect(settle(expire(joining, 'run', 100), four).rebalancing).toBe(true)
  const after = settle(expire(joining, 'run', 101), four)
  expect(held(after)).toEqual({ b: [0, 1, 2, 3] })
})

test('members of an earlier run of the process are dead at once', () => {
  const one = settle(join(EMPTY_GROUP, member('a'), 0), four)
  const after = settle(join(expire(one, 'next run', 0), { ...member('b'), run: 'next run' }, 0), four)
  expect(held(after)).toEqual({ b: [0, 1, 2, 3] })
  expect(after.generation).toBe(2)
})

test('in any order of events partitions are held once, generations rise, and a settled group has all of them', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd')
  const event = fc.record({ kind: fc.constantFrom('join', 'leave', 'expire', 'surrender', 'heartbeat'), name: names })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      let group = EMPTY_GROUP
      let nowMs = 0
      for (const { kind, name } of events) {
        nowMs += 30
        const before = group
        if (kind === 'join') group = join(group, member(name), nowMs)
        else if (kind === 'leave') group = leave(group, name)
        else if (kind === 'expire') group = expire(group, 'run', nowMs)
        // As the consumer does it: only a member that is asked to gives up its partitions.
        else if (kind === 'surrender' && group.rebalancing) group = surrender(group, name, nowMs)
        else if (kind === 'heartbeat') group = heartbeat(group, name, nowMs)
        group = settle(group, four)

        const all = group.members.flatMap((m) => m.assignment.map((p) => p.partition))
        expect(new Set(all).size).toBe(all.length)
        expect(group.generation - before.generation).toBeOneOf([0, 1])
        if (!group.rebalancing) expect(all.length).toBe(group.members.length === 0 ? 0 : 4)
        for (const m of group.members) {
          if (m.ready) expect(m.assignment).toEqual([])
          // Who keeps its generation keeps its partitions, or has given up all of them.
          const earlier = memberOf(before, m.memberId)
          if (group.generation !== before.generation || earlier === undefined || m.ready) continue
          expect(m.assignment).toEqual(earlier.assignment)
        }
      }
    }),
  )
})
