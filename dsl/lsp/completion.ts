/** What may be written at a place, as an editor offers it. */
import { clauseDoc } from '../clause-docs.ts'
import { CLAUSES, type DeclKind } from '../clauses.ts'
import { ATTR_TYPES } from '../elaborate/calls.ts'
import { CONST_TYPES } from '../elaborate/declarations.ts'
import { FUNCTION_DOCS } from '../functions.ts'
import type { Module, NameSpace } from '../module.ts'
import type { Subject } from '../plan.ts'
import { type FieldSchema, fieldOf, fieldsOf, findField, isSubject, SPAN_SUBJECTS, SUBJECTS } from '../schema.ts'
import type { Span } from '../source.ts'
import * as t from '../syntax/tokens.ts'
import { typeName } from './describe.ts'
import { type Document, declarationAt, hasClauses, isFirstOnLine, isKey, lastBefore, nameText } from './document.ts'
import { namesOf, subjectOf } from './names.ts'
import { type Place, walk } from './place.ts'
import { type Slot, slotOf } from './slot.ts'
import { declarationSnippets } from './snippets.ts'
import { unitsAt } from './units.ts'

export type ItemKind =
  | 'clause'
  | 'field'
  | 'subject'
  | 'function'
  | 'name'
  | 'word'
  | 'snippet'
  | 'value'
  | 'unit'
  | 'file'

export interface Item {
  readonly label: string
  readonly kind: ItemKind
  /** One line beside the label. */
  readonly detail: string
  readonly doc: string
  /** With places to fill in, `<what>`, when `snippet`. */
  readonly text: string
  readonly snippet: boolean
  /** What it replaces. */
  readonly span: Span
  /** Lower ones first. */
  readonly rank: number
}

type Draft = Omit<Item, 'span' | 'rank' | 'doc' | 'detail' | 'snippet'> & Partial<Item>

/** `specifiers`: what imports can name, by the host. */
export function completionsAt(
  document: Document,
  module: Module,
  offset: number,
  specifiers: readonly string[] = [],
): Item[] {
  if (inComment(document, offset)) return []
  const units = unitsAt(document, offset)
  if (units !== null) return units
  const string = stringAt(document, offset)
  const span = string ?? wordAround(document.text, offset)
  const drafts = draftsAt(document, module, span, string !== null, specifiers)
  return drafts.map((draft, index) => ({ detail: '', doc: '', snippet: false, span, rank: index, ...draft }))
}

function inComment(document: Document, offset: number): boolean {
  const index = lastBefore(document.tokens, offset)
  const token = document.tokens[index]
  const from = token === undefined ? 0 : token.startOffset + token.image.length
  if (offset < from) return false
  return document.text.slice(Math.max(from, document.text.lastIndexOf('\n', offset - 1) + 1), offset).includes('#')
}

/** A text in quotes around the place, its quotes included; of one that does not end, up to the place. */
function stringAt(document: Document, offset: number): Span | null {
  const token = document.tokens[lastBefore(document.tokens, offset)]
  if (token === undefined) return null
  const end = token.startOffset + token.image.length
  if (token.tokenType === t.Text && offset < end) return { start: token.startOffset, end }
  return token.tokenType === t.BadText && offset <= end ? { start: token.startOffset, end: offset } : null
}

function wordAround(text: string, offset: number): Span {
  const before = /[A-Za-z_][\w.]*$/.exec(text.slice(Math.max(0, offset - 200), offset))
  const after = /^[\w.]*/.exec(text.slice(offset, offset + 200))
  return { start: offset - (before?.[0].length ?? 0), end: offset + (before === null ? 0 : (after?.[0].length ?? 0)) }
}

function draftsAt(
  document: Document,
  module: Module,
  span: Span,
  quoted: boolean,
  specifiers: readonly string[],
): Draft[] {
  const first = isFirstOnLine(document.text, span.start)
  const declaration = declarationAt(document, span.start)
  if (declaration === null || (declaration.span.start === span.start && first))
    return quoted ? [] : declarations(document)
  const place = walk(declaration, (token) => token.startOffset < span.start)
  if (place.frames.length === 0 && first && isComplete(place)) return quoted ? [] : declarations(document)
  const drafts = slotDrafts(slotOf(place, first), place, module, specifiers)
  return drafts.filter((draft) => draft.text.startsWith('"') === quoted || (!quoted && draft.kind === 'value'))
}

