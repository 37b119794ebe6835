/**
 * The rules of a consumer group, pure: who is in it, which generation is in force, who has which partitions. Kafka's classic
 * protocol: after a change every member gives up its partitions, then all get new ones under the next generation.
 */
import type { TopicPartition } from '../port.ts'

export interface GroupMember {
  memberId: string
  /** The run of the process that holds the folder: members of an earlier run are dead, whatever their heartbeat says. */
  run: string
  topics: readonly string[]
  sessionTimeoutMs: number
  heartbeatAtMs: number
  /** Has given up its partitions and waits for the next generation. */
  ready: boolean
  assignment: readonly TopicPartition[]
}

export interface GroupState {
  generation: number
  /** A rebalance towards generation + 1 is going on. */
  rebalancing: boolean
  /** In order of joining. */
  members: readonly GroupMember[]
}

export const EMPTY_GROUP: GroupState = { generation: 0, rebalancing: false, members: [] }

export type PartitionsOf = (topic: string) => number

export function memberOf(group: GroupState, memberId: string): GroupMember | undefined {
  return group.members.find((member) => member.memberId === memberId)
}

/** Adds a member; it gets partitions once all others gave up theirs. */
export function join(
  group: GroupState,
  member: Pick<GroupMember, 'memberId' | 'run' | 'topics' | 'sessionTimeoutMs'>,
  nowMs: number,
): GroupState {
  const others = group.members.filter((other) => other.memberId !== member.memberId)
  const joined: GroupMember = { ...member, heartbeatAtMs: nowMs, ready: true, assignment: [] }
  return { ...group, rebalancing: true, members: [...others, joined] }
}

export function leave(group: GroupState, memberId: string): GroupState {
  return withMembers(
    group,
    group.members.filter((member) => member.memberId !== memberId),
  )
}

/** Removes members of earlier runs of the process and those silent for longer than their session timeout. */
export function expire(group: GroupState, run: string, nowMs: number): GroupState {
  return withMembers(
    group,
    group.members.filter((member) => member.run === run && nowMs - member.heartbeatAtMs <= member.sessionTimeoutMs),
  )
}

export function heartbeat(group: GroupState, memberId: string, nowMs: number): GroupState {
  return mapMember(group, memberId, (member) => ({ ...member, heartbeatAtMs: nowMs }))
}

/** The member gave up its partitions and is ready for the next generation. */
export function surrender(group: GroupState, memberId: string, nowMs: number): GroupState {
  return mapMember(group, memberId, (member) => ({ ...member, ready: true, assignment: [], heartbeatAtMs: nowMs }))
}

/** Ends a rebalance if all members are ready for it: the generation rises and the partitions are dealt out. */
export function settle(group: GroupState, partitionsOf: PartitionsOf): GroupState {
  if (!group.rebalancing || !group.members.every((member) => member.ready)) return group
  const assignments = assign(group.members, partitionsOf)
  return {
    generation: group.generation + 1,
    rebalancing: false,
    members: group.members.map((member, i) => ({ ...member, ready: false, assignment: assignments[i]! })),
  }
}

/**
 * Each topic's partitions in contiguous ranges over the members that subscribed to it, in order of joining. The members with one
 * partition more rotate from topic to topic, so that the first doesn't get all the remainders.
 */
export function assign(
  members: readonly Pick<GroupMember, 'topics'>[],
  partitionsOf: PartitionsOf,
): readonly (readonly TopicPartition[])[] {
  const assignments: TopicPartition[][] = members.map(() => [])
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort()
  let shift = 0
  for (const topic of topics) {
    const takers = members.flatMap((member, i) => (member.topics.includes(topic) ? [i] : []))
    const partitions = partitionsOf(topic)
    const each = Math.floor(partitions / takers.length)
    const extra = partitions % takers.length
    let next = 0
    for (let t = 0; t < takers.length; t++) {
      const taker = takers[(t + shift) % takers.length]!
      const count = each + (t < extra ? 1 : 0)
      for (let i = 0; i < count; i++) assignments[taker]!.push({ topic, partition: next++ })
    }
    shift += extra
  }
  return assignments
}

function withMembers(group: GroupState, members: readonly GroupMember[]): GroupState {
  if (members.length === group.members.length) return group
  // An empty group needs no rebalance: the next member starts one by joining.
  return { ...group, rebalancing: members.length > 0, members }
}

function mapMember(group: GroupState, memberId: string, change: (member: GroupMember) => GroupMember): GroupState {
  return {
    ...group,
    members: group.members.map((member) => (member.memberId === memberId ? change(member) : member)),
  }
}
