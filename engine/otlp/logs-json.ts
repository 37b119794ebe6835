/** `readLogs` for OTLP/JSON. */
import { parseJsonBody } from './json-body.ts'
import { BODY, EVENT_NAME, type LogsOutcome, MESSAGE_EVENTS, placeIn } from './log-records.ts'

const JSON_LOGS = ['resourceLogs', 'scopeLogs', 'logRecords'] as const

type JsonObject = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether values are what they should be is seen where spans are read: what is none is handed on as it is. */
export function readLogsJson(body: Uint8Array, nowMs: number): LogsOutcome {
  const json = parseJsonBody(body)
  if (!json.ok) return json
  const parsed = json.value
  if (!isObject(parsed)) return { ok: false, message: 'the body must be a JSON object with resourceLogs' }
  const places: number[][] = []
  const leftOut = { others: 0, withoutSpan: 0 }
  const spanOf = (record: unknown, place: number[]): unknown => {
    if (!isObject(record)) return record
    const { attributes, traceId, spanId } = record
    const name = nameOf(record)
    if (!MESSAGE_EVENTS.has(name)) {
      leftOut.others++
      return null
    }
    if (!isId(traceId) || !isId(spanId)) {
      leftOut.withoutSpan++
      return null
    }
    places.push(place)
    const time = timeOf(record, nowMs)
    const own = attributes === undefined || attributes === null ? [] : attributes
    const bodyOf = record.body === undefined || record.body === null ? [] : [{ key: BODY, value: record.body }]
    const event = { timeUnixNano: time, name, attributes: Array.isArray(own) ? [...own, ...bodyOf] : own }
    return { traceId, spanId, name, startTimeUnixNano: time, endTimeUnixNano: time, events: [event] }
  }
  const resourceSpans = each(parsed.resourceLogs, (resource, group) => {
    if (!isObject(resource)) return resource
    const scopeSpans = each(resource.scopeLogs, (scope, inner) => {
      if (!isObject(scope)) return scope
      const spans = each(scope.logRecords, (record, index) => spanOf(record, [group, inner, index]))
      return { ...scope, spans: Array.isArray(spans) ? spans.filter((span) => span !== null) : spans }
    })
    return { ...resource, scopeSpans }
  })
  return {
    ok: true,
    request: Buffer.from(JSON.stringify({ resourceSpans })),
    kept: places.length,
    leftOut,
    pathOf: (path) => placeIn(path, places, JSON_LOGS).replace(GROUPS, (key) => LOGS_OF[key] ?? key),
  }
}

const LOGS_OF: Readonly<Record<string, string>> = {
  resourceSpans: 'resourceLogs',
  scopeSpans: 'scopeLogs',
  spans: 'logRecords',
}
const GROUPS = /\b(resourceSpans|scopeSpans|spans)(?=\[|$|\.|:)/g

function each(list: unknown, of: (item: unknown, index: number) => unknown): unknown {
  return Array.isArray(list) ? list.map(of) : list
}

function nameOf({ eventName, attributes }: JsonObject): string {
  if (typeof eventName === 'string' && eventName !== '') return eventName
  const named = Array.isArray(attributes) ? attributes.find((one) => isObject(one) && one.key === EVENT_NAME) : null
  const value: unknown = isObject(named) && isObject(named.value) ? named.value.stringValue : null
  return typeof value === 'string' ? value : ''
}

const isId = (id: unknown): boolean => typeof id === 'string' && /[1-9a-f]/i.test(id)

function timeOf({ timeUnixNano, observedTimeUnixNano }: JsonObject, nowMs: number): unknown {
  for (const time of [timeUnixNano, observedTimeUnixNano]) {
    if (time !== undefined && time !== null && time !== '' && Number(time) !== 0) return time
  }
  return `${BigInt(nowMs) * 1_000_000n}`
}
