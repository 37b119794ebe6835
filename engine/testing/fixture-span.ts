/** The fields of a fixture on a span, in the plan's units. */
import type { FixtureValue, Literal } from '../../dsl/plan.ts'
import { makeSpan, type SpanFields } from '../model/make-span.ts'
import type { AttributeValue, Span, SpanStatus } from '../model/span.ts'

export type Fields = Readonly<Record<string, FixtureValue>>

/** 2026-01-01T00:00:00Z, microseconds: tests look the same on every day. */
const EPOCH_US = 1_767_225_600_000_000

export function timeOf(fields: Fields, path: 'duration' | 'start'): number | undefined {
  const value = fields[path]
  return value?.kind === 'value' && typeof value.value === 'number' ? value.value : undefined
}

/** `startNs` after the traces of tests begin. */
export function buildSpan(own: SpanFields, fields: Fields, startNs: number): Span {
  return withFields(
    {
      ...own,
      name: own.name ?? own.kind ?? '',
      startTimeUs: EPOCH_US + Math.floor(startNs / 1000),
      startTimeSubUs: startNs % 1000,
    },
    fields,
  )
}

/** The span with the fields that a fixture gives it; what the fixture calls missing it has no more. `start` is its caller's. */
export function withFields(own: SpanFields, fields: Fields): Span {
  const span: Writable<SpanFields> = { ...own }
  const attributes = new Map<string, AttributeValue>(own.attributes)
  for (const [path, value] of Object.entries(fields)) {
    if (value.kind === 'documents') {
      span.documents = value.items.map(({ id, text, score }) => ({ id, text, score }))
      continue
    }
    const literal = value.kind === 'value' ? value.value : undefined
    const write = WRITERS[path]
    if (write !== undefined) write(span, literal)
    else if (literal === undefined) attributes.delete(attributeName(path))
    else attributes.set(attributeName(path), literal)
  }
  if (span.kind === 'tool' && (own.toolName === undefined || fields.name !== undefined)) span.toolName = span.name
  // As the normalisers do; a fixture that calls the total missing means it.
  if (fields['tokens.total'] === undefined && span.tokensInput !== undefined && span.tokensOutput !== undefined) {
    span.tokensTotal = span.tokensInput + span.tokensOutput
  }
  return makeSpan({ ...span, attributes })
}

/** `attr("acme.tier")` or the plain name. */
function attributeName(path: string): string {
  return /^attr\("(.*)"\)$/s.exec(path)?.[1] ?? path
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type Writer = (span: Writable<SpanFields>, value: Literal | undefined) => void

const text = (key: TextKey): Writer => {
  return (span, value) => {
    span[key] = value === undefined ? undefined : String(value)
  }
}
const number = (key: NumberKey): Writer => {
  return (span, value) => {
    span[key] = value === undefined ? undefined : Number(value)
  }
}

type TextKey = {
  [K in keyof Span]: string extends Span[K] ? K : never
}[keyof Span]
type NumberKey = {
  [K in keyof Span]: number extends Span[K] ? K : never
}[keyof Span]

/** By field path of the language; units of the plan. */
const WRITERS: Readonly<Record<string, Writer>> = {
  duration: number('durationNs'),
  // It decides where the span is put, see above.
  start: () => {},
  status: (span, value) => {
    span.status = value as SpanStatus
  },
  error: text('errorMessage'),
  name: text('name'),
  'agent.name': text('agentName'),
  'agent.version': text('agentVersion'),
  env: text('env'),
  'session.id': text('sessionId'),
  'user.id': text('userId'),
  'input.text': text('inputText'),
  'output.text': text('outputText'),
  model: text('model'),
  provider: text('provider'),
  'tokens.input': number('tokensInput'),
  'tokens.output': number('tokensOutput'),
  'tokens.total': number('tokensTotal'),
  'tokens.cached_input': number('tokensCachedInput'),
  'tokens.reasoning': number('tokensReasoning'),
  cost: number('costMicroUsd'),
  time_to_first_token: (span, value) => {
    span.timeToFirstTokenMs = value === undefined ? undefined : Number(value) / 1e6
  },
  documents: (span) => {
    span.documents = undefined
  },
  finish_reason: text('finishReason'),
  'arguments.text': text('toolArguments'),
  'result.text': text('toolResult'),
  call_id: text('toolCallId'),
  'query.text': text('retrievalQuery'),
  // One document stands for what a test says of their texts.
  'documents.text': (span, value) => {
    span.documents = value === undefined ? undefined : [{ id: undefined, text: String(value), score: undefined }]
  },
}
