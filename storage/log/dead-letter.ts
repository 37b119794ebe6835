/** Records that can't be used: kept as they are, with the reason, in `dead-letters`. */
import type { LogRecord, RecordToAppend } from './port.ts'

/**
 * `undecodable`, `malformed`: the bytes are not what the topic holds. `failed`: reading them hit a bug of ours. `unstorable`: breaks the
 * model. `fatal`: the process died with it in hand, again and again. `refused`: its receiver does not take it. `undeliverable`: its receiver was down for too long.
 */
export type DeadLetterCode =
  | 'undecodable'
  | 'failed'
  | 'unstorable'
  | 'fatal'
  | 'malformed'
  | 'refused'
  | 'undeliverable'

/** The consumer group that put it aside: others may have done with the record what they do. Older letters do not say. */
export const GROUP = 'group'

/** The value is the refused record's. Headers: `source` (topic/partition/offset), `group`, `code`, `reason`, and those that it had. */
export function deadLetter(record: LogRecord, groupId: string, code: DeadLetterCode, reason: string): RecordToAppend {
  const source = `${record.topic}/${record.partition}/${record.offset}`
  return { key: source, value: record.value, headers: { ...record.headers, source, [GROUP]: groupId, code, reason } }
}
