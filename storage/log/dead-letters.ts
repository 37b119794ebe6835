/**
 * What people do with dead letters: look, hand back to the topic that they came from, or let go. A letter is known by its offset
 * in `dead-letters`. What became of it is a record of its own there, so that nothing is changed or lost.
 */
import type { Log, LogRecord } from './port.ts'
import { DEAD_LETTERS } from './topics.ts'

export type DeadLetterState = 'waiting' | 'replayed' | 'dropped'

export interface StoredDeadLetter {
  /** Its offset. */
  readonly id: number
  readonly state: DeadLetterState
  /** topic/partition/offset. */
  readonly source: string
  readonly code: string
  readonly reason: string
  /** When it was put aside. */
  readonly atMs: number
  readonly value: Uint8Array
  /** Those that the record had. */
  readonly headers: Readonly<Record<string, string>>
}

export type SettleOutcome = { ok: true } | { ok: false; code: 'unknown' | 'settled'; message: string }

/** The header that says which letter a record is about. */
const SETTLES = 'settles'
const OUTCOME = 'outcome'
/** Headers that a letter has besides those of its record. */
const OWN = ['source', 'code', 'reason']
const PARTITION = 0
const PAGE_RECORDS = 200

/**
 * Newest first, `limit` at the most; `total` counts all of the state. A record that was put aside again, because the process that did
 * it died before it could note that, is one letter: the first. Rejects with `LogError`.
 */
export async function listDeadLetters(
  log: Log,
  options: { state: DeadLetterState | null; limit: number },
): Promise<{ letters: StoredDeadLetter[]; total: number }> {
  const settled = new Map<number, DeadLetterState>()
  const first = new Map<string, LogRecord>()
  for await (const record of everyRecord(log)) {
    const about = record.headers[SETTLES]
    const source = record.headers.source ?? ''
    if (about === undefined) first.set(source, first.get(source) ?? record)
    else settled.set(Number(about), stateOf(record))
  }
  const found = [...first.values()]
    .map((record) => letterOf(record, settled.get(record.offset) ?? 'waiting'))
    .filter(({ state }) => options.state === null || state === options.state)
    .reverse()
  return { letters: found.slice(0, options.limit), total: found.length }
}

/** Null when there is none by that id, or no longer. */
export async function readDeadLetter(log: Log, id: number): Promise<StoredDeadLetter | null> {
  const [record] = await log.read(DEAD_LETTERS, PARTITION, id, 1)
  if (record === undefined || record.offset !== id || record.headers[SETTLES] !== undefined) return null
  let state: DeadLetterState = 'waiting'
  for await (const later of everyRecord(log, id + 1)) {
    if (later.headers[SETTLES] === String(id)) state = stateOf(later)
  }
  return letterOf(record, state)
}

/** Appends the record to its topic again, as it was, and notes that; a crash in between replays it once more. */
export async function replayDeadLetter(log: Log, id: number): Promise<SettleOutcome> {
  const letter = await waitingLetter(log, id)
  if (!letter.ok) return letter
  const { source, headers, value } = letter.letter
  const [topic = '', partition = '0'] = source.split('/')
  const partitions = await log.partitionsOf(topic)
  await log.append(topic, [{ key: null, partition: Number(partition) % partitions, headers, value }])
  await settle(log, id, 'replayed')
  return { ok: true }
}

/** It stays readable until the topic's retention takes it, and is asked about no more. */
export async function dropDeadLetter(log: Log, id: number): Promise<SettleOutcome> {
  const letter = await waitingLetter(log, id)
  if (!letter.ok) return letter
  await settle(log, id, 'dropped')
  return { ok: true }
}

async function waitingLetter(
  log: Log,
  id: number,
): Promise<{ ok: true; letter: StoredDeadLetter } | Extract<SettleOutcome, { ok: false }>> {
  const letter = await readDeadLetter(log, id)
  if (letter === null) return { ok: false, code: 'unknown', message: `there is no dead letter ${id}` }
  if (letter.state !== 'waiting') {
    return { ok: false, code: 'settled', message: `dead letter ${id} was ${letter.state} already` }
  }
  return { ok: true, letter }
}

async function settle(log: Log, id: number, outcome: DeadLetterState): Promise<void> {
  await log.append(DEAD_LETTERS, [
    {
      key: `settles/${id}`,
      partition: PARTITION,
      headers: { [SETTLES]: String(id), [OUTCOME]: outcome },
      value: NOTHING,
    },
  ])
}

const NOTHING = new Uint8Array(0)

async function* everyRecord(log: Log, from = 0): AsyncGenerator<LogRecord> {
  for (let next = from; ; ) {
    const records = await log.read(DEAD_LETTERS, PARTITION, next, PAGE_RECORDS)
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
    code: headers.code ?? '',
    reason: headers.reason ?? '',
    atMs: appendTimeMs,
    value,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN.includes(name))),
  }
}
