/** From the bytes of a request to records that the log has taken. */
import { type Bounds, type BoundsTally, emptyTally, warningOf, watchFor } from '../engine/bounds/bounds.ts'
import { trimRecord } from '../engine/bounds/trim.ts'
import { countInJson, countInProtobuf } from '../engine/otlp/count-items.ts'
import { transcodeJson } from '../engine/otlp/json.ts'
import type { LeftOut } from '../engine/otlp/log-records.ts'
import { readLogs } from '../engine/otlp/logs.ts'
import { type PartitionRecord, type RejectedSpans, splitByPartition } from '../engine/otlp/split.ts'
import type { Edge } from '../engine/privacy/edge.ts'
import { faultPoint } from '../storage/fault-point.ts'
import { type Log, LogError, type RecordToAppend } from '../storage/log/port.ts'
import type { Encoding, PartialSuccess } from './answer.ts'
import type { Limits, OverLimit } from './guard/limits.ts'
import { batchHeader } from './stream/find-batches.ts'

export type AcceptOutcome =
  /** All its spans, or messages sent apart from theirs, are durable, but those that `partial` tells of. */
  | { kind: 'accepted'; spanCount: number; messageCount: number; partial: PartialSuccess | null; trimmed: BoundsTally }
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
  /** What of a span is too large, or too far from now, to be kept as it came. */
  readonly bounds: Bounds
  readonly nowMs: () => number
  /** What the tenant's privacy policy makes of a record; as it came unless there is one. */
  readonly edge?: Edge | null
  /** Of what came over a stream. */
  readonly batch?: StreamBatch | undefined
  /** From now on the log is waited for. */
  readonly onAppend?: () => void
}

/** What the spans of a request are: spans, or messages in their form (`engine/otlp/log-records.ts`). */
type Holding = 'spans' | 'messages'

/** So that a batch whose answer was lost is known in the log when it is sent again. */
export interface StreamBatch {
  readonly stream: string
  readonly number: number
  /** Partitions that have their part of it already. */
  readonly appended: ReadonlySet<number>
}

export async function acceptTraces(
  to: Destination,
  body: Uint8Array,
  encoding: Encoding,
  holding: Holding = 'spans',
): Promise<AcceptOutcome> {
  const transcoded =
    encoding === 'json' ? transcodeJson(body) : { ok: true as const, request: body, hasResourceSpans: true }
  if (!transcoded.ok) return { kind: 'invalid', message: transcoded.message }
  const nowMs = to.nowMs()
  const trimmed = emptyTally()
  const trim = (value: Uint8Array): Uint8Array => trimRecord(value, to.bounds, nowMs, trimmed)
  try {
    const watch = watchFor(to.bounds, nowMs)
    const split = splitByPartition(transcoded.request, (id) => to.log.partitionFor(to.topic, id), watch)
    if (!split.ok) return { kind: 'invalid', message: split.message }
    if (split.spanCount > 0) {
      const missing = split.records.filter(({ partition }) => to.batch?.appended.has(partition) !== true)
      const spanCount = sumOf(missing, (record) => record.spanCount)
      const sizeBytes = sumOf(missing, ({ value }) => value.length)
      const over = await to.limits.take(to.tenant, spanCount, sizeBytes, nowMs)
      if (over !== null) return { kind: 'limited', over }
      const records = recordsOf(missing, split.records.length, to, holding, split.isOver ? trim : null)
      to.onAppend?.()
      faultPoint('gateway.before-append')
      await to.log.append(to.topic, records).catch((error: unknown) => {
        to.limits.giveBack(to.tenant, spanCount, sizeBytes, nowMs)
        throw error
      })
      faultPoint('gateway.after-append')
    }
    const partial = transcoded.hasResourceSpans
      ? partialOf(split.rejected, encoding, warningOf(trimmed, to.bounds))
      : NO_RESOURCE_SPANS
    const counts = holding === 'spans' ? [split.spanCount, 0] : [0, split.spanCount]
    return { kind: 'accepted', spanCount: counts[0]!, messageCount: counts[1]!, partial, trimmed }
  } catch (error) {
    if (error instanceof LogError) return unavailable(error)
    throw error
  }
}

