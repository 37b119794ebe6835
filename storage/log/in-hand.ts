/**
 * Finds the records that kill their process: out of memory, a crash in native code, a loop without end. What a member has in hand is
 * written beside its committed offsets before it is processed, as a range with room in it, so that the commits which it makes anyway
 * renew it. A range that is still there when a partition is taken over means that the member before died, by a record of it or by
 * anything else: its records are then tried alone, in pieces, without effects, each piece written down before. One that has killed so
 * often while it was the only one is put aside in `dead-letters`.
 *
 * A trial waits for nothing and writes nothing, so that no outage and no operator's SIGKILL is taken for poison; it starts from an empty
 * memory, so that no record is blamed for what others left there. What kills as a whole, and by none of its records, is found by
 * `judgeWhole`.
 */
import { messageOf } from '../../engine/message-of.ts'
import { deadLetter } from './dead-letter.ts'
import { type Alone, aloneInProcess } from './in-hand-alone.ts'
import { type InHandNote, noteText, parseNote, type Trial } from './in-hand-note.ts'
import {
  afterCommit,
  afterDeath,
  deathsWith,
  isCareful,
  isFull,
  NO_SUBJECTS,
  type Subjects,
  withAside,
  withInnocent,
  withJudged,
} from './in-hand-subjects.ts'
import {
  type CommitOutcome,
  type CommittedOffset,
  type Consumer,
  type Log,
  type LogRecord,
  type PartitionOffset,
  type TopicPartition,
  UnreadableRecords,
} from './port.ts'
import { DEAD_LETTERS } from './topics.ts'

export interface InHandOptions {
  log: Log
  groupId: string
  /** What processing a record takes, without its effects. To throw is to survive. */
  tryRecord: (record: LogRecord) => Promise<void>
  /** Waits outages of the log out; rejects when it is stopped meanwhile. */
  retry: <T>(attempt: () => Promise<T>) => Promise<T>
  alone?: Alone | undefined
  /** A line for the operator. */
  onProblem?: ((text: string) => void) | undefined
  onPutAside?: ((record: LogRecord) => void) | undefined
  /** Deaths with a record alone in hand after which it is put aside. */
  maxAttempts?: number | undefined
}

/** How far a partition is: `offset` to be committed, and everything before `done` was processed, which an open trace may hold back. */
export interface Processed extends PartitionOffset {
  done?: number
}

const MAX_ATTEMPTS = 3
/** A piece that killed is tried again in so many. */
const PIECES = 16
/** Records ahead of those in hand that are written with them. More of it saves commits, and takes trials after a death. */
const MIN_ROOM = 256
const MAX_ROOM = 20_000
/** Of a piece that is read at once; the rest of it is another. */
const READ_BYTES = 16 << 20
/** More offsets than this make the note unwieldy: the partition is then committed past them. */
const MAX_ASIDE = 200

interface Partition {
  /** Committed, or where the group begins. */
  offset: number
  /** As in the note that was written last. */
  from: number
  to: number
  aside: readonly number[]
  subjects: Subjects
  /** Behind the last record that was handed out. */
  admitted: number
}

export class InHand {
  readonly #options: InHandOptions
  readonly #maxAttempts: number
  #consumer!: Pick<Consumer, 'commit'>
  /** Of one tenure: what another has is of no use to it. */
  #partitions = new Map<string, Partition>()
  /** Commits go one after the other: an older position must not come last. */
  #lastCommit: Promise<unknown> = Promise.resolve()

  constructor(options: InHandOptions) {
    this.#options = options
    this.#maxAttempts = options.maxAttempts ?? MAX_ATTEMPTS
  }

  /** Before anything else. */
  use(consumer: Pick<Consumer, 'commit'>): void {
    this.#consumer = consumer
  }

