/** A recorded trace as a fixture that the evals at hand judge alike: what they read of it, redacted and cut. */
import type { EvalPlan, FixtureSpan, FixtureTrace, FixtureValue, Subject, ValueType } from '../../dsl/plan.ts'
import { printable } from '../../dsl/print-literal.ts'
import { FIELDS, type FieldSchema, fieldOf } from '../../dsl/schema.ts'
import { readAttribute } from '../evaluate/attribute.ts'
import { readTraceField, spanField, type Value } from '../evaluate/fields.ts'
import { startAfterNs, type TraceView } from '../evaluate/subject.ts'
import { byStart, viewTrace } from '../evaluate/trace-view.ts'
import type { AttributeValue, RetrievedDocument, Span } from '../model/span.ts'
import { type FieldsRead, fieldsReadBy } from './fields-read.ts'
import { INHERITED } from './fixture-trace.ts'
import { subjectOf } from './recorded-trace.ts'

export interface CaptureOptions {
  /** Every field of every span, not only what the evals read. */
  readonly all: boolean
  /** What of a text may be written down. */
  readonly redact: (text: string) => string
  readonly maxTextUnits: number
  readonly maxSpans: number
}

export interface Captured {
  readonly fixture: FixtureTrace
  /** What was left out: a sentence each. */
  readonly notes: readonly string[]
}

export function captureTrace(spans: readonly Span[], evals: readonly EvalPlan[], options: CaptureOptions): Captured {
  const { tenant, traceId } = spans[0]!
  const view = viewTrace(tenant, traceId, spans)
  const reads = fieldsReadBy(evals)
  const notes: string[] = []
  const write = new ValueWriter(options, notes)

  // The root of an agent is what a fixture's trace stands for; any other root is a span beside the others.
  const isRootTheTrace = view.root.kind === 'agent' && spans.filter(({ kind }) => kind === 'agent').length === 1
  const wanted = spans
    .filter((span) => !(isRootTheTrace && span.spanId === view.root.spanId))
    .filter(({ kind }) => options.all || reads.subjects.has('span') || reads.subjects.has(subjectOf(kind)))
    .sort(byStart)
  const kept = wanted.slice(0, options.maxSpans)
  if (kept.length < wanted.length)
    notes.push(`The first ${kept.length} of ${wanted.length} spans: what the others were is not in this test.`)

  const rootSubjects: Subject[] = isRootTheTrace ? ['trace', 'agent_run', 'span'] : ['trace']
  const fields = traceFields(view, pathsOf(rootSubjects, 'trace', reads, options), write)
  const seen = new Map<Subject, number>()
  const fixtureSpans = kept.map((span): FixtureSpan => {
    const subject = subjectOf(span.kind)
    const nth = (seen.get(subject) ?? 0) + 1
    seen.set(subject, nth)
    const paths = pathsOf([subject, 'span'], subject, reads, options)
    return { subject, fields: spanFields(span, subject, paths, view, fields, reads, write.of(`${subject} ${nth}`)) }
  })
  return { fixture: { fields, spans: fixtureSpans }, notes }
}

type Fields = Record<string, FixtureValue>

/**
 * In the order of the schema, attributes last. `start` is read to compare: a fixture needs it only to keep an order; the texts of
 * documents stand in these.
 */
function pathsOf(subjects: readonly Subject[], own: Subject, reads: FieldsRead, { all }: CaptureOptions): string[] {
  const read = new Set(subjects.flatMap((subject) => [...(reads.of.get(subject) ?? [])]))
  const known = FIELDS.map(({ path }) => path).filter((path) => fieldOf(own, path) !== undefined && path !== 'kind')
  const attributes = [...read].filter((path) => path.startsWith('attr('))
  const needed = (path: string) => path !== 'start' && path !== 'documents.text'
  return [...known.filter((path) => read.has(path) || (all && needed(path))), ...attributes]
}

function traceFields(view: TraceView, paths: readonly string[], write: ValueWriter): Fields {
  const fields: Fields = {}
  for (const path of paths) {
    if (path === 'start') continue
    const attribute = attributeName(path)
    const value =
      attribute === null
        ? write.of('the trace').field(fieldOf('trace', path)!, readTraceField(path)(view))
        : write.of('the trace').attribute(path, readAttribute(view.root, attribute))
    if (value !== null && !isUnset(path, value)) fields[path] = value
  }
  return fields
}

