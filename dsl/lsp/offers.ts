/** The things that completion offers, by kind. */
import { clauseDoc } from '../clause-docs.ts'
import { CLAUSES, type DeclKind, REPEATABLE } from '../clauses.ts'
import { FUNCTION_DOCS } from '../functions.ts'
import type { Module, NameSpace } from '../module.ts'
import type { Subject } from '../plan.ts'
import { type FieldSchema, fieldOf, fieldsOf, findField, isSubject, SPAN_SUBJECTS, SUBJECTS } from '../schema.ts'
import * as t from '../syntax/tokens.ts'
import { typeName } from './describe.ts'
import { isKey, nameText } from './document.ts'
import type { Draft } from './item.ts'
import { namesOf, subjectOf } from './names.ts'
import { type Place, walk } from './place.ts'
import type { Slot } from './slot.ts'

/** Those that may stand here and do not yet, the required ones first. */
export function clauses(place: Place): Draft[] {
  const { kind } = place.declaration
  const { required, optional } = CLAUSES[kind as DeclKind]
  const written = new Set(clauseKeys(place))
  return [...required, ...optional]
    .filter((key) => REPEATABLE.has(key) || !written.has(key))
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

export function names(module: Module, spaces: readonly NameSpace[]): Draft[] {
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

export function subjects(wanted: readonly Subject[]): Draft[] {
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

export function fields(base: string | null, module: Module): Draft[] {
  const subject = base === null ? null : subjectOf(base, module)
  return subject === null ? [] : fieldsOf(subject).map((field) => fieldDraft(field))
}

export function spanFields(base: string | null, module: Module): Draft[] {
  const own = base === null ? null : subjectOf(base, module)
  return SPAN_SUBJECTS.filter((subject) => subject !== own).flatMap((subject) =>
    fieldsOf(subject).map((field) => fieldDraft(field, `${subject}.`)),
  )
}

export function expression(slot: Extract<Slot, { kind: 'expression' }>, place: Place, module: Module): Draft[] {
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

export function operators(place: Place): Draft[] {
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

export function isInList(place: Place): boolean {
  return place.frames.at(-1)?.open === '[' || place.previous?.tokenType === t.Any
}

export function words(list: readonly string[]): Draft[] {
  return list.map((word) => {
    const text = word.replaceAll('…', '<>')
    return { label: word, kind: 'word', text, snippet: text !== word }
  })
}

export function outcomes(rule: string, module: Module): Draft[] {
  const dot = rule.indexOf('.')
  const decl =
    module.names.rules.get(rule) ??
    module.imports.get(rule.slice(0, Math.max(0, dot)))?.module?.names.rules.get(rule.slice(dot + 1))
  const states = ['firing at <10m>', 'pending at <10m>', 'inactive', 'resolved at <10m>']
  if (decl?.kind === 'alert')
    return states.map((text): Draft => ({ label: text.split(' ')[0] ?? text, kind: 'word', text, snippet: true }))
  return words(['pass', 'fail', 'unknown', 'error', 'none'])
}

export function fixtureFields(subject: string, written: readonly string[]): Draft[] {
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

export function fixtureValues(subject: string, path: string, module: Module): Draft[] {
  const field = isSubject(subject) ? fieldOf(subject, path) : undefined
  if (field === undefined) return []
  return [...enumValues(field), ...names(module, ['consts']), ...(field.optional === null ? [] : words(['missing']))]
}
