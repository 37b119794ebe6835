/**
 * What people do with dead letters: look, hand back to the topic that they came from, or let go. A letter is known by its offset
 * in `dead-letters`. What became of it is a record of its own there, so that nothing is changed or lost.
 */
import { type DeadLetterCode, GROUP, parseSource, skippedLetter } from './dead-letter.ts'
import { type Log, LogError, type LogRecord, type UnreadableRange, UnreadableRecords } from './port.ts'
import { tenantOf } from './tenant-of.ts'
import { DEAD_LETTERS } from './topics.ts'

export type DeadLetterState = 'waiting' | 'replayed' | 'dropped'

export interface StoredDeadLetter {
  /** Its offset. */
  readonly id: number
  readonly state: DeadLetterState
  /** topic/partition/offset. */
  readonly source: string
  /** That put it aside; null in letters of versions that did not say. */
  readonly group: string | null
  readonly code: string
  readonly reason: string
  /** When it was put aside. */
  readonly atMs: number
  readonly value: Uint8Array
  /** Those that the record had. */
  readonly headers: Readonly<Record<string, string>>
}

export type SettleOutcome = { ok: true } | { ok: false; code: 'unknown' | 'settled' | 'unreadable'; message: string }

export type SkipOutcome =
  | { ok: true; id: number; range: UnreadableRange }
  | { ok: false; code: 'malformed' | 'unknown' | 'readable'; message: string }

/** A tenant, for its own letters; null for whoever runs Assay, for all. */
export type Whose = string | null

const isOf = (record: LogRecord, whose: Whose): boolean => whose === null || tenantOf(record) === whose

/** The header that says which letter a record is about. */
const SETTLES = 'settles'
const OUTCOME = 'outcome'
/** Headers that a letter has besides those of its record. */
const OWN = ['source', GROUP, 'code', 'reason']
const PARTITION = 0
const UNREADABLE: DeadLetterCode = 'unreadable'
const PAGE_RECORDS = 200
/** A record may be of megabytes. */
const PAGE_BYTES = 8 << 20

/**
 * Newest first, `limit` at the most; `total` counts all of the state. A record that was put aside again, because the process that did
 * it died before it could note that, is one letter: the first. Rejects with `LogError`.
 */
export async function listDeadLetters(
  log: Log,
  options: { state: DeadLetterState | null; limit: number; whose: Whose },
): Promise<{ letters: StoredDeadLetter[]; total: number }> {
  const found = [...(await statesOf(log, options.whose))].filter(
    ([, state]) => options.state === null || state === options.state,
  )
  const letters: StoredDeadLetter[] = []
  for (const [id, state] of found.reverse().slice(0, options.limit)) {
    const [record] = await log.read(DEAD_LETTERS, PARTITION, id, 1)
    // Retention may have taken it meanwhile.
    if (record?.offset === id) letters.push(letterOf(record, state))
  }
  return { letters, total: found.length }
}

/** By id, the oldest first. What the letters hold is not kept: they may be many. */
async function statesOf(log: Log, whose: Whose): Promise<Map<number, DeadLetterState>> {
  const states = new Map<number, DeadLetterState>()
  const sources = new Set<string>()
  for await (const record of everyRecord(log)) {
    const about = record.headers[SETTLES]
    const { source = '' } = record.headers
    if (about === undefined) {
      if (!sources.has(source) && isOf(record, whose)) states.set(record.offset, 'waiting')
      sources.add(source)
    } else if (states.has(Number(about))) states.set(Number(about), stateOf(record))
  }
  return states
}

/** Null when there is none by that id, or no longer, or it is another's. */
export async function readDeadLetter(log: Log, id: number, whose: Whose): Promise<StoredDeadLetter | null> {
  const [record] = await log.read(DEAD_LETTERS, PARTITION, id, 1)
  if (record === undefined || record.offset !== id || record.headers[SETTLES] !== undefined) return null
  if (!isOf(record, whose)) return null
  let state: DeadLetterState = 'waiting'
  for await (const later of everyRecord(log, id + 1)) {
    if (later.headers[SETTLES] === String(id)) state = stateOf(later)
  }
  return letterOf(record, state)
}

/** Appends the record to its topic again, as it was, and notes that; a crash in between replays it once more. */
export async function replayDeadLetter(log: Log, id: number, whose: Whose): Promise<SettleOutcome> {
  const letter = await waitingLetter(log, id, whose)
  if (!letter.ok) return letter
  if (letter.letter.code === UNREADABLE)
    return {
      ok: false,
      code: 'unreadable',
      message: `dead letter ${id} is what nobody could read: there is nothing to replay`,
    }
  await replay(log, letter.letter)
  return { ok: true }
}

