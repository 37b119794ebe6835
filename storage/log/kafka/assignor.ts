/** Who reads what: the leader of a group deals the partitions out, evenly over all topics together. */
import { MemberAssignment, MemberMetadata } from './kafkajs-internals.ts'

export const ASSIGNOR = 'assay-even'
const VERSION = 1

export interface GroupMemberMetadata {
  readonly memberId: string
  readonly memberMetadata: Buffer
}

export function encodeSubscription(topics: readonly string[]): Buffer {
  return MemberMetadata.encode({ version: VERSION, topics })
}

/**
 * Partition 0 of a topic goes to another member than partition 0 of the one before it, so that topics of few partitions don't all
 * land on one. Members that don't read a topic get nothing of it.
 */
export function assignEvenly(
  members: readonly GroupMemberMetadata[],
  partitionsOf: (topic: string) => readonly number[],
): { memberId: string; memberAssignment: Buffer }[] {
  const readers = members
    .map(({ memberId, memberMetadata }) => ({ memberId, topics: MemberMetadata.decode(memberMetadata)?.topics ?? [] }))
    .toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1))
  const assigned = new Map(readers.map(({ memberId }) => [memberId, {} as Record<string, number[]>]))
  let turn = 0
  for (const topic of [...new Set(readers.flatMap(({ topics }) => topics))].sort()) {
    const candidates = readers.filter(({ topics }) => topics.includes(topic))
    for (const partition of partitionsOf(topic)) {
      const { memberId } = candidates[turn++ % candidates.length]!
      const mine = assigned.get(memberId)!
      mine[topic] = [...(mine[topic] ?? []), partition]
    }
  }
  return [...assigned].map(([memberId, assignment]) => ({
    memberId,
    memberAssignment: MemberAssignment.encode({ version: VERSION, assignment }),
  }))
}

/** Topic and partition of each that was assigned. */
export function decodeAssignment(bytes: Buffer): { topic: string; partition: number }[] {
  const decoded = MemberAssignment.decode(bytes)
  return Object.entries(decoded?.assignment ?? {}).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  )
}
