/**
 * Attributes as JSON text, without loss. What JSON has a form for is written as it is, so that ClickHouse's JSON functions read
 * it; the rest is an object with one key that says what it is: `{"int":"9007199254740993"}`, `{"number":"NaN"}`,
 * `{"bytes":"base64"}`, `{"map":{…}}`. The text of an empty map is empty.
 */
import type { Attributes, AttributeValue, SpanEvent, SpanLink } from '../../engine/model/span.ts'
import { parseJson } from '../../engine/parse-json.ts'

/** Spans of one request share their resource's map: it is written once. */
const written = new WeakMap<Attributes, string>()

export function attributesToText(attributes: Attributes): string {
  return attributes.size === 0 ? '' : mapToJson(attributes)
}

/** For maps that many spans share. */
export function sharedAttributesToText(attributes: Attributes): string {
  let text = written.get(attributes)
  if (text === undefined) {
    text = attributesToText(attributes)
    written.set(attributes, text)
  }
  return text
}

export function attributesFromText(text: string): Attributes {
  return text === '' ? new Map() : mapFromJson(parseJson(text))
}

export function eventsToText(events: readonly SpanEvent[]): string {
  if (events.length === 0) return ''
  const items = events.map(
    ({ name, timeUs, attributes }) =>
      `{"name":${JSON.stringify(name)},"timeUs":${timeUs},"attributes":${mapToJson(attributes)}}`,
  )
  return `[${items.join(',')}]`
}

export function eventsFromText(text: string): SpanEvent[] {
  if (text === '') return []
  return (parseJson(text) as { name: string; timeUs: number; attributes: unknown }[]).map((event) => ({
    ...event,
    attributes: mapFromJson(event.attributes),
  }))
}

export function linksToText(links: readonly SpanLink[]): string {
  if (links.length === 0) return ''
  const items = links.map(
    ({ traceId, spanId, attributes }) =>
      `{"traceId":${JSON.stringify(traceId)},"spanId":${JSON.stringify(spanId)},"attributes":${mapToJson(attributes)}}`,
  )
  return `[${items.join(',')}]`
}

export function linksFromText(text: string): SpanLink[] {
  if (text === '') return []
  return (parseJson(text) as { traceId: string; spanId: string; attributes: unknown }[]).map((link) => ({
    ...link,
    attributes: mapFromJson(link.attributes),
  }))
}

function mapToJson(map: Attributes): string {
  let text = '{'
  for (const [key, value] of map) {
    if (text.length > 1) text += ','
    text += keyToJson(key) + valueToJson(value)
  }
  return `${text}}`
}

/** Keys repeat from span to span; senders of ever new ones must not fill the memory. */
const MAX_CACHED_KEYS = 10_000
const cachedKeys = new Map<string, string>()

/** With the colon. */
function keyToJson(key: string): string {
  const known = cachedKeys.get(key)
  if (known !== undefined) return known
  const json = `${JSON.stringify(key)}:`
  if (cachedKeys.size < MAX_CACHED_KEYS && key.length <= 100) cachedKeys.set(key, json)
  return json
}

function valueToJson(value: AttributeValue): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value)
    case 'number':
      if (Number.isFinite(value) && !Object.is(value, -0)) return String(value)
      return `{"number":"${Object.is(value, -0) ? '-0' : value}"}`
    case 'bigint':
      return `{"int":"${value}"}`
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) return `[${value.map(valueToJson).join(',')}]`
  if (value instanceof Map) return `{"map":${mapToJson(value)}}`
  return `{"bytes":${JSON.stringify((value as { bytes: string }).bytes)}}`
}

function mapFromJson(json: unknown): Map<string, AttributeValue> {
  return new Map(Object.entries(json as object).map(([key, value]) => [key, valueFromJson(value)]))
}

function valueFromJson(json: unknown): AttributeValue {
  if (typeof json !== 'object' || json === null) return json as string | number | boolean | null
  if (Array.isArray(json)) return json.map(valueFromJson)
  const tagged = json as { int: string } | { number: string } | { bytes: string } | { map: object }
  if ('int' in tagged) return BigInt(tagged.int)
  if ('number' in tagged) return Number(tagged.number)
  if ('map' in tagged) return mapFromJson(tagged.map)
  return { bytes: tagged.bytes }
}