/** It stays readable until the topic's retention takes it, and is asked about no more. */
export async function dropDeadLetter(log: Log, id: number, whose: Whose): Promise<SettleOutcome> {
  const letter = await waitingLetter(log, id, whose)
  if (!letter.ok) return letter
  await settle(log, [id], 'dropped')
  return { ok: true }
}

/**
 * Lets records go that the log itself cannot read, so that every group goes on behind them: `source` is `topic/partition/offset`, as the
 * log told it. They are kept in dead-letters as they came. Refused where the records can be read. Rejects with `LogError`.
 */
export async function skipUnreadable(log: Log, source: string): Promise<SkipOutcome> {
  const place = parseSource(source)
  if (place === null)
    return {
      ok: false,
      code: 'malformed',
      message: `a place in the log is topic/partition/offset, not ${JSON.stringify(source)}`,
    }
  const { topic, partition, offset } = place
  try {
    const [record] = await log.read(topic, partition, offset, 1, 1)
    if (record?.offset === offset)
      return { ok: false, code: 'readable', message: `${source} can be read: there is nothing to skip` }
    return { ok: false, code: 'unknown', message: `there is no record ${source}, or it was skipped before` }
  } catch (error) {
    if (error instanceof UnreadableRecords) {
      const [letter] = await log.append(DEAD_LETTERS, [skippedLetter(error)])
      return { ok: true, id: letter!.offset, range: error.range }
    }
    if (error instanceof LogError && error.code === 'unknown_topic')
      return { ok: false, code: 'unknown', message: error.message }
    throw error
  }
}

/** Every letter that waits when it is asked, the oldest first; their ids. Looks through the topic once. */
export async function settleAllDeadLetters(log: Log, outcome: 'replayed' | 'dropped', whose: Whose): Promise<number[]> {
  const ids = [...(await statesOf(log, whose))].flatMap(([id, state]) => (state === 'waiting' ? [id] : []))
  if (outcome === 'replayed') return replayAll(log, ids)
  for (let start = 0; start < ids.length; start += PAGE_RECORDS) {
    await settle(log, ids.slice(start, start + PAGE_RECORDS), outcome)
  }
  return ids
}

/** But for what nobody can read, which waits to be dropped. */
async function replayAll(log: Log, ids: readonly number[]): Promise<number[]> {
  const replayed: number[] = []
  for (const id of ids) {
    const [record] = await log.read(DEAD_LETTERS, PARTITION, id, 1)
    if (record?.offset !== id || record.headers.code === UNREADABLE) continue
    await replay(log, letterOf(record, 'waiting'))
    replayed.push(id)
  }
  return replayed
}

async function replay(log: Log, { id, source, headers, value }: StoredDeadLetter): Promise<void> {
  const [topic = '', partition = '0'] = source.split('/')
  const partitions = await log.partitionsOf(topic)
  await log.append(topic, [{ key: null, partition: Number(partition) % partitions, headers, value }])
  await settle(log, [id], 'replayed')
}

async function waitingLetter(
  log: Log,
  id: number,
  whose: Whose,
): Promise<{ ok: true; letter: StoredDeadLetter } | Extract<SettleOutcome, { ok: false }>> {
  const letter = await readDeadLetter(log, id, whose)
  if (letter === null) return { ok: false, code: 'unknown', message: `there is no dead letter ${id}` }
  if (letter.state !== 'waiting') {
    return { ok: false, code: 'settled', message: `dead letter ${id} was ${letter.state} already` }
  }
  return { ok: true, letter }
}

async function settle(log: Log, ids: readonly number[], outcome: DeadLetterState): Promise<void> {
  await log.append(
    DEAD_LETTERS,
    ids.map((id) => ({
      key: `settles/${id}`,
      partition: PARTITION,
      headers: { [SETTLES]: String(id), [OUTCOME]: outcome },
      value: NOTHING,
    })),
  )
}

const NOTHING = new Uint8Array(0)

async function* everyRecord(log: Log, from = 0): AsyncGenerator<LogRecord> {
  for (let next = from; ; ) {
    const records = await log.read(DEAD_LETTERS, PARTITION, next, PAGE_RECORDS, PAGE_BYTES)
    yield* records
    const last = records.at(-1)
    if (last === undefined) return
    next = last.offset + 1
  }
}

const stateOf = ({ headers }: LogRecord): DeadLetterState => (headers[OUTCOME] === 'replayed' ? 'replayed' : 'dropped')

function letterOf({ offset, appendTimeMs, headers, value }: LogRecord, state: DeadLetterState): StoredDeadLetter {
  return {
    id: offset,
    state,
    source: headers.source ?? '',
    group: headers[GROUP] ?? null,
    code: headers.code ?? '',
    reason: headers.reason ?? '',
    atMs: appendTimeMs,
    value,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN.includes(name))),
  }
}
