/** The schema of the language says where its fields come from: each attribute that it names is read, by its convention, in its order. */
import { describe, expect, test } from 'vitest'
import { FIELDS, type FieldSchema, SUBJECTS } from '../../dsl/schema.ts'
import { spanField } from '../evaluate/fields.ts'
import type { Span } from '../model/span.ts'
import { transcodeJson } from '../otlp/json.ts'
import { normaliseRecord } from './normalise.ts'

type Convention = 'otel' | 'openinference'
type Sample = string | number | readonly string[]

/** What makes a span of a kind, by convention. */
const MARKS: Readonly<Record<Convention, (kind: string) => Record<string, Sample>>> = {
  otel: (kind) => ({ 'gen_ai.operation.name': OPERATIONS[kind] ?? 'chat' }),
  openinference: (kind) => ({ 'openinference.span.kind': kind.toUpperCase() }),
}
const OPERATIONS: Readonly<Record<string, string>> = {
  agent: 'invoke_agent',
  llm: 'chat',
  tool: 'execute_tool',
  retriever: 'retrieval',
  embedding: 'embeddings',
}
/** OpenTelemetry has no operation for guardrails. */
const KINDS = ['llm', 'tool', 'retriever', 'embedding', 'agent']

/** Attributes that say something of the process, and one that stands on an event. */
const OF_RESOURCE = /^(?:service|deployment)\./
const OF_EXCEPTION = /^exception\./

/** How an attribute is sent that is more than one value. */
const SHAPES: Readonly<Record<string, (value: string) => Record<string, Sample>>> = {
  'gen_ai.input.messages': (text) => ({ 'gen_ai.input.messages': message('user', text) }),
  'gen_ai.output.messages': (text) => ({ 'gen_ai.output.messages': message('assistant', text) }),
  'gen_ai.response.finish_reasons': (text) => ({ 'gen_ai.response.finish_reasons': [text] }),
  'gen_ai.retrieval.documents': (text) => ({
    'gen_ai.retrieval.documents': JSON.stringify([{ id: 'd', content: text }]),
  }),
  'llm.input_messages': (text) => ({
    'llm.input_messages.0.message.role': 'user',
    'llm.input_messages.0.message.content': text,
  }),
  'llm.output_messages': (text) => ({
    'llm.output_messages.0.message.role': 'assistant',
    'llm.output_messages.0.message.content': text,
  }),
  'retrieval.documents': (text) => ({ 'retrieval.documents.0.document.content': text }),
}

function message(role: string, content: string): string {
  return JSON.stringify([{ role, parts: [{ type: 'text', content }] }])
}

/** Distinct for each attribute of a field. */
function sample(field: FieldSchema, index: number): string | number {
  switch (field.type.kind) {
    case 'tokens':
      return 10 + index
    case 'money':
    case 'duration':
      return 0.5 + index
    default:
      return `value ${index}`
  }
}

function anyValue(value: Sample): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: value } : { doubleValue: value }
  return { arrayValue: { values: value.map(anyValue) } }
}

function attributesOf(values: Record<string, Sample>): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }))
}

function spanWith(mark: Record<string, Sample>, values: Record<string, Sample>): Span {
  const where = (test: (key: string) => boolean): object[] =>
    attributesOf(Object.fromEntries(Object.entries(values).filter(([key]) => test(key))))
  const exception = where((key) => OF_EXCEPTION.test(key))
  const span = {
    traceId: '1'.repeat(32),
    spanId: '2'.repeat(16),
    name: 'x',
    attributes: [...attributesOf(mark), ...where((key) => !OF_RESOURCE.test(key) && !OF_EXCEPTION.test(key))],
    events: exception.length === 0 ? [] : [{ name: 'exception', attributes: exception }],
  }
  const resource = { attributes: where((key) => OF_RESOURCE.test(key)) }
  const outcome = transcodeJson(
    Buffer.from(JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] })),
  )
  if (!outcome.ok) throw new Error(outcome.message)
  return normaliseRecord('t', outcome.request)[0] as Span
}