function spanFields(
  span: Span,
  subject: FixtureSpan['subject'],
  paths: readonly string[],
  view: TraceView,
  ofTrace: Fields,
  { of }: FieldsRead,
  write: SubjectWriter,
): Fields {
  const fields: Fields = {}
  const inherited = [...INHERITED].filter((path) => of.get('trace')?.has(path) === true && !paths.includes(path))
  for (const path of [...paths, ...inherited]) {
    const attribute = attributeName(path)
    if (attribute !== null) {
      const value = write.attribute(path, readAttribute(span, attribute))
      if (value !== null) fields[path] = value
      continue
    }
    const schema = fieldOf(subject, path)
    if (schema === undefined) continue
    const raw = path === 'start' ? startAfterNs(span, view.startTimeUs) : spanField(path).read(span)
    const value = write.field(schema, raw)
    if (INHERITED.has(path)) {
      const above = ofTrace[path]
      if (value === null && above !== undefined) fields[path] = { kind: 'missing' }
      if (value === null || (above?.kind === 'value' && value.kind === 'value' && above.value === value.value)) continue
    }
    if (value !== null && !isUnset(path, value)) fields[path] = value
  }
  return withoutSum(span, fields)
}

/** The fixture adds up what a span sends of tokens, and so does the normaliser: where it came out missing, that is to be said. */
function withoutSum(span: Span, fields: Fields): Fields {
  const isAdded = fields['tokens.input'] !== undefined && fields['tokens.output'] !== undefined
  return isAdded && span.tokensTotal === undefined ? { ...fields, 'tokens.total': { kind: 'missing' } } : fields
}

/** What a fixture has without being told. */
function isUnset(path: string, value: FixtureValue): boolean {
  return path === 'status' && value.kind === 'value' && value.value === 'unset'
}

function attributeName(path: string): string | null {
  return /^attr\("(.*)"\)$/s.exec(path)?.[1] ?? null
}

interface SubjectWriter {
  field(schema: FieldSchema, value: Value | undefined): FixtureValue | null
  attribute(path: string, value: AttributeValue | undefined): FixtureValue | null
}

/** Values as fixtures hold them, and notes of those that are not as they were. */
class ValueWriter {
  readonly #options: CaptureOptions
  readonly #notes: string[]

  constructor(options: CaptureOptions, notes: string[]) {
    this.#options = options
    this.#notes = notes
  }

  of(where: string): SubjectWriter {
    return {
      field: (schema, value) => this.#field(schema, value, `${schema.path} of ${where}`),
      attribute: (path, value) => this.#attribute(value, `${path} of ${where}`),
    }
  }

  #field({ type, path }: FieldSchema, value: Value | undefined, name: string): FixtureValue | null {
    if (value === undefined) return null
    if (type.kind === 'documents') return this.#documents(value as readonly RetrievedDocument[], name)
    const wanted: ValueType = path === 'start' ? { kind: 'duration' } : type
    if (typeof value === 'string') {
      if (wanted.kind === 'enum' && !wanted.values.includes(value)) return null
      return { kind: 'value', type: wanted, value: wanted.kind === 'enum' ? value : this.#text(value, name) }
    }
    if (typeof value === 'object') return null
    return { kind: 'value', type: wanted, value }
  }

  #attribute(value: AttributeValue | undefined, name: string): FixtureValue | null {
    switch (typeof value) {
      case 'string':
        return { kind: 'value', type: { kind: 'string' }, value: this.#text(value, name) }
      case 'boolean':
        return { kind: 'value', type: { kind: 'bool' }, value }
      case 'bigint':
      case 'number':
        return {
          kind: 'value',
          type: { kind: Number.isInteger(Number(value)) ? 'int' : 'number' },
          value: Number(value),
        }
      case 'undefined':
        return null
      default:
        this.#notes.push(`${name} is structured, and has no place in a test.`)
        return null
    }
  }

  #documents(documents: readonly RetrievedDocument[], name: string): FixtureValue {
    const items = documents.map(({ id, text, score }) => ({
      ...(id !== undefined && { id: this.#text(id, name) }),
      ...(text !== undefined && { text: this.#text(text, name) }),
      ...(score !== undefined && { score }),
    }))
    return { kind: 'documents', items }
  }

  #text(text: string, name: string): string {
    const { redact, maxTextUnits } = this.#options
    const redacted = printable(redact(text))
    if (redacted.length <= maxTextUnits) return redacted
    this.#notes.push(`${name} is cut to ${maxTextUnits} of ${redacted.length} characters.`)
    return printable(redacted.slice(0, maxTextUnits))
  }
}
