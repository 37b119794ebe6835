/**
 * `POST /v1/spans`: spans in the shape that the API shows them in, for people without OpenTelemetry. They go into the log as
 * OTLP, as everybody's do.
 */
import { isUtf8 } from 'node:buffer'
import { createHash, randomBytes } from 'node:crypto'
import { spansToOtlpJson } from '../engine/conventions/to-otlp.ts'
import type { Span } from '../engine/model/span.ts'
import { spanFromJson } from '../engine/model/span-json.ts'
import { parseJsonBody } from '../engine/otlp/json-body.ts'
import { ignoredFields } from './span-fields.ts'

export type NativeOutcome =
  /** `body` is OTLP/JSON; `ignored` tells of fields that a span does not have, null without any. */
  | { ok: true; body: Uint8Array; ids: readonly SpanIds[]; ignored: string | null }
  /** Names the field: `spans[3].startTime: is missing …`. */
  | { ok: false; message: string }

export interface SpanIds {
  readonly traceId: string
  readonly spanId: string
}

/** Each value is held several times on its way to a span. */
const MOST_MARKS = 300_000

/**
 * `{"spans": [{…}]}`. Left out of a span may be: `traceId` (those without one in a request are one trace), `spanId`, `kind` (`other`),
 * `durationMs` (0, or to `endTime`) and `startTime` (so that it ended now).
 */
export function readNativeSpans(body: Uint8Array, nowMs: number, hexOf: HexOf = randomHex): NativeOutcome {
  if (!isUtf8(body)) return { ok: false, message: 'the body is not JSON: it is not UTF-8' }
  const json = parseJsonBody(body, MOST_MARKS)
  if (!json.ok) return json
  const raw = json.value
  if (!isObject(raw) || !Array.isArray(raw.spans))
    return { ok: false, message: 'the body must be a JSON object with a list of spans: {"spans": [{…}]}' }
  const traceId = hexOf(16, 0)
  const spans: Span[] = []
  for (const [index, item] of raw.spans.entries()) {
    if (!isObject(item)) return { ok: false, message: `spans[${index}]: must be an object` }
    const completed = complete(item, traceId, hexOf(8, index), nowMs)
    if (typeof completed === 'string') return { ok: false, message: `spans[${index}].${completed}` }
    const parsed = spanFromJson(completed)
    if (!parsed.ok) return { ok: false, message: `spans[${index}].${parsed.field}: ${parsed.expected}` }
    spans.push(parsed.span)
  }
  return {
    ok: true,
    body: Buffer.from(JSON.stringify(spansToOtlpJson(spans))),
    ids: spans.map(({ traceId, spanId }) => ({ traceId, spanId })),
    ignored: ignoredFields(raw.spans),
  }
}

type JsonObject = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An id for what came without: the request's trace, or its span at an index. */
export type HexOf = (sizeBytes: number, index: number) => string

export const randomHex: HexOf = (sizeBytes) => randomBytes(sizeBytes).toString('hex')

/** A batch that is sent again, in the same bytes, gets the ids that it had. */
export function hexOfBatch(
  body: Uint8Array,
  { tenant, stream, number }: { tenant: string; stream: string; number: number },
): HexOf {
  const seed = createHash('sha256').update(`${tenant} ${stream} ${number} `).update(body).digest('hex')
  return (sizeBytes, index) =>
    createHash('sha256')
      .update(`${seed} ${sizeBytes} ${index}`)
      .digest('hex')
      .slice(0, 2 * sizeBytes)
}

/** With what was left out; a text is what is wrong with a field. */
function complete(item: JsonObject, traceId: string, spanId: string, nowMs: number): JsonObject | string {
  const { startTime, endTime } = item
  let { durationMs } = item
  if (durationMs === undefined && endTime !== undefined && startTime !== undefined) {
    durationMs = Date.parse(String(endTime)) - Date.parse(String(startTime))
    if (!Number.isFinite(durationMs)) return 'endTime: startTime and endTime have to be times in RFC 3339'
    if (Number(durationMs) < 0) return 'endTime: lies before startTime'
  }
  durationMs ??= 0
  return {
    ...item,
    traceId: item.traceId ?? traceId,
    spanId: item.spanId ?? spanId,
    kind: item.kind ?? 'other',
    durationMs,
    startTime: startTime ?? new Date(nowMs - (typeof durationMs === 'number' ? durationMs : 0)).toISOString(),
  }
}
