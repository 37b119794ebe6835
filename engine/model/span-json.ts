/**
 * The span as the API, `assay run` and JSONL files show it. A field that the sender did not send
 * is left out: never null, empty or zero.
 */
import type { Attributes, AttributeValue, Message, RetrievedDocument, Span } from './span.ts'

export { type SpanOutcome, spanFromJson } from './parse-span.ts'

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }

export interface SpanJson {
  traceId: string
  spanId: string
  parentSpanId?: string
  kind: Span['kind']
  name: string
  /** RFC 3339 in UTC with microseconds. */
  startTime: string
  /** Milliseconds, with nanoseconds in the fraction. */
  durationMs: number
  status: Span['status']
  statusMessage?: string
  errorMessage?: string
  agent?: { name?: string; version?: string }
  env?: string
  session?: { id: string }
  user?: { id: string }
  provider?: string
  model?: string
  input?: { text?: string; messages?: readonly Message[] }
  output?: { text?: string; messages?: readonly Message[] }
  tokens?: { input?: number; output?: number; total?: number; cachedInput?: number; reasoning?: number }
  costUsd?: number
  costSource?: 'span' | 'price_table'
  tool?: { name?: string; callId?: string; arguments?: string; result?: string }
  retrieval?: { query?: string; documents?: { id?: string; text?: string; score?: number }[] }
  finishReason?: string
  timeToFirstTokenMs?: number
  convention: Span['convention']
  attributes: Record<string, JsonValue>
  resource?: Record<string, JsonValue>
  scope?: { name?: string; version?: string }
  events?: { name: string; time: string; attributes: Record<string, JsonValue> }[]
  links?: { traceId: string; spanId: string; attributes: Record<string, JsonValue> }[]
}

/**
 * Ready for `JSON.stringify`. Attributes that JSON has no form for follow protobuf's JSON mapping: 64-bit integers beyond
 * 2^53 are decimal text, NaN and the infinities their names; bytes stay `{ "bytes": base64 }`.
 */
export function spanToJson(span: Span): SpanJson {
  const json: SpanJson = {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
    kind: span.kind,
    name: span.name,
    startTime: rfc3339FromUs(span.startTimeUs),
    durationMs: span.durationNs / 1e6,
    status: span.status,
    convention: span.convention,
    attributes: attributesToJson(span.attributes),
  }
  if (span.statusMessage !== undefined) json.statusMessage = span.statusMessage
  if (span.errorMessage !== undefined) json.errorMessage = span.errorMessage
  const agent = present({ name: span.agentName, version: span.agentVersion })
  if (agent !== undefined) json.agent = agent
  if (span.env !== undefined) json.env = span.env
  if (span.sessionId !== undefined) json.session = { id: span.sessionId }
  if (span.userId !== undefined) json.user = { id: span.userId }
  if (span.provider !== undefined) json.provider = span.provider
  if (span.model !== undefined) json.model = span.model
  const input = present({ text: span.inputText, messages: span.inputMessages })
  if (input !== undefined) json.input = input
  const output = present({ text: span.outputText, messages: span.outputMessages })
  if (output !== undefined) json.output = output
  const tokens = present({
    input: span.tokensInput,
    output: span.tokensOutput,
    total: span.tokensTotal,
    cachedInput: span.tokensCachedInput,
    reasoning: span.tokensReasoning,
  })
  if (tokens !== undefined) json.tokens = tokens
  if (span.costMicroUsd !== undefined) json.costUsd = span.costMicroUsd / 1e6
  if (span.costSource !== undefined) json.costSource = span.costSource
  const tool = present({
    name: span.toolName,
    callId: span.toolCallId,
    arguments: span.toolArguments,
    result: span.toolResult,
  })
  if (tool !== undefined) json.tool = tool
  const retrieval = present({ query: span.retrievalQuery, documents: span.documents?.map(documentToJson) })
  if (retrieval !== undefined) json.retrieval = retrieval
  if (span.finishReason !== undefined) json.finishReason = span.finishReason
  if (span.timeToFirstTokenMs !== undefined) json.timeToFirstTokenMs = span.timeToFirstTokenMs
  addOrigin(json, span)
  return json
}

function addOrigin(json: SpanJson, span: Span): void {
  if (span.resource.size > 0) json.resource = attributesToJson(span.resource)
  const scope = present({ name: span.scopeName, version: span.scopeVersion })
  if (scope !== undefined) json.scope = scope
  if (span.events.length > 0) {
    json.events = span.events.map((event) => ({
      name: event.name,
      time: rfc3339FromUs(event.timeUs),
      attributes: attributesToJson(event.attributes),
    }))
  }
  if (span.links.length > 0) {
    json.links = span.links.map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      attributes: attributesToJson(link.attributes),
    }))
  }
}

/** Without the absent ones; undefined when nothing is left. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } | undefined {
  const kept: { [K in keyof T]?: Exclude<T[K], undefined> } = {}
  let any = false
  for (const key in fields) {
    const value = fields[key]
    if (value === undefined) continue
    kept[key] = value as Exclude<T[typeof key], undefined>
    any = true
  }
  return any ? kept : undefined
}

function documentToJson(document: RetrievedDocument): { id?: string; text?: string; score?: number } {
  return present({ id: document.id, text: document.text, score: document.score }) ?? {}
}

/** Microseconds since the epoch as `2026-01-02T03:04:05.678901Z`. */
export function rfc3339FromUs(timeUs: number): string {
  const ms = Math.floor(timeUs / 1000)
  const restUs = timeUs - ms * 1000
  return `${new Date(ms).toISOString().slice(0, -1)}${String(restUs).padStart(3, '0')}Z`
}

export function attributesToJson(attributes: Attributes): Record<string, JsonValue> {
  const json: Record<string, JsonValue> = {}
  // An assignment to `__proto__` would set the prototype, and the attribute would vanish.
  for (const [key, value] of attributes) {
    if (key === '__proto__') Object.defineProperty(json, key, { value: valueToJson(value), enumerable: true })
    else json[key] = valueToJson(value)
  }
  return json
}

function valueToJson(value: AttributeValue): JsonValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'bigint') return String(value)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(valueToJson)
  if (value instanceof Map) return attributesToJson(value)
  return { bytes: (value as { bytes: string }).bytes }
}
