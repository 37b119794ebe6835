/** The traces of tests: fields by the schema, and what `given like` changes of another test's. */

import type { ExprContext, Project } from './elaborate/context.ts'
import { elaborate } from './elaborate/expression.ts'
import { adapt } from './elaborate/literals.ts'
import { guessField, listFields } from './field-guess.ts'
import { literalValue } from './literals.ts'
import type { Module } from './module.ts'
import type { FixtureSpan, FixtureTrace, FixtureValue, Subject } from './plan.ts'
import { aSubject, fieldOf, findField, isSpanSubject, SPAN_SUBJECTS } from './schema.ts'
import { didYouMean } from './suggest.ts'
import type { ExprNode, FieldNode, FixtureNode } from './syntax/ast.ts'
import { commonType, describeType, planType, type Type } from './types.ts'

export function compileFixture(node: FixtureNode, module: Module, project: Project): FixtureTrace {
  const fields = compileFields(node.fields, 'trace', module, project)
  const spans: FixtureSpan[] = []
  for (const { subject, fixture } of node.spans) {
    if (!isSpanSubject(subject.text)) {
      if (subject.text !== '')
        module.reporter.report(
          'E0413',
          subject.span,
          `\`${subject.text}\` is no kind of span${didYouMean(subject.text, SPAN_SUBJECTS)}`,
          { label: `one of ${SPAN_SUBJECTS.join(', ')}` },
        )
      continue
    }
    const [inner] = fixture.spans
    if (inner !== undefined)
      module.reporter.report('E0413', inner.subject.span, 'spans of a fixture do not nest', {
        label: 'write it beside the other spans',
      })
    spans.push({ subject: subject.text, fields: compileFields(fixture.fields, subject.text, module, project) })
  }
  return { fields, spans }
}

function compileFields(
  nodes: readonly FieldNode[],
  subject: Subject,
  module: Module,
  project: Project,
): Record<string, FixtureValue> {
  const fields: Record<string, FixtureValue> = {}
  for (const { key, value } of nodes) {
    if (key.text === '') continue
    const field = fieldOf(subject, key.text)
    if (field === undefined) {
      reportUnknown(key, subject, module)
      continue
    }
    if (Object.hasOwn(fields, key.text))
      module.reporter.report('E0109', key.span, `\`${key.text}:\` is written twice`, { label: 'again' })
    const compiled = fixtureValue(value, field.type, field.optional !== null, module, project)
    if (compiled !== null) fields[key.text] = compiled
  }
  return fields
}

function reportUnknown(
  key: { text: string; span: { start: number; end: number } },
  subject: Subject,
  module: Module,
): void {
  const elsewhere = findField(key.text)
  const guess = elsewhere === undefined ? guessField(key.text, subject) : null
  const message = `${aSubject(subject)} has no field \`${key.text}\`${guess === null ? '' : `, did you mean \`${guess}\`?`}`
  const label =
    elsewhere === undefined
      ? 'unknown field'
      : `is a field of ${elsewhere.subjects.map((name) => `\`${name}\``).join(', ')}`
  module.reporter.report(elsewhere === undefined ? 'E0203' : 'E0204', key.span, message, {
    label,
    notes: elsewhere === undefined && guess === null ? [listFields(subject)] : [],
  })
}

/** Null when it is in error (told). */
function fixtureValue(
  node: ExprNode,
  type: Type,
  optional: boolean,
  module: Module,
  project: Project,
): FixtureValue | null {
  if (node.kind === 'path' && node.path === 'missing') {
    if (optional) return { kind: 'missing' }
    module.reporter.report('E0413', node.span, 'this field is never missing', { label: 'every trace has it' })
    return null
  }
  if (type.kind === 'documents') return documentsValue(node, module)
  const context: ExprContext = { project, module, subject: null, score: null, aggregate: null, matched: new Set() }
  // A start has no literal of its own: a fixture gives it as the time since the trace began.
  const wanted: Type = type.kind === 'time' ? { kind: 'duration' } : type
  const typed = adapt(elaborate(node, context), wanted)
  if (typed.type.kind === 'unknown') return null
  const outsideOfEnum =
    wanted.kind === 'enum' && typed.expr.op === 'literal' && !wanted.values.includes(String(typed.expr.value))
  if (commonType(wanted, typed.type) === null || outsideOfEnum || typed.expr.op !== 'literal') {
    const label =
      type.kind === 'time'
        ? 'the time since the trace began is needed, such as `2s`'
        : `${describeType(wanted)} is needed`
    module.reporter.report(
      'E0413',
      node.span,
      `this is ${outsideOfEnum ? 'none of its values' : describeType(typed.type)}`,
      { label },
    )
    return null
  }
  return { kind: 'value', type: planType(wanted), value: typed.expr.value }
}

function documentsValue(node: ExprNode, module: Module): FixtureValue | null {
  if (node.kind === 'error') return null
  const usage = 'write `documents: [{ id: "a" text: "…" score: 0.9 }]`'
  if (node.kind !== 'list') {
    module.reporter.report('E0413', node.span, 'this is not a list of documents', { label: usage })
    return null
  }
  const items: Extract<FixtureValue, { kind: 'documents' }>['items'] = []
  for (const item of node.items) {
    if (item.kind === 'record') items.push(documentOf(item.fields, module))
    else if (item.kind !== 'error')
      module.reporter.report('E0413', item.span, 'this is not a document', { label: usage })
  }
  return { kind: 'documents', items }
}

function documentOf(fields: readonly FieldNode[], module: Module): { id?: string; text?: string; score?: number } {
  const document: { id?: string; text?: string; score?: number } = {}
  for (const { key, value } of fields) {
    const literal = literalOf(value)
    if ((key.text === 'id' || key.text === 'text') && typeof literal === 'string') document[key.text] = literal
    else if (key.text === 'score' && typeof literal === 'number') document.score = literal
    else if (value.kind !== 'error')
      module.reporter.report(
        'E0413',
        key.span,
        'a document has an `id` and a `text` in quotes, and a `score` that is a number',
        { label: 'not of a document' },
      )
  }
  return document
}

function literalOf(node: ExprNode): string | number | boolean | undefined {
  if (node.kind === 'negate') {
    const inner = literalOf(node.arg)
    return typeof inner === 'number' ? -inner : undefined
  }
  if (node.kind !== 'literal' || !['text', 'block', 'int', 'decimal'].includes(node.token)) return undefined
  return literalValue(node)?.value
}

/**
 * `changes` laid over `base`: fields one by one, and the n-th span of a kind over the n-th of that kind; what has no
 * counterpart is added at the end.
 */
export function mergeFixtures(base: FixtureTrace, changes: FixtureTrace): FixtureTrace {
  const spans = [...base.spans]
  const seen = new Map<string, number>()
  for (const change of changes.spans) {
    const nth = seen.get(change.subject) ?? 0
    seen.set(change.subject, nth + 1)
    const places = base.spans.flatMap((span, index) => (span.subject === change.subject ? [index] : []))
    const place = places[nth]
    const counterpart = place === undefined ? undefined : base.spans[place]
    if (place === undefined || counterpart === undefined) spans.push(change)
    else spans[place] = { subject: change.subject, fields: { ...counterpart.fields, ...change.fields } }
  }
  return { fields: { ...base.fields, ...changes.fields }, spans }
}
