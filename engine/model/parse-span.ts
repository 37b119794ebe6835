/** Reads the normalised span's JSON: JSONL files for `assay run`, and what the API wrote. */
import { makeSpan } from './make-span.ts'
import {
  type Attributes,
  type AttributeValue,
  CONVENTIONS,
  type Message,
  type RetrievedDocument,
  type Span,
  type SpanEvent,
  type SpanLink,
} from './span.ts'

export type SpanOutcome =
  | { ok: true; span: Span }
  /** `message` shows what was there instead; `expected` says the same without it. */
  | { ok: false; field: string; message: string; expected: string }

/**
 * A span from the shape of `SpanJson`. Required are `traceId`, `spanId`, `kind`, `startTime` and `durationMs`; null is taken
 * for absence; unknown keys (such as the API's `results`) are ignored. An error names the field by its path.
 */
export function spanFromJson(value: unknown, tenant = 'default'): SpanOutcome {
  try {
    return { ok: true, span: parseSpan(new Fields('', objectAt('span', value)), tenant) }
  } catch (error) {
    if (error instanceof FieldError)
      return { ok: false, field: error.field, message: error.message, expected: error.expected }
    throw error
  }
}

/** The user's mistake, caught above: never leaves this file. */
class FieldError extends Error {
  readonly field: string
  readonly expected: string
  constructor(field: string, expected: string, got: unknown) {
    const told = got === undefined ? `is missing: it has to be ${expected}` : `has to be ${expected}`
    super(got === undefined ? told : `${told}, and is ${preview(got)}`)
    this.field = field
    this.expected = told
  }
}

const KINDS = ['agent', 'llm', 'tool', 'retriever', 'embedding', 'guardrail', 'chain', 'other'] as const
const STATUSES = ['unset', 'ok', 'error'] as const
const COST_SOURCES = ['span', 'price_table'] as const

function parseSpan(at: Fields, tenant: string): Span {
  const traceId = at.required('traceId', at.hex('traceId', 32), '32 hex digits')
  const spanId = at.required('spanId', at.hex('spanId', 16), '16 hex digits')
  const kind = at.required('kind', at.oneOf('kind', KINDS), `one of ${KINDS.join(', ')}`)
  const agent = at.object('agent')
  const input = at.object('input')
  const output = at.object('output')
  const tokens = at.object('tokens')
  const tool = at.object('tool')
  const retrieval = at.object('retrieval')
  const scope = at.object('scope')
  const start = at.required('startTime', at.time('startTime'), 'a time in RFC 3339')
  const durationMs = at.required('durationMs', at.nonNegative('durationMs'), 'a number of milliseconds')
  const costUsd = at.nonNegative('costUsd')
  return makeSpan({
    tenant,
    traceId,
    spanId,
    parentSpanId: at.hex('parentSpanId', 16),
    kind,
    name: at.text('name'),
    startTimeUs: start.us,
    startTimeSubUs: start.subUs,
    durationNs: Math.round(durationMs * 1e6),
    status: at.oneOf('status', STATUSES),
    statusMessage: at.text('statusMessage'),
    errorMessage: at.text('errorMessage'),
    agentName: agent.text('name'),
    agentVersion: agent.text('version'),
    env: at.text('env'),
    sessionId: at.object('session').text('id'),
    userId: at.object('user').text('id'),
    provider: at.text('provider'),
    model: at.text('model'),
    inputText: input.text('text'),
    inputMessages: input.messages('messages'),
    outputText: output.text('text'),
    outputMessages: output.messages('messages'),
    tokensInput: tokens.count('input'),
    tokensOutput: tokens.count('output'),
    tokensTotal: tokens.count('total'),
    tokensCachedInput: tokens.count('cachedInput'),
    tokensReasoning: tokens.count('reasoning'),
    costMicroUsd: costUsd === undefined ? undefined : Math.round(costUsd * 1e6),
    costSource: at.oneOf('costSource', COST_SOURCES),
    toolName: tool.text('name'),
    toolCallId: tool.text('callId'),
    toolArguments: tool.text('arguments'),
    toolResult: tool.text('result'),
    retrievalQuery: retrieval.text('query'),
    documents: retrieval.list('documents', parseDocument),
    finishReason: at.text('finishReason'),
    timeToFirstTokenMs: at.nonNegative('timeToFirstTokenMs'),
    convention: at.oneOf('convention', CONVENTIONS),
    attributes: at.attributes('attributes'),
    resource: at.attributes('resource'),
    scopeName: scope.text('name'),
    scopeVersion: scope.text('version'),
    events: at.list('events', parseEvent),
    links: at.list('links', parseLink),
  })
}

function parseDocument(at: Fields): RetrievedDocument {
  return { id: at.text('id'), text: at.text('text'), score: at.number('score') }
}

