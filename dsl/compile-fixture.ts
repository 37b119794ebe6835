/** The traces of tests: fields by the schema, and what `given like` changes of another test's. */

import type { ExprContext, Project } from './elaborate/context.ts'
import { elaborate } from './elaborate/expression.ts'
import { adapt } from './elaborate/literals.ts'
import { unitAdvice } from './elaborate/mismatch.ts'
import { fieldFix, guessField, listFields } from './field-guess.ts'
import { literalValue } from './literals.ts'
import { renaming } from './machine-fix.ts'
import type { Module } from './module.ts'
import type { FixtureSpan, FixtureTrace, FixtureValue, Subject } from './plan.ts'
import { aSubject, fieldOf, findField, isSpanSubject, SPAN_SUBJECTS } from './schema.ts'
import { didYouMean } from './suggest.ts'
import type { ExprNode, FieldNode, FixtureNode } from './syntax/ast.ts'
import { unescapeText } from './syntax/text.ts'
import { commonType, describeType, planType, type Type } from './types.ts'

/** `given trace { … }`. */
export function compileFixture(node: FixtureNode, module: Module, project: Project): FixtureTrace {
  for (const { key } of node.fields.filter(leavesOut))
    module.reporter.report('E0413', key.span, 'there are no spans here to leave out', { label: 'of `given like`' })
  return fixtureOf(node, module, project)
}

/** `given like "…" { … }`, where `tool_call: missing` leaves out the tool calls of the other test. */
export function compileChanges(node: FixtureNode, module: Module, project: Project): FixtureTrace {
  const without = node.fields
    .filter(leavesOut)
    .map(({ key }) => key.text)
    .filter(isSpanSubject)
  return { ...(without.length > 0 && { without }), ...fixtureOf(node, module, project) }
}

function leavesOut({ key, value }: FieldNode): boolean {
  return isSpanSubject(key.text) && value.kind === 'path' && value.path === 'missing'
}

function fixtureOf(node: FixtureNode, module: Module, project: Project): FixtureTrace {
  const own = node.fields.filter((field) => !leavesOut(field))
  const fields = compileFields(own, 'trace', module, project)
  const spans: FixtureSpan[] = []
  for (const { subject, fixture } of node.spans) {
    if (!isSpanSubject(subject.text)) {
      if (subject.text !== '')
        module.reporter.report(
          'E0413',
          subject.span,
          `\`${subject.text}\` is no kind of span${didYouMean(subject.text, SPAN_SUBJECTS)}`,
          { label: `one of ${SPAN_SUBJECTS.join(', ')}`, ...renaming(subject.span, subject.text, SPAN_SUBJECTS) },
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
    const attribute = attributeKey(key.text)
    if (attribute !== null) {
      const compiled = attributeValue(value, module, project)
      if (compiled !== null) fields[attribute] = compiled
      continue
    }
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
    ...(elsewhere === undefined && fieldFix(key.span, key.text, subject)),
    notes: elsewhere === undefined && guess === null ? [listFields(subject)] : [],
  })
}

/** `attr("acme.tier")`, however it is spaced; null for any other key. */
function attributeKey(text: string): string | null {
  const name = /^attr\s*\(\s*(".*")\s*\)$/.exec(text)?.[1]
  return name === undefined ? null : `attr("${unescapeText(name)}")`
}

/** An attribute is what was sent: a text, a number or a truth, without a unit. */
function attributeValue(node: ExprNode, module: Module, project: Project): FixtureValue | null {
  if (node.kind === 'path' && node.path === 'missing') return { kind: 'missing' }
  const context: ExprContext = { project, module, subject: null, score: null, aggregate: null, matched: new Set() }
  const { type, expr } = elaborate(node, context)
  if (type.kind === 'unknown') return null
  if (expr.op === 'literal' && ATTRIBUTE_TYPES.has(type.kind))
    return { kind: 'value', type: planType(type), value: expr.value }
  module.reporter.report('E0413', node.span, `this is ${describeType(type)}`, {
    label: 'an attribute is a text, a number, `true` or `false`, as it is sent',
  })
  return null
}

const ATTRIBUTE_TYPES: ReadonlySet<string> = new Set(['string', 'int', 'number', 'bool'])

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
      { label, notes: unitAdvice(wanted, node, typed.type) },
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