  /**
   * Before records are processed, all those of one fetch. False when their partitions are no longer this member's: then they are not
   * to be processed, and come again. Costs nothing while the written range has room.
   */
  async admit(records: readonly LogRecord[]): Promise<boolean> {
    if (records.length === 0) return true
    const tenure = this.#partitions
    const news = new Map<string, LogRecord>()
    for (const record of records) {
      const name = nameOf(record)
      if (!tenure.has(name) && !news.has(name)) news.set(name, record)
    }
    if (news.size > 0 && !(await this.#takeOver([...news.values()], tenure))) return false
    const exceeded = new Set<string>()
    for (const record of records) {
      const name = nameOf(record)
      const partition = tenure.get(name)!
      partition.admitted = Math.max(partition.admitted, record.offset + 1)
      if (partition.admitted > partition.to) exceeded.add(name)
    }
    if (exceeded.size === 0) return tenure === this.#partitions
    const outcome = await this.#options.retry(() => this.#write([...exceeded], new Map(), tenure))
    return outcome.ok
  }

  /** Put aside: it counts as processed. */
  isAside(record: LogRecord): boolean {
    const aside = this.#partitions.get(nameOf(record))?.aside
    return aside !== undefined && aside.length > 0 && aside.includes(record.offset)
  }

  /** So many records are put aside that the partition has to be committed past them. */
  isAsideFull(of: TopicPartition): boolean {
    const partition = this.#partitions.get(nameOf(of))
    return partition !== undefined && (partition.aside.length > MAX_ASIDE || isFull(partition.subjects))
  }

  /** What is judged as a whole is to be judged by `judgeWhole`. */
  isCareful(of: TopicPartition): boolean {
    const subjects = this.#partitions.get(nameOf(of))?.subjects
    return subjects !== undefined && (isCareful(subjects) || subjects.aside.length > 0)
  }

  /** Null when it was not put aside, else behind its last record that was. */
  wholeAsideTo(of: TopicPartition, key: string): number | null {
    return this.#partitions.get(nameOf(of))?.subjects.aside.find((one) => one.key === key)?.to ?? null
  }

  /**
   * `judge` waits for nothing. `deadly`: not judged, since so many processes died when they did; `lost`: the partition is no longer this
   * member's.
   */
  async judgeWhole(of: TopicPartition, key: string, judge: () => void): Promise<'judged' | 'deadly' | 'lost'> {
    const tenure = this.#partitions
    const name = nameOf(of)
    const partition = tenure.get(name)
    if (partition === undefined || !isCareful(partition.subjects)) {
      judge()
      return 'judged'
    }
    const { alone = aloneInProcess } = this.#options
    const persist = (subjects: Subjects): Promise<boolean> => {
      partition.subjects = subjects
      return this.#persist(name, { ...partition, trial: null }, tenure)
    }
    return alone(async () => {
      if (deathsWith(partition.subjects, key) >= this.#maxAttempts) return 'deadly'
      if (!(await persist(withJudged(partition.subjects, key))) || tenure !== this.#partitions) return 'lost'
      judge()
      return (await persist(withInnocent(partition.subjects, key))) ? 'judged' : 'lost'
    })
  }

  /** From now on, and for those who take over, it is aside, until it is committed past. False when the partition is lost. */
  async putWholeAside(of: TopicPartition, key: string, to: number): Promise<boolean> {
    const name = nameOf(of)
    const partition = this.#partitions.get(name)
    if (partition === undefined) return false
    partition.subjects = withAside(partition.subjects, key, to)
    return this.#persist(name, { ...partition, trial: null }, this.#partitions)
  }

  /** What is in hand now belongs to this; see `commit`. */
  get tenure(): object {
    return this.#partitions
  }

  /** Of records of another tenure, `fenced`. */
  commit(processed: readonly Processed[], tenure: object = this.#partitions): Promise<CommitOutcome> {
    const positions = new Map(processed.map((one) => [nameOf(one), one]))
    return this.#write([...positions.keys()], positions, tenure)
  }

  /** At the end of a tenure in peace: nothing is in hand any more. Rejects as a commit does, and forgets all the same. */
  async release(processed: readonly Processed[]): Promise<void> {
    const tenure = this.#partitions
    const positions = new Map(processed.map((one) => [nameOf(one), one]))
    try {
      await this.#write([...tenure.keys()], positions, tenure, 'release')
    } finally {
      this.forget()
    }
  }

  /** Nothing was admitted in this tenure: there is nothing to commit by. */
  get isEmpty(): boolean {
    return this.#partitions.size === 0
  }

  /** At the end of a tenure whose records may still kill: they stay written. */
  forget(): void {
    this.#partitions = new Map()
  }

  #write(
    names: readonly string[],
    positions: ReadonlyMap<string, Processed>,
    tenure: object,
    end?: 'release',
  ): Promise<CommitOutcome> {
    const write = async (): Promise<CommitOutcome> => {
      if (tenure !== this.#partitions) return { ok: false, reason: 'fenced' }
      const changes = names.flatMap((name) => {
        const partition = this.#partitions.get(name)
        if (partition === undefined) return []
        const next = nextOf(partition, positions.get(name), end)
        return [{ partition, next, committed: committedOf(name, next, null) }]
      })
      if (changes.length === 0) return { ok: true }
      const outcome = await this.#consumer.commit(changes.map(({ committed }) => committed))
      if (outcome.ok) for (const { partition, next } of changes) Object.assign(partition, next)
      return outcome
    }
    return this.#inTurn(write)
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#lastCommit.then(run, run)
    this.#lastCommit = turn.catch(() => {})
    return turn
  }

  /** Partitions that this member has had nothing of yet, by their first record. */
  async #takeOver(firsts: readonly LogRecord[], tenure: Map<string, Partition>): Promise<boolean> {
    const { log, groupId, retry } = this.#options
    const committed = new Map((await retry(() => log.committed(groupId))).map((one) => [nameOf(one), one]))
    for (const first of firsts) {
      const name = nameOf(first)
      const known = committed.get(name)
      const offset = Math.min(known?.offset ?? first.offset, first.offset)
      const note = parseNote(known?.note)
      const { aside, subjects } = note ?? { aside: [], subjects: NO_SUBJECTS }
      const partition: Partition = { offset, from: offset, to: offset, admitted: 0, aside, subjects }
      if (note !== null && note.from < note.to && !(await this.#inspect(name, partition, note, tenure))) return false
      if (tenure !== this.#partitions) return false
      tenure.set(name, partition)
    }
    return true
  }

  /** Tries what was in hand when the member before died. False when the partition is lost meanwhile. */
  async #inspect(
    name: string,
    partition: Partition,
    note: InHandNote,
    tenure: Map<string, Partition>,
  ): Promise<boolean> {
    const { log, retry, alone = aloneInProcess } = this.#options
    const { topic, partition: number } = parseName(name)
    let { from, to, trial } = note
    partition.subjects = afterDeath(partition.subjects)
    const piece = Math.max(1, Math.ceil((to - from) / PIECES))
    const persist = (written: Trial | null): Promise<boolean> => {
      Object.assign(partition, { from, to })
      return this.#persist(name, { ...partition, trial: written }, tenure)
    }
    while (from < to) {
      const next = nextTrial({ from, to, piece, trial })
      // Before it is written down: a log that does not answer must not look like a death.
      const records = await retry(() => readOr(log, { topic, partition: number, next }))
      const [first] = records
      // Nobody had more than there is, and what comes later was not tried.
      if (first === undefined) break
      const tried = records.filter(({ offset }) => offset < next.end)
      const isMine = await alone(async () => {
        if (next.count > this.#maxAttempts && first.offset === next.start) {
          await this.#putAside(first, next.count - 1)
          partition.aside = [...partition.aside, first.offset]
        } else {
          if (!(await persist(next))) return false
          for (const record of tried) await this.#try(record)
        }
        from = tried.length === 0 ? next.end : tried.at(-1)!.offset + 1
        return persist(null)
      })
      if (!isMine) return false
      if (trial !== null && from >= trial.end) trial = null
    }
    // With room: whoever finds none would not know that this process died too, were it by what was not tried.
    to = Math.max(to, from + MIN_ROOM)
    return persist(null)
  }

  /** Waits outages out. False when the partition is lost. */
  async #persist(name: string, written: Partition & { trial: Trial | null }, tenure: object): Promise<boolean> {
    const write = async (): Promise<CommitOutcome> => {
      if (tenure !== this.#partitions) return { ok: false, reason: 'fenced' }
      return this.#consumer.commit([committedOf(name, written, written.trial)])
    }
    return (await this.#options.retry(() => this.#inTurn(write))).ok
  }

  async #try(record: LogRecord): Promise<void> {
    try {
      await this.#options.tryRecord(record)
    } catch (error) {
      // It lives: what is wrong with the record is told when it is processed.
      this.#options.onProblem?.(`${sourceOf(record)} fails when it is tried alone: ${messageOf(error)}`)
    }
  }

  async #putAside(record: LogRecord, attempts: number): Promise<void> {
    const { log, groupId, retry, onProblem, onPutAside } = this.#options
    const times = attempts === 1 ? 'once' : `${attempts} times`
    const reason = `the process of ${groupId} died ${times} with this record alone in hand`
    await retry(() => log.append(DEAD_LETTERS, [deadLetter(record, groupId, 'fatal', reason)]))
    onPutAside?.(record)
    onProblem?.(`a record was put aside in dead-letters: ${sourceOf(record)}: ${reason}`)
  }
}

/** None where they cannot be read: nobody came past that place with them, and nobody can. */
async function readOr(log: Log, { topic, partition, next }: TopicPartition & { next: Trial }): Promise<LogRecord[]> {
  try {
    return await log.read(topic, partition, next.start, next.end - next.start, READ_BYTES)
  } catch (error) {
    if (error instanceof UnreadableRecords) return []
    throw error
  }
}

/** What to try next; a `count` above the attempts that it has says that it is not to be tried again. */
function nextTrial(of: { from: number; to: number; piece: number; trial: Trial | null }): Trial {
  const { from, to, piece, trial } = of
  if (trial === null || from < trial.start) return { start: from, end: Math.min(to, from + piece), count: 1 }
  if (trial.end - trial.start === 1) return { ...trial, count: trial.count + 1 }
  // It killed as a whole.
  const smaller = Math.max(1, Math.ceil((trial.end - trial.start) / PIECES))
  return { start: from, end: Math.min(trial.end, from + smaller), count: 1 }
}

function nextOf(partition: Partition, processed: Processed | undefined, end: 'release' | undefined): Partition {
  const offset = processed?.offset ?? partition.offset
  const from = Math.max(partition.from, processed?.done ?? offset)
  const aside = partition.aside.filter((one) => one >= offset)
  const subjects = afterCommit(partition.subjects, offset, offset > partition.offset)
  if (end === 'release') return { ...partition, offset, from, to: from, aside, subjects }
  const room = Math.min(MAX_ROOM, Math.max(MIN_ROOM, 2 * (partition.admitted - partition.from)))
  return { ...partition, offset, from, to: Math.max(partition.admitted, from) + room, aside, subjects }
}

function committedOf(name: string, of: Partition, trial: Trial | null): CommittedOffset {
  const note = noteText({ ...of, trial })
  return { ...parseName(name), offset: of.offset, ...(note !== undefined && { note }) }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`
const sourceOf = (record: LogRecord): string => `${nameOf(record)}/${record.offset}`

function parseName(name: string): TopicPartition {
  const slash = name.lastIndexOf('/')
  return { topic: name.slice(0, slash), partition: Number(name.slice(slash + 1)) }
}
