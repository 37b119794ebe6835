/** How many points or log records a request holds that we don't keep: its sender is told the number. */
import { parseJsonBody } from './json-body.ts'
import { WIRE_DELIMITED, WireError, WireReader } from './wire.ts'

export type Signal = 'metrics' | 'logs'

export type CountOutcome = { ok: true; count: number } | { ok: false; message: string }

/** Field numbers on the way from the request down to what is counted. https://github.com/open-telemetry/opentelemetry-proto */
const WIRE_PATH: Readonly<Record<Signal, readonly (readonly number[])[]>> = {
  // resource_metrics, scope_metrics, metrics; gauge, sum, histogram, exponential_histogram or summary; data_points.
  metrics: [[1], [2], [2], [5, 7, 9, 10, 11], [1]],
  // resource_logs, scope_logs, log_records.
  logs: [[1], [2], [2]],
}

const JSON_PATH: Readonly<Record<Signal, readonly (readonly string[])[]>> = {
  metrics: [
    ['resourceMetrics'],
    ['scopeMetrics'],
    ['metrics'],
    ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'],
    ['dataPoints'],
  ],
  logs: [['resourceLogs'], ['scopeLogs'], ['logRecords']],
}

/** Of an Export…ServiceRequest in protobuf. */
export function countInProtobuf(signal: Signal, bytes: Uint8Array): CountOutcome {
  const reader = new WireReader(bytes)
  try {
    return { ok: true, count: countBelow(reader, bytes.length, WIRE_PATH[signal], 0) }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return { ok: false, message: `${error.message} (at byte ${error.offset})` }
  }
}

function countBelow(reader: WireReader, end: number, path: readonly (readonly number[])[], depth: number): number {
  const fields = path[depth]
  if (fields === undefined) {
    reader.pos = end
    return 1
  }
  let count = 0
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if ((tag & 7) === WIRE_DELIMITED && fields.includes(tag >>> 3)) {
      const length = reader.length(end)
      count += countBelow(reader, reader.pos + length, path, depth + 1)
    } else reader.skip(tag, end)
  }
  return count
}

/** Of the same in OTLP/JSON. */
export function countInJson(signal: Signal, bytes: Uint8Array): CountOutcome {
  const json = parseJsonBody(bytes)
  if (!json.ok) return json
  const parsed = json.value
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return { ok: false, message: `the body must be a JSON object with ${JSON_PATH[signal][0]![0]}` }
  let level: unknown[] = [parsed]
  for (const keys of JSON_PATH[signal]) {
    level = level.flatMap((one) => keys.flatMap((key) => childrenAt(one, key)))
  }
  return { ok: true, count: level.length }
}

function childrenAt(value: unknown, key: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return []
  const child = (value as Readonly<Record<string, unknown>>)[key]
  return Array.isArray(child) ? child : [child]
}