/** A declaration that could end here. */
function isComplete(place: Place): boolean {
  const { previous, declaration } = place
  if (previous === null || previous === declaration.tokens[0]) return false
  if (hasClauses(declaration) || declaration.opening === 'test') return previous.tokenType === t.RCurly
  const slot = slotOf(place, true)
  return slot.kind === 'operator' || slot.kind === 'words' || slot.kind === 'nothing'
}

function declarations(document: Document): Draft[] {
  const once = new Set(document.declarations.map((declaration) => declaration.opening))
  return declarationSnippets()
    .filter(({ label }) => !((label === 'package' || label === 'default') && once.has(label)))
    .map(({ label, doc, text }) => ({ label, kind: 'snippet', doc, text, snippet: true }))
}

function slotDrafts(slot: Slot, place: Place, module: Module, specifiers: readonly string[]): Draft[] {
  switch (slot.kind) {
    case 'clause':
      return clauses(place)
    case 'scope':
      return slot.traces
        ? names(module, ['scopes']).filter((draft) => subjectOf(draft.label, module) === 'trace')
        : [...subjects(SUBJECTS.map((subject) => subject.name)), ...names(module, ['scopes'])]
    case 'rule':
      return names(module, ['rules']).map((draft) => (slot.colon ? { ...draft, text: `${draft.text}: ` } : draft))
    case 'expression':
      return expression(slot, place, module)
    case 'operator':
      return operators(place)
    case 'pattern':
      return [
        ...(isInList(place) ? [] : words(['any']).map((draft) => ({ ...draft, text: 'any [<>]', snippet: true }))),
        ...names(module, ['patterns']),
      ]
    case 'field':
      return [...fields(slot.base, module), ...(slot.spans ? spanFields(slot.base, module) : [])]
    case 'words':
      return words(slot.words)
    case 'receiver':
      return ['slack', 'pagerduty', 'webhook'].map((name) => ({
        label: name,
        kind: 'function',
        text: `${name}("<>")`,
        snippet: true,
      }))
    case 'type':
      return words(Object.keys(place.frames.at(-1)?.head?.image === 'attr' ? ATTR_TYPES : CONST_TYPES))
    case 'duration':
      return [
        ...names(module, ['consts']),
        ...['1m', '10m', '1h', '24h', '7d'].map((text): Draft => ({ label: text, kind: 'unit', text })),
      ]
    case 'template':
      return names(
        module,
        namesOf(module)
          .map(([space]) => space)
          .filter((space) => String(space) === 'templates'),
      )
    case 'statement':
      return [
        {
          label: 'given trace',
          kind: 'snippet',
          text: 'given trace { <> }',
          snippet: true,
          doc: 'A trace, by fields.',
        },
        {
          label: 'given like',
          kind: 'snippet',
          text: 'given like "<test>"',
          snippet: true,
          doc: 'What another test gives, with changes.',
        },
        { label: 'expect', kind: 'snippet', text: 'expect <eval>: <pass>', snippet: true, doc: 'What is to come out.' },
      ]
    case 'given':
      return [
        { label: 'trace', kind: 'snippet', text: 'trace { <> }', snippet: true },
        { label: 'like', kind: 'snippet', text: 'like "<test>"', snippet: true },
        ...names(module, ['rules']),
      ]
    case 'outcome':
      return outcomes(slot.rule, module)
    case 'fixture':
      return [
        ...fixtureFields(slot.subject, slot.written),
        ...(slot.subject === 'trace'
          ? subjects(SPAN_SUBJECTS).map((draft) => ({ ...draft, text: `${draft.text} { <> }`, snippet: true }))
          : []),
      ]
    case 'fixture value':
      return fixtureValues(slot.subject, slot.field, module)
    case 'test name':
      return module.tests.map((test) => ({
        label: test.name.value,
        kind: 'value',
        text: JSON.stringify(test.name.value),
      }))
    case 'specifier':
      return specifiers.map((specifier) => ({ label: specifier, kind: 'file', text: `"${specifier}"` }))
    case 'new name':
    case 'nothing':
      return []
  }
}