/** What a span says of the field when the attributes of these indices are sent. */
function readWith(field: FieldSchema, convention: Convention, indices: readonly number[], kind: string): unknown {
  const names = field.attributes[convention] ?? []
  const values: Record<string, Sample> = {}
  for (const index of indices) {
    const name = names[index] as string
    const value = sample(field, index)
    Object.assign(values, SHAPES[name]?.(String(value)) ?? { [name]: value })
  }
  const read = spanField(field.path).read(spanWith(MARKS[convention](kind), values))
  return read === undefined ? undefined : JSON.stringify(read)
}

/** Kinds of spans that have the field. */
function kindsOf(field: FieldSchema): string[] {
  const owned = SUBJECTS.filter(({ name }) => field.subjects.includes(name)).map(({ spanKind }) => spanKind)
  return KINDS.filter((kind) => owned.includes(kind))
}

const sources = FIELDS.filter(({ path }) => path !== 'kind').flatMap((field) =>
  (['otel', 'openinference'] as const).flatMap((convention) =>
    (field.attributes[convention] ?? []).map((attribute, index) => ({ field, convention, attribute, index })),
  ),
)

describe('each attribute that the schema names', () => {
  test('is there to be tried', () => {
    expect(sources.length).toBeGreaterThan(50)
  })

  test.each(sources)('$field.path is read from $attribute', ({ field, convention, index }) => {
    const kinds = kindsOf(field)
    expect(kinds).not.toEqual([])
    const without = kinds.map((kind) => readWith(field, convention, [], kind))
    const found = kinds.map((kind) => readWith(field, convention, [index], kind))
    expect(found.some((value, at) => value !== undefined && value !== without[at])).toBe(true)
  })

  test.each(sources.filter(({ index }) => index > 0))(
    '$field.path prefers what stands before $attribute',
    ({ field, convention, index }) => {
      // Of one kind: an agent's messages and a tool's arguments come from different attributes.
      const kind = kindsOf(field).find((one) => {
        const [first, second] = [index - 1, index].map((at) => readWith(field, convention, [at], one))
        return first !== undefined && second !== undefined && first !== second
      })
      if (kind === undefined) throw new Error(`no kind of span reads both of ${field.path}'s`)
      expect(readWith(field, convention, [index - 1, index], kind)).toBe(readWith(field, convention, [index - 1], kind))
    },
  )
})

describe('what has no attribute', () => {
  const intrinsic = FIELDS.filter(({ attributes }) => !attributes.otel && !attributes.openinference)

  test('is part of every span, whatever its convention', () => {
    expect(intrinsic.map(({ path }) => path)).toEqual(['duration', 'start', 'status'])
    const span = spanWith({}, {})
    for (const { path, optional } of intrinsic) {
      expect(optional).toBeNull()
      expect(spanField(path).read(span)).toBeDefined()
    }
  })

  test.each<[string, Convention, Record<string, Sample>, string]>([
    ['of OpenTelemetry', 'otel', { 'gen_ai.operation.name': 'execute_tool' }, 'tool'],
    ['of OpenInference', 'openinference', { 'openinference.span.kind': 'RETRIEVER' }, 'retriever'],
  ])('nor the kind, which is decided %s', (_name, convention, mark, kind) => {
    expect(FIELDS.find(({ path }) => path === 'kind')?.attributes[convention]).toEqual(Object.keys(mark))
    expect(spanField('kind').read(spanWith(mark, {}))).toBe(kind)
  })

  test('a span subject is a kind of span that there is', () => {
    for (const { name, spanKind } of SUBJECTS) {
      if (spanKind === null) expect(['trace', 'session', 'span']).toContain(name)
      else expect(spanField('kind').read(spanWith(MARKS.openinference(spanKind), {}))).toBe(spanKind)
    }
  })
})
