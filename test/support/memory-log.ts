/** A log in memory for simulations: one member of a group works, others stand by, and each member can be cut off at any write. */
import type {
  AppendedPosition,
  CommittedOffset,
  Consumer,
  ConsumerOptions,
  Log,
  LogRecord,
  RecordToAppend,
} from '../../storage/log/port.ts'

interface Member {
  readonly options: ConsumerOptions
  readonly isAlive: () => boolean
  generation: number
  isAssigned: boolean
  /** It lost the partition, and has not heard so yet. */
  isUnheard: boolean
  next: number
}

export interface MemoryLogProcess {
  readonly onWrite: () => boolean
  readonly isAlive: () => boolean
  /** While it sleeps: when it wakes. What it was about to write it writes then, whoever has the partition by then. */
  readonly asleep?: () => Promise<void> | null
}

export interface MemoryLog {
  /** As one process sees it. `onWrite` is asked before each write; false: the process is dead, and nothing that it asks ends. */
  client(process: MemoryLogProcess): Log
  /** Every record of a topic. */
  records(topic: string): readonly LogRecord[]
  /**
   * The member of the group that works is taken for dead; the next one takes over. It hears so when it fetches, or at once, whatever it is
   * at, and joins again.
   */
  expire(isHeardAtOnce?: boolean): Promise<void>
  /** Whether the member that has the partition is alive. */
  isWorking(): boolean
  append(topic: string, records: readonly RecordToAppend[]): void
  /** Of each key only the last record is left; the places of the others are empty. */
  compact(topic: string): void
}

export function createMemoryLog(nowMs: () => number): MemoryLog {
  const topics = new Map<string, LogRecord[]>()
  const committed = new Map<string, CommittedOffset>()
  const members: Member[] = []
  let generation = 0
  const of = (topic: string): LogRecord[] => {
    const records = topics.get(topic) ?? []
    topics.set(topic, records)
    return records
  }
  const append = (topic: string, added: readonly RecordToAppend[]): AppendedPosition[] =>
    added.map(({ key, value, headers = {} }) => {
      const records = of(topic)
      const offset = records.length
      records.push({ topic, partition: 0, offset, key, value, headers, appendTimeMs: nowMs() } as LogRecord)
      return { partition: 0, offset } as AppendedPosition
    })
  const giveTo = async (member: Member | undefined): Promise<void> => {
    if (member === undefined) return
    const [topic = ''] = member.options.topics
    member.generation = ++generation
    member.next = committed.get(`${member.options.groupId} ${topic}`)?.offset ?? 0
    await member.options.onAssign?.([{ topic, partition: 0 }])
    member.isAssigned = true
  }
  const rejoin = async (member: Member): Promise<void> => {
    member.isAssigned = false
    await member.options.onRevoke?.([{ topic: member.options.topics[0] ?? '', partition: 0 }])
    members.push(member)
  }
  const client = ({ onWrite, isAlive, asleep = () => null }: MemoryLogProcess): Log => {
    const dead = new Promise<never>(() => {})
    const writing = async <T>(write: () => T): Promise<T> => {
      if (!onWrite()) return dead
      const waking = asleep()
      if (waking !== null) await waking
      return isAlive() ? write() : dead
    }
    return {
      ensureTopics: async () => {},
      append: (topic, records) => (records.length === 0 ? Promise.resolve([]) : writing(() => append(topic, records))),
      partitionsOf: async () => 1,
      partitionFor: () => 0,
      offsetsForTime: async () => [],
      read: async (topic, _partition, from, max) => (isAlive() ? of(topic).slice(from, from + max) : dead),
      endOffsets: async (topic) => [{ partition: 0, start: 0, end: of(topic).length }],
      committed: async (groupId) =>
        [...committed].flatMap(([key, position]) => (key.split(' ')[0] === groupId ? [position] : [])),
      close: async () => {},
      openConsumer: async (options): Promise<Consumer> => {
        const [topic = ''] = options.topics
        const member: Member = { options, isAlive, generation: 0, isAssigned: false, isUnheard: false, next: 0 }
        members.push(member)
        if (members[0] === member) await giveTo(member)
        return {
          groupId: options.groupId,
          memberId: String(members.length),
          generation: () => member.generation,
          assignment: () => (member.isAssigned ? [{ topic, partition: 0 }] : []),
          fetch: async ({ signal }) => {
            await new Promise((resolve) => setImmediate(resolve))
            if (!isAlive()) return dead
            if (member.isAssigned && member.generation !== generation) {
              // It hears that it was taken for dead by its next heartbeat, which is not with every fetch.
              member.isUnheard = !member.isUnheard
              if (!member.isUnheard) {
                await rejoin(member)
                if (members[0] === member) await giveTo(member)
              }
            }
            if (!member.isAssigned || signal?.aborted) return []
            const records = of(topic).slice(member.next, member.next + 3)
            member.next += records.length
            return records
          },
          commit: ([position]) => {
            const ofGeneration = member.generation
            return writing(() => {
              if (ofGeneration !== generation) return { ok: false as const, reason: 'fenced' as const }
              committed.set(`${options.groupId} ${topic}`, position!)
              return { ok: true as const }
            })
          },
          seek: ({ offset }) => {
            member.next = offset
          },
          pause: () => {},
          resume: () => {},
          close: async () => {
            member.isAssigned = false
          },
        }
      },
    }
  }
  return {
    client,
    records: of,
    append: (topic, records) => void append(topic, records),
    compact: (topic) => {
      const records = of(topic)
      const last = new Map(records.map(({ key, offset }) => [key, offset]))
      for (const [at, record] of records.entries())
        if (record.key !== null && last.get(record.key) !== record.offset)
          records[at] = { ...record, key: null, value: new Uint8Array(), headers: {} }
    },
    expire: async (isHeardAtOnce = false) => {
      const lost = members.shift()
      if (isHeardAtOnce && lost?.isAssigned && lost.isAlive()) await rejoin(lost)
      while (members[0]?.isAlive() === false) members.shift()
      await giveTo(members[0])
    },
    isWorking: () => members[0]?.isAlive() === true,
  }
}