/** `total`: records of the request, with those that the log has. A text is masked before it is cut: its end may lie within a match. */
function recordsOf(
  records: readonly PartitionRecord[],
  total: number,
  { tenant, batch, edge }: Destination,
  holding: Holding,
  trim: ((value: Uint8Array) => Uint8Array) | null,
): RecordToAppend[] {
  const ofStream = batch && { stream: batch.stream, batch: batchHeader(batch.number, total) }
  return records.map(({ singleTraceId, partition, value, spanCount }) => {
    const kept = edge?.(value) ?? value
    return {
      key: singleTraceId,
      partition,
      value: trim === null ? kept : trim(kept),
      headers: { tenant, [holding]: String(spanCount), ...ofStream },
    }
  })
}

const sumOf = (records: readonly PartitionRecord[], of: (record: PartitionRecord) => number): number =>
  records.reduce((sum, record) => sum + of(record), 0)

const NO_RESOURCE_SPANS: PartialSuccess = {
  rejected: 0,
  message: 'the body has no resourceSpans: nothing was taken (OTLP/JSON writes names in lowerCamelCase)',
}

/** `warning`: of spans that were taken, and not whole. */
function partialOf(rejected: RejectedSpans | null, encoding: Encoding, warning: string | null): PartialSuccess | null {
  if (rejected === null) return warning === null ? null : { rejected: 0, message: warning }
  const { count, firstPath } = rejected
  const path =
    encoding === 'json' ? firstPath.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) : firstPath
  const others = count > 1 ? `, and ${count - 1} more such` : ''
  const message = `${path}: is missing or 0; this span was not taken${others}`
  return { rejected: count, message: warning === null ? message : `${message}; ${warning}` }
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

/** Of metrics Assay keeps nothing: the request is fine, and its sender is told how much was left. */
export function acceptMetrics(body: Uint8Array, encoding: Encoding): AcceptOutcome {
  const counted = encoding === 'json' ? countInJson('metrics', body) : countInProtobuf('metrics', body)
  if (!counted.ok) return { kind: 'invalid', message: counted.message }
  const { count } = counted
  const partial = count === 0 ? null : { rejected: count, message: NO_METRICS(count) }
  return { kind: 'accepted', spanCount: 0, messageCount: 0, partial, trimmed: emptyTally() }
}

const NO_METRICS = (count: number): string =>
  `Assay keeps no metrics: ${count === 1 ? '1 data point was' : `${count} data points were`} left out. Send them to another endpoint (OTEL_EXPORTER_OTLP_METRICS_ENDPOINT), or none (OTEL_METRICS_EXPORTER=none)`

/** Of log records those are kept that say what a model call was given and answered, and whose span is known. */
export async function acceptLogs(
  to: Destination,
  body: Uint8Array,
  encoding: Encoding,
  nowMs: number,
): Promise<AcceptOutcome> {
  const read = readLogs(body, encoding, nowMs)
  if (!read.ok) return { kind: 'invalid', message: read.message }
  const outcome = await acceptTraces(to, read.request, encoding, 'messages')
  if (outcome.kind === 'invalid') return { ...outcome, message: read.pathOf(outcome.message) }
  if (outcome.kind !== 'accepted') return outcome
  return { ...outcome, partial: partialOfLogs(read.leftOut, warningOf(outcome.trimmed, to.bounds)) }
}

/** `warning`: of messages that were taken, and not whole. */
function partialOfLogs({ others, withoutSpan }: LeftOut, warning: string | null): PartialSuccess | null {
  const reasons: string[] = []
  if (others > 0) reasons.push(`${others} of no event with messages of a model call (gen_ai.user.message and its like)`)
  if (withoutSpan > 0) reasons.push(`${withoutSpan} of such events without a trace id and a span id`)
  if (reasons.length === 0) return warning === null ? null : { rejected: 0, message: warning }
  const message = `log records were left out: ${reasons.join(', ')}`
  return { rejected: others + withoutSpan, message: warning === null ? message : `${message}; ${warning}` }
}