/** Those that may stand here and do not yet, the required ones first. */
function clauses(place: Place): Draft[] {
  const { kind } = place.declaration
  const { required, optional } = CLAUSES[kind as DeclKind]
  const written = new Set(clauseKeys(place))
  return [...required, ...optional]
    .filter((key) => !written.has(key))
    .map((key) => {
      const doc = clauseDoc(kind, key)
      const detail = required.includes(key) ? 'required' : 'optional'
      return {
        label: `${key}:`,
        kind: 'clause',
        detail,
        doc: doc?.doc ?? '',
        text: `${key}: ${doc?.snippet ?? '<>'}`,
        snippet: true,
      }
    })
}

function clauseKeys(place: Place): string[] {
  const keys: string[] = []
  walk(place.declaration, (token, at) => {
    if (at.frames.length === 1 && at.frames[0]?.open === '{' && isKey(token)) keys.push(nameText(token))
    return true
  })
  return keys
}

function names(module: Module, spaces: readonly NameSpace[]): Draft[] {
  const found: Draft[] = []
  for (const space of spaces) {
    for (const name of module.names[space].keys())
      found.push({ label: name, kind: 'name', detail: singular(space), text: name })
    for (const [alias, link] of module.imports)
      for (const name of link.module?.names[space].keys() ?? [])
        found.push({
          label: `${alias}.${name}`,
          kind: 'name',
          detail: `${singular(space)} of ${link.decl.specifier.value}`,
          text: `${alias}.${name}`,
        })
  }
  return found
}

function singular(space: string): string {
  return (
    { consts: 'constant', patterns: 'pattern', scopes: 'scope', rules: 'eval or alert' }[space] ??
    space.replace(/s$/, '')
  )
}

function subjects(wanted: readonly Subject[]): Draft[] {
  return SUBJECTS.filter((subject) => wanted.includes(subject.name)).map(({ name, doc }) => ({
    label: name,
    kind: 'subject',
    detail: 'subject',
    doc,
    text: name,
  }))
}

function fieldDraft(field: FieldSchema, prefix = ''): Draft {
  const detail = `${typeName(field.type)}${field.optional === null ? '' : ', may be missing'}`
  const doc = field.optional === null ? field.doc : `${field.doc}\n\nMay be missing: ${field.optional}.`
  return { label: `${prefix}${field.path}`, kind: 'field', detail, doc, text: `${prefix}${field.path}` }
}

function fields(base: string | null, module: Module): Draft[] {
  const subject = base === null ? null : subjectOf(base, module)
  return subject === null ? [] : fieldsOf(subject).map((field) => fieldDraft(field))
}

function spanFields(base: string | null, module: Module): Draft[] {
  const own = base === null ? null : subjectOf(base, module)
  return SPAN_SUBJECTS.filter((subject) => subject !== own).flatMap((subject) =>
    fieldsOf(subject).map((field) => fieldDraft(field, `${subject}.`)),
  )
}

function expression(slot: Extract<Slot, { kind: 'expression' }>, place: Place, module: Module): Draft[] {
  const { base, aggregate, callee } = slot
  const values = comparedValues(place, base, module)
  const verdict = ['passes', 'fails', 'undecided', 'errors'].includes(callee ?? '')
  if (verdict || (callee !== null && !Object.hasOwn(FUNCTION_DOCS, callee))) return names(module, ['rules'])
  if (aggregate === 'value')
    return [
      ...subjects(SPAN_SUBJECTS),
      ...names(module, ['scopes']).filter((draft) => SPAN_SUBJECTS.includes(subjectOf(draft.label, module) as never)),
      ...(base !== null && isSubject(base) ? fieldsOf(base) : []).map((field) => fieldDraft(field, `${base}.`)),
      ...SPAN_SUBJECTS.filter((subject) => subject !== base).flatMap((subject) =>
        fieldsOf(subject).map((field) => fieldDraft(field, `${subject}.`)),
      ),
    ]
  const own = base === null ? null : subjectOf(base, module)
  const score = place.clause !== null && nameText(place.clause) === 'pass' ? words(['score']) : []
  const others = namesOf(module)
    .map(([space]) => space)
    .filter((space) => space !== 'rules' && space !== 'patterns' && space !== 'scopes' && String(space) !== 'templates')
  const trace =
    own !== null && own !== 'trace' && aggregate === null
      ? fieldsOf('trace').map((field) => fieldDraft(field, 'trace.'))
      : []
  return [
    ...values,
    ...score,
    ...fields(base, module),
    ...names(module, others),
    ...Object.keys(FUNCTION_DOCS)
      .filter((name) => aggregate === null || name === 'attr' || name === 'length')
      .flatMap(functionDraft),
    ...trace,
    ...words(['not', 'true', 'false']),
  ]
}

