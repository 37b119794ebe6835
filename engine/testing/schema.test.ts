/** The language's schema and the engine agree: what a rule may name and a fixture may set, the engine reads as that type. */
import { describe, expect, test } from 'vitest'
import type { FixtureValue, Literal, ValueType } from '../../dsl/plan.ts'
import { FIELDS, findField, isSpanSubject } from '../../dsl/schema.ts'
import { openInferenceFields } from '../conventions/openinference.ts'
import { otelGenAiFields } from '../conventions/otel-genai.ts'
import type { FieldKeys } from '../conventions/vocabulary.ts'
import { readTraceField, spanField } from '../evaluate/fields.ts'
import { viewTrace } from '../evaluate/trace-view.ts'
import { buildTrace } from './fixture-trace.ts'

function exampleOf(type: ValueType): Literal {
  switch (type.kind) {
    case 'string':
      return 'an example'
    case 'enum':
      return type.values.at(-1)!
    case 'bool':
      return true
    default:
      return 7_000_000
  }
}

/** `kind` follows from the subject; `start` is given as the time since the trace began. */
const DERIVED = new Set(['kind', 'start', 'documents'])

describe.each(FIELDS.map((field) => [field.path, field] as const))('%s', (path, field) => {
  const value: FixtureValue = { kind: 'value', type: field.type, value: exampleOf(field.type) }
  const fixtures = field.subjects.map((subject) => ({
    subject,
    fixture: isSpanSubject(subject)
      ? { fields: {}, spans: [{ subject, fields: { [path]: value } }] }
      : { fields: { [path]: value }, spans: [] },
    bare: isSpanSubject(subject) ? { fields: {}, spans: [{ subject, fields: {} }] } : { fields: {}, spans: [] },
  }))
  const read = (subject: string, fixture: (typeof fixtures)[number]['fixture']) => {
    const { traceId, spans } = buildTrace(fixture, 0)
    return subject === 'trace'
      ? readTraceField(path)(viewTrace('default', traceId, spans))
      : spanField(path).read(spans.at(-1)!)
  }

  test.each(fixtures)('of $subject', ({ subject, fixture, bare }) => {
    if (!DERIVED.has(path)) expect(read(subject, fixture)).toBe(value.value)
    // A field that the schema calls optional is missing where nobody gave it, and no other is.
    expect(read(subject, bare) === undefined).toBe(field.optional !== null)
  })
})

test('documents are read as given', () => {
  const documents: FixtureValue = { kind: 'documents', items: [{ id: 'a', text: 'b' }, { score: 0.5 }] }
  const { spans } = buildTrace({ fields: {}, spans: [{ subject: 'retrieval', fields: { documents } }] }, 0)
  expect(spanField('documents').read(spans[1]!)).toEqual([
    { id: 'a', text: 'b', score: undefined },
    { id: undefined, text: undefined, score: 0.5 },
  ])
})

test.each([
  ['texts, with an empty line between two', [{ id: 'a', text: 'one' }, { score: 0.5 }, { text: 'two' }], 'one\n\ntwo'],
  ['nothing found is an empty text', [], ''],
  ['documents without texts have none', [{ id: 'a' }, { score: 0.5 }], undefined],
])('documents.text: %s', (_what, items, text) => {
  const fields = { documents: { kind: 'documents', items } satisfies FixtureValue }
  const { spans } = buildTrace({ fields: {}, spans: [{ subject: 'retrieval', fields }] }, 0)
  expect(spanField('documents.text').read(spans[1]!)).toBe(text)
})

/** By the normalisers' names; `finish_reason` of OpenTelemetry is a list, read apart; these two have no key for `env` or milliseconds. */
const PATHS: Record<Exclude<keyof FieldKeys, 'env' | 'timeToFirstTokenMs'>, string> = {
  agentName: 'agent.name',
  agentVersion: 'agent.version',
  sessionId: 'session.id',
  userId: 'user.id',
  provider: 'provider',
  model: 'model',
  toolName: 'name',
  toolCallId: 'call_id',
  finishReason: 'finish_reason',
  tokensInput: 'tokens.input',
  tokensOutput: 'tokens.output',
  tokensTotal: 'tokens.total',
  tokensCachedInput: 'tokens.cached_input',
  tokensReasoning: 'tokens.reasoning',
  costUsd: 'cost',
  timeToFirstTokenSeconds: 'time_to_first_token',
}
/** Of the resource, which stands behind the span's own. */
const OF_RESOURCE = new Set(['service.name', 'service.version'])

describe('the reference names the attributes that the normalisers read, in their order', () => {
  test.each(Object.entries(PATHS))('%s', (key, path) => {
    const { otel = [], openinference = [] } = findField(path)?.attributes ?? {}
    const keys = key as keyof typeof PATHS
    if (keys !== 'finishReason')
      expect(otel.filter((name) => !OF_RESOURCE.has(name))).toEqual(otelGenAiFields[keys] ?? [])
    expect(openinference).toEqual(openInferenceFields[keys] ?? [])
  })
})