function parseEvent(at: Fields): SpanEvent {
  return {
    name: at.required('name', at.text('name'), 'a text'),
    timeUs: at.required('time', at.time('time'), 'a time in RFC 3339').us,
    attributes: at.attributes('attributes') ?? new Map(),
  }
}

function parseLink(at: Fields): SpanLink {
  return {
    traceId: at.required('traceId', at.hex('traceId', 32), '32 hex digits'),
    spanId: at.required('spanId', at.hex('spanId', 16), '16 hex digits'),
    attributes: at.attributes('attributes') ?? new Map(),
  }
}

/** Typed reads of an object's fields; each returns undefined for an absent one and throws `FieldError` for another type. */
class Fields {
  readonly #path: string
  readonly #value: Readonly<Record<string, unknown>>

  constructor(path: string, value: Readonly<Record<string, unknown>>) {
    this.#path = path
    this.#value = value
  }

  #at(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`
  }

  #read<T>(name: string, expected: string, parse: (value: unknown) => T | undefined): T | undefined {
    const value = this.#value[name] ?? undefined
    if (value === undefined) return undefined
    const parsed = parse(value)
    if (parsed === undefined) throw new FieldError(this.#at(name), expected, value)
    return parsed
  }

  required<T>(name: string, value: T | undefined, expected: string): T {
    if (value === undefined) throw new FieldError(this.#at(name), expected, undefined)
    return value
  }

  text(name: string): string | undefined {
    return this.#read(name, 'a text', (value) => (typeof value === 'string' ? value : undefined))
  }

  number(name: string): number | undefined {
    return this.#read(name, 'a number', (value) => (typeof value === 'number' ? value : undefined))
  }

  nonNegative(name: string): number | undefined {
    return this.#read(name, 'a number of at least 0', (v) => (typeof v === 'number' && v >= 0 ? v : undefined))
  }

  count(name: string): number | undefined {
    const parse = (v: unknown) => (Number.isSafeInteger(v) && (v as number) >= 0 ? (v as number) : undefined)
    return this.#read(name, 'a whole number of at least 0', parse)
  }

  hex(name: string, digits: number): string | undefined {
    return this.#read(name, `${digits} hex digits`, (value) =>
      typeof value === 'string' && value.length === digits && isHex(value) ? value.toLowerCase() : undefined,
    )
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    return this.#read(name, `one of ${values.join(', ')}`, (value) => values.find((known) => known === value))
  }

  time(name: string): { us: number; subUs: number } | undefined {
    return this.#read(name, 'a time in RFC 3339', (value) => (typeof value === 'string' ? parseTime(value) : undefined))
  }

  /** An absent object reads as an empty one. */
  object(name: string): Fields {
    const value = this.#value[name] ?? {}
    return new Fields(this.#at(name), objectAt(this.#at(name), value))
  }

  list<T>(name: string, parse: (at: Fields) => T): T[] | undefined {
    const items = this.#read(name, 'a list', (value) => (Array.isArray(value) ? (value as unknown[]) : undefined))
    return items?.map((item, i) => {
      const path = `${this.#at(name)}.${i}`
      return parse(new Fields(path, objectAt(path, item)))
    })
  }

  messages(name: string): Message[] | undefined {
    return this.list(name, (at) => {
      at.required('role', at.text('role'), 'a text')
      const parts = at.list('parts', (part) => part.required('type', part.text('type'), 'a text'))
      at.required('parts', parts, 'a list')
      return at.#value as unknown as Message
    })
  }

  attributes(name: string): Attributes | undefined {
    return this.#value[name] == null ? undefined : attributesFrom(this.object(name).#value)
  }
}

function objectAt(path: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FieldError(path, 'an object', value)
  return value as Readonly<Record<string, unknown>>
}

function attributesFrom(object: Readonly<Record<string, unknown>>): Attributes {
  return new Map(Object.entries(object).map(([key, value]) => [key, attributeFrom(value)]))
}

function attributeFrom(value: unknown): AttributeValue {
  if (Array.isArray(value)) return value.map(attributeFrom)
  if (typeof value !== 'object' || value === null) return value as AttributeValue
  const object = value as Readonly<Record<string, unknown>>
  const { bytes } = object
  return typeof bytes === 'string' && Object.keys(object).length === 1 ? { bytes } : attributesFrom(object)
}

function isHex(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) | 0x20
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false
  }
  return true
}

/** RFC 3339 with any offset; digits below the microsecond go to `subUs`, below the nanosecond they are dropped. */
function parseTime(text: string): { us: number; subUs: number } | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?([Zz]|[+-]\d\d:\d\d)$/.exec(text)
  if (match === null) return undefined
  const [, date, clock, fraction = '', zone = 'Z'] = match
  const ms = Date.parse(`${date}T${clock}${zone.toUpperCase()}`)
  if (Number.isNaN(ms)) return undefined
  const ns = Number(fraction.padEnd(9, '0').slice(0, 9))
  return { us: ms * 1000 + Math.floor(ns / 1000), subUs: ns % 1000 }
}

function preview(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