function functionDraft(name: string): Draft[] {
  const doc = FUNCTION_DOCS[name]
  if (doc === undefined) return []
  return [
    { label: name, kind: 'function', detail: doc.usage, doc: doc.doc, text: `${name}(${doc.snippet})`, snippet: true },
  ]
}

/** Behind `status ==` or in `status in [`: what the field can be. */
function comparedValues(place: Place, base: string | null, module: Module): Draft[] {
  const { previous, value } = place
  const compares = previous?.tokenType.CATEGORIES?.includes(t.Comparison) ?? false
  const list = value.findLastIndex((token) => token.tokenType === t.LSquare)
  const left = compares
    ? value.at(-2)
    : place.frames.at(-1)?.open === '[' && value[list - 1]?.tokenType === t.In
      ? value[list - 2]
      : undefined
  if (left === undefined) return []
  const subject = base === null ? null : subjectOf(base, module)
  const dot = left.image.indexOf('.')
  const head = left.image.slice(0, Math.max(0, dot))
  const field =
    (subject === null ? findField(left.image) : fieldOf(subject, left.image)) ??
    (isSubject(head) ? fieldOf(head, left.image.slice(dot + 1)) : undefined)
  return field === undefined ? [] : enumValues(field)
}

function enumValues(field: FieldSchema): Draft[] {
  if (field.type.kind !== 'enum') return []
  return field.type.values.map((value) => ({
    label: `"${value}"`,
    kind: 'value',
    detail: field.path,
    text: `"${value}"`,
  }))
}

function operators(place: Place): Draft[] {
  const scoped = place.frames.at(-1)?.open === '(' && !place.frames.at(-1)?.where ? ['where'] : []
  return words([
    ...scoped,
    'and',
    'or',
    'contains',
    'starts with',
    'matches',
    'matches any',
    'in',
    'is missing',
    'is present',
    'is json',
  ])
}

function isInList(place: Place): boolean {
  return place.frames.at(-1)?.open === '[' || place.previous?.tokenType === t.Any
}

function words(list: readonly string[]): Draft[] {
  return list.map((word) => {
    const text = word.replaceAll('…', '<>')
    return { label: word, kind: 'word', text, snippet: text !== word }
  })
}

function outcomes(rule: string, module: Module): Draft[] {
  const dot = rule.indexOf('.')
  const decl =
    module.names.rules.get(rule) ??
    module.imports.get(rule.slice(0, Math.max(0, dot)))?.module?.names.rules.get(rule.slice(dot + 1))
  const states = ['firing at <10m>', 'pending at <10m>', 'inactive', 'resolved at <10m>']
  if (decl?.kind === 'alert')
    return states.map((text): Draft => ({ label: text.split(' ')[0] ?? text, kind: 'word', text, snippet: true }))
  return words(['pass', 'fail', 'unknown', 'error', 'none'])
}

function fixtureFields(subject: string, written: readonly string[]): Draft[] {
  if (!isSubject(subject)) return []
  return fieldsOf(subject)
    .filter((field) => !written.includes(field.path))
    .map((field) => ({
      ...fieldDraft(field),
      label: `${field.path}:`,
      text: `${field.path}: ${exampleOf(field)}`,
      snippet: true,
    }))
}

function exampleOf(field: FieldSchema): string {
  const { type } = field
  switch (type.kind) {
    case 'duration':
    case 'time':
      return '<1s>'
    case 'money':
      return '<0.01 USD>'
    case 'string':
      return '"<>"'
    case 'enum':
      return `"<${type.values.join('|')}>"`
    case 'documents':
      return '[{ id: "<a>" text: "<>" }]'
    default:
      return '<>'
  }
}

function fixtureValues(subject: string, path: string, module: Module): Draft[] {
  const field = isSubject(subject) ? fieldOf(subject, path) : undefined
  if (field === undefined) return []
  return [...enumValues(field), ...names(module, ['consts']), ...(field.optional === null ? [] : words(['missing']))]
}
