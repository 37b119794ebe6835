import { describe, expect, test } from 'vitest'
import { assignEvenly, decodeAssignment, encodeSubscription } from './assignor.ts'

const member = (memberId: string, ...topics: string[]) => ({ memberId, memberMetadata: encodeSubscription(topics) })
const partitionsOf = (counts: Record<string, number>) => (topic: string) => [...Array(counts[topic] ?? 0).keys()]

function dealt(members: ReturnType<typeof member>[], counts: Record<string, number>): Record<string, string[]> {
  const assigned = assignEvenly(members, partitionsOf(counts))
  return Object.fromEntries(
    assigned.map(({ memberId, memberAssignment }) => [
      memberId,
      decodeAssignment(memberAssignment).map(({ topic, partition }) => `${topic}/${partition}`),
    ]),
  )
}

describe('the leader deals the partitions out', () => {
  test('evenly over all topics, each once', () => {
    const shares = dealt([member('b', 's', 't'), member('a', 's', 't'), member('c', 's', 't')], { s: 4, t: 4 })
    expect(Object.values(shares).flat().sort()).toEqual(['s/0', 's/1', 's/2', 's/3', 't/0', 't/1', 't/2', 't/3'])
    expect(
      Object.values(shares)
        .map((share) => share.length)
        .sort(),
    ).toEqual([2, 3, 3])
  })

  test('topics of one partition do not all land on one member', () => {
    const shares = dealt([member('a', 's', 't'), member('b', 's', 't')], { s: 1, t: 1 })
    expect(shares).toEqual({ a: ['s/0'], b: ['t/0'] })
  })

  test('a member gets nothing of a topic that it does not read, and nothing at all when there is too little', () => {
    expect(dealt([member('a', 's'), member('b', 't')], { s: 2, t: 1 })).toEqual({ a: ['s/0', 's/1'], b: ['t/0'] })
    expect(dealt([member('a', 's'), member('b', 's')], { s: 1 })).toEqual({ a: ['s/0'], b: [] })
  })
})
