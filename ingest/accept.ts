/** From the bytes of a request to records that the log has taken. */
import { transcodeJson } from '../engine/otlp/json.ts'
import { splitByPartition } from '../engine/otlp/split.ts'
import { type Log, LogError, type RecordToAppend } from '../storage/log/port.ts'
import type { Encoding } from './answer.ts'

export type AcceptOutcome =
  /** All its spans are durable. */
  | { kind: 'accepted'; spanCount: number }
  /** The sender's mistake: sending it again would not help. */
  | { kind: 'invalid'; message: string }
  /** Nothing was kept; the sender should try again later. */
  | { kind: 'unavailable'; message: string; retryAfterSeconds: number }

export interface Destination {
  readonly log: Pick<Log, 'append' | 'partitionFor'>
  readonly topic: string
  readonly tenant: string
}

export async function acceptTraces(to: Destination, body: Uint8Array, encoding: Encoding): Promise<AcceptOutcome> {
  const transcoded = encoding === 'json' ? transcodeJson(body) : { ok: true as const, request: body }
  if (!transcoded.ok) return { kind: 'invalid', message: transcoded.message }
  try {
    const split = splitByPartition(transcoded.request, (traceId) => to.log.partitionFor(to.topic, traceId))
    if (!split.ok) return { kind: 'invalid', message: split.message }
    if (split.spanCount > 0) {
      await to.log.append(
        to.topic,
        split.records.map(
          (record): RecordToAppend => ({
            key: record.singleTraceId,
            partition: record.partition,
            value: record.value,
            headers: { tenant: to.tenant, spans: String(record.spanCount) },
          }),
        ),
      )
    }
    return { kind: 'accepted', spanCount: split.spanCount }
  } catch (error) {
    if (error instanceof LogError) return unavailable(error)
    throw error
  }
}

function unavailable(error: LogError): AcceptOutcome {
  switch (error.code) {
    case 'full':
      return { kind: 'unavailable', message: 'the log is full; nothing was kept', retryAfterSeconds: 30 }
    case 'closed':
      return { kind: 'unavailable', message: 'shutting down; nothing was kept', retryAfterSeconds: 2 }
    case 'io':
    case 'locked':
    case 'unknown_topic':
      return { kind: 'unavailable', message: 'the log cannot be written; nothing was kept', retryAfterSeconds: 5 }
  }
}
