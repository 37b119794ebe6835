import type { LogsOutcome } from './log-records.ts'
import { readLogsJson } from './logs-json.ts'
import { readLogsProtobuf } from './logs-protobuf.ts'

/** `nowMs`: the time of records that have none. */
export function readLogs(body: Uint8Array, encoding: 'protobuf' | 'json', nowMs: number): LogsOutcome {
  return encoding === 'json' ? readLogsJson(body, nowMs) : readLogsProtobuf(body, nowMs)
}
