/** From the bytes of a request to records that the log has taken. */
import { countInJson, countInProtobuf } from '../engine/otlp/count-items.ts'
import { transcodeJson } from '../engine/otlp/json.ts'
import { type PartitionRecord, type RejectedSpans, splitByPartition } from '../engine/otlp/split.ts'
import type { Edge } from '../engine/privacy/edge.ts'
import { faultPoint } from '../storage/fault-point.ts'
import { type Log, LogError, type RecordToAppend } from '../storage/log/port.ts'
import type { Encoding, PartialSuccess } from './answer.ts'
import type { Limits, OverLimit } from './guard/limits.ts'
import { batchHeader } from './stream/find-batches.ts'

export type AcceptOutcome =
  /** All its spans are durable, but those that `partial` tells of. */
  | { kind: 'accepted'; spanCount: number; partial: PartialSuccess | null }
  /** The sender's mistake: sending it again would not help. */
  | { kind: 'invalid'; message: string }
  /** Nothing was kept; the sender should try again later. */
  | { kind: 'unavailable'; message: string; retryAfterSeconds: number }
  /** Nothing was kept: the tenant sends more than it may. */
  | { kind: 'limited'; over: OverLimit }

export interface Destination {
  readonly log: Pick<Log, 'append' | 'partitionFor'>
  readonly topic: string
  readonly tenant: string
  readonly limits: Limits
  /** What the tenant's privacy policy makes of a record; as it came unless there is one. */
  readonly edge?: Edge | null
  /** Of what came over a stream. */
  readonly batch?: StreamBatch | undefined
}

/** So that a batch whose answer was lost is known in the log when it is sent again. */
export interface StreamBatch {
  readonly stream: string
  readonly number: number
  /** Partitions that have their part of it already. */
  readonly appended: ReadonlySet<number>
}

export async function acceptTraces(to: Destination, body: Uint8Array, encoding: Encoding): Promise<AcceptOutcome> {
  const transcoded =
    encoding === 'json' ? transcodeJson(body) : { ok: true as const, request: body, hasResourceSpans: true }
  if (!transcoded.ok) return { kind: 'invalid', message: transcoded.message }
  try {
    const split = splitByPartition(transcoded.request, (traceId) => to.log.partitionFor(to.topic, traceId))
    if (!split.ok) return { kind: 'invalid', message: split.message }
    if (split.spanCount > 0) {
      const missing = split.records.filter(({ partition }) => to.batch?.appended.has(partition) !== true)
      const spanCount = sumOf(missing, (record) => record.spanCount)
      const sizeBytes = sumOf(missing, ({ value }) => value.length)
      const over = await to.limits.take(to.tenant, spanCount, sizeBytes)
      if (over !== null) return { kind: 'limited', over }
      faultPoint('gateway.before-append')
      await to.log.append(to.topic, recordsOf(missing, split.records.length, to)).catch((error: unknown) => {
        to.limits.giveBack(to.tenant, spanCount, sizeBytes)
        throw error
      })
      faultPoint('gateway.after-append')
    }
    const partial = transcoded.hasResourceSpans ? partialOf(split.rejected, encoding) : NO_RESOURCE_SPANS
    return { kind: 'accepted', spanCount: split.spanCount, partial }
  } catch (error) {
    if (error instanceof LogError) return unavailable(error)
    throw error
  }
}

/** `total`: records of the request, with those that the log has. */
function recordsOf(
  records: readonly PartitionRecord[],
  total: number,
  { tenant, batch, edge }: Destination,
): RecordToAppend[] {
  const ofStream = batch && { stream: batch.stream, batch: batchHeader(batch.number, total) }
  return records.map(({ singleTraceId, partition, value, spanCount }) => ({
    key: singleTraceId,
    partition,
    value: edge?.(value) ?? value,
    headers: { tenant, spans: String(spanCount), ...ofStream },
  }))
}

const sumOf = (records: readonly PartitionRecord[], of: (record: PartitionRecord) => number): number =>
  records.reduce((sum, record) => sum + of(record), 0)

const NO_RESOURCE_SPANS: PartialSuccess = {
  rejected: 0,
  message: 'the body has no resourceSpans: nothing was taken (OTLP/JSON writes names in lowerCamelCase)',
}

function partialOf(rejected: RejectedSpans | null, encoding: Encoding): PartialSuccess | null {
  if (rejected === null) return null
  const { count, firstPath } = rejected
  const path =
    encoding === 'json' ? firstPath.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) : firstPath
  const others = count > 1 ? `, and ${count - 1} more such` : ''
  return { rejected: count, message: `${path}: is missing or 0; this span was not taken${others}` }
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
    case 'unreadable':
      return { kind: 'unavailable', message: 'the log cannot be written; nothing was kept', retryAfterSeconds: 5 }
  }
}

/** Of signals that Assay keeps nothing of: the request is fine, and its sender is told how much was left. */
export function acceptNothing(signal: 'metrics' | 'logs', body: Uint8Array, encoding: Encoding): AcceptOutcome {
  const counted = encoding === 'json' ? countInJson(signal, body) : countInProtobuf(signal, body)
  if (!counted.ok) return { kind: 'invalid', message: counted.message }
  const { count } = counted
  const partial = count === 0 ? null : { rejected: count, message: NOTHING_OF[signal](count) }
  return { kind: 'accepted', spanCount: 0, partial }
}

const NOTHING_OF = {
  metrics: (count: number) =>
    `Assay keeps no metrics: ${count === 1 ? '1 data point was' : `${count} data points were`} left out. Send them to another endpoint (OTEL_EXPORTER_OTLP_METRICS_ENDPOINT), or none (OTEL_METRICS_EXPORTER=none)`,
  logs: (count: number) =>
    `Assay keeps no logs: ${count === 1 ? '1 record was' : `${count} records were`} left out. Send them to another endpoint (OTEL_EXPORTER_OTLP_LOGS_ENDPOINT), or none (OTEL_LOGS_EXPORTER=none)`,
}
