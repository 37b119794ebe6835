/** Records that can't be used: kept as they are, with the reason, in `dead-letters`. */
import type { LogRecord, PartitionOffset, RecordToAppend, UnreadableRange, UnreadableRecords } from './port.ts'

/**
 * `undecodable`, `malformed`: the bytes are not what the topic holds. `failed`: reading them hit a bug of ours. `unstorable`: breaks the
 * model. `fatal`: the process died with it in hand, again and again. `refused`: its receiver does not take it. `undeliverable`: its receiver was down for too long.
 * `unreadable`: not even the log could read it (`skippedLetter`).
 */
export type DeadLetterCode =
  | 'undecodable'
  | 'failed'
  | 'unstorable'
  | 'fatal'
  | 'malformed'
  | 'refused'
  | 'undeliverable'
  | 'unreadable'

/** The consumer group that put it aside: others may have done with the record what they do. Older letters do not say. */
export const GROUP = 'group'

/** The value is the refused record's. Headers: `source` (topic/partition/offset), `group`, `code`, `reason`, and those that it had. */
export function deadLetter(record: LogRecord, groupId: string, code: DeadLetterCode, reason: string): RecordToAppend {
  const source = `${record.topic}/${record.partition}/${record.offset}`
  return { key: source, value: record.value, headers: { ...record.headers, source, [GROUP]: groupId, code, reason } }
}

/** Behind the last of the records that cannot be read, which begin at `source`. */
const TO = 'to'
/** A batch may be as large as a record may; the letter has to be smaller. */
const MOST_BYTES = 16 << 20

/** For records that an operator lets go, so that reading goes on behind them: what came of them, as it came. Of no group, for all. */
export function skippedLetter({ range, bytes, message }: UnreadableRecords): RecordToAppend {
  const { topic, partition, from, to } = range
  const source = `${topic}/${partition}/${from}`
  const isCut = bytes.byteLength > MOST_BYTES
  const reason = isCut ? `${message}; of ${bytes.byteLength} bytes the first ${MOST_BYTES} are kept` : message
  return {
    key: source,
    partition: 0,
    value: isCut ? bytes.subarray(0, MOST_BYTES) : bytes,
    headers: { source, [TO]: String(to), code: 'unreadable' satisfies DeadLetterCode, reason },
  }
}

/** Null for every other letter. */
export function skippedRangeOf({ headers }: Pick<LogRecord, 'headers'>): UnreadableRange | null {
  if (headers.code !== 'unreadable') return null
  const source = parseSource(headers.source ?? '')
  if (source === null) return null
  return { topic: source.topic, partition: source.partition, from: source.offset, to: Number(headers[TO]) }
}

/** `topic/partition/offset`; null for anything else. */
export function parseSource(source: string): PartitionOffset | null {
  const match = /^([^/]+)\/(\d{1,9})\/(\d{1,15})$/.exec(source)
  return match === null ? null : { topic: match[1]!, partition: Number(match[2]), offset: Number(match[3]) }
}
