/** What a word stands for: the declaration behind a name, here or behind an import; or a field, subject, function, clause. */
import type { IToken } from 'chevrotain'
import { type ClauseDoc, clauseDoc } from '../clause-docs.ts'
import { FUNCTION_DOCS } from '../functions.ts'
import type { ImportLink, Module, NameSpace } from '../module.ts'
import type { Subject } from '../plan.ts'
import { type FieldSchema, fieldOf, findField, isSubject, SUBJECTS, type SubjectSchema } from '../schema.ts'
import type { Span } from '../source.ts'
import type { DeclNode } from '../syntax/ast.ts'
import * as t from '../syntax/tokens.ts'
import { type Declaration, type Document, hasClauses, isKey, isWord, nameSpan, nameText } from './document.ts'
import { type Place, walk } from './place.ts'
import { type Slot, slotOf } from './slot.ts'

/** A declaration by its name. One that is spelt the same in two name spaces is two. */
export interface Target {
  readonly path: string
  /** A name space, or what has none: imports and tests, whose names hold in their file alone. */
  readonly space: NameSpace | 'import' | 'test'
  readonly name: string
  /** Of the name where it is declared. */
  readonly span: Span
}

export type Meaning =
  | { kind: 'declared'; target: Target; span: Span; declares: boolean }
  | { kind: 'field'; field: FieldSchema; subject: Subject | null; span: Span }
  | { kind: 'subject'; subject: SubjectSchema; span: Span }
  | { kind: 'function'; name: string; span: Span }
  | { kind: 'clause'; key: string; owner: string; doc: ClauseDoc; span: Span }
  | { kind: 'file'; specifier: string; span: Span }
  | { kind: 'score'; declaration: Declaration; span: Span }

/** What each word of a file means, in order; words of the language's own mean nothing. */
export function* meaningsIn(document: Document, module: Module): Generator<Meaning> {
  for (const declaration of document.declarations) yield* meaningsOf(declaration, module)
}

export function meaningsOf(declaration: Declaration, module: Module): Meaning[] {
  const found: Meaning[] = []
  let index = 0
  walk(declaration, (token, place) => {
    const next = declaration.tokens[++index]
    found.push(...meaningsOfToken(token, next, place, module))
    return true
  })
  return found
}

function meaningsOfToken(token: IToken, next: IToken | undefined, place: Place, module: Module): Meaning[] {
  const { declaration } = place
  const span = nameSpan(token)
  if (token === declaration.name) return declaredBy(declaration, token, module)
  if (token.tokenType === t.Text) return textMeaning(token, place, module)
  if (isKey(token)) return keyMeaning(token, place, module)
  if (!isWord(token)) return []
  return wordMeaning(token.image, span, next, slotOf(place, false), place, module)
}

/** The name of a declaration, which a wrong one (twice, with dots) does not have. */
function declaredBy(declaration: Declaration, token: IToken, module: Module): Meaning[] {
  const span = nameSpan(token)
  const name = nameText(token)
  if (declaration.opening === 'import') {
    const target = importTarget(module, name)
    return target === null ? [] : [{ kind: 'declared', target, span, declares: target.span.start === span.start }]
  }
  if (declaration.opening === 'test') {
    const test = module.tests.find((one) => one.name.span.start === token.startOffset)
    const inner = { start: span.start + 1, end: span.end - 1 }
    const target: Target = { path: module.path, space: 'test', name: test?.name.value ?? '', span: inner }
    return test === undefined ? [] : [{ kind: 'declared', target, span: inner, declares: true }]
  }
  for (const [space, names] of namesOf(module)) {
    const decl = names.get(name)
    if (decl?.name.span.start !== span.start) continue
    const target: Target = { path: module.path, space, name, span: decl.name.span }
    return [{ kind: 'declared', target, span, declares: true }]
  }
  return []
}

function importTarget(module: Module, alias: string): Target | null {
  const link = module.imports.get(alias)
  return link === undefined ? null : { path: module.path, space: 'import', name: alias, span: link.decl.alias.span }
}

type NamedDecl = Extract<DeclNode, { name: { text: string } }> & { name: { span: Span } }

/** All name spaces, whichever there are. */
export function namesOf(module: Module): [NameSpace, ReadonlyMap<string, NamedDecl>][] {
  return Object.entries(module.names) as [NameSpace, ReadonlyMap<string, NamedDecl>][]
}

function textMeaning(token: IToken, place: Place, module: Module): Meaning[] {
  const slot = slotOf(place, false)
  const span = { start: token.startOffset + 1, end: token.startOffset + token.image.length - 1 }
  if (slot.kind === 'specifier') return [{ kind: 'file', specifier: token.image.slice(1, -1), span }]
  if (slot.kind !== 'test name') return []
  const test = module.tests.find((one) => source(module, one.name.span) === token.image)
  if (test === undefined) return []
  const at = { start: test.name.span.start + 1, end: test.name.span.end - 1 }
  const target: Target = { path: module.path, space: 'test', name: test.name.value, span: at }
  return [{ kind: 'declared', target, span, declares: false }]
}

function source(module: Module, span: Span): string {
  return module.reporter.source.text.slice(span.start, span.end)
}

function keyMeaning(token: IToken, place: Place, module: Module): Meaning[] {
  const { declaration, frames } = place
  const span = nameSpan(token)
  const key = nameText(token)
  if (declaration.opening === 'test') {
    const slot = slotOf(place, false)
    if (slot.kind === 'rule' || slot.kind === 'given') return resolved(key, span, ['rules'], module)
    if (slot.kind !== 'fixture' || !isSubject(slot.subject)) return []
    const field = fieldOf(slot.subject, key)
    return field === undefined ? [] : [{ kind: 'field', field, subject: slot.subject, span }]
  }
  const doc = clauseDoc(declaration.kind, key)
  if (doc === null || !hasClauses(declaration) || frames.length !== 1) return []
  return [{ kind: 'clause', key, owner: declaration.kind, doc, span }]
}

function wordMeaning(
  text: string,
  span: Span,
  next: IToken | undefined,
  slot: Slot,
  place: Place,
  module: Module,
): Meaning[] {
  switch (slot.kind) {
    case 'scope':
      return subjectMeaning(text, span) ?? resolved(text, span, ['scopes'], module)
    case 'rule':
      return (slot.scopes ? subjectMeaning(text, span) : null) ?? resolved(text, span, ['rules'], module)
    case 'given':
      return resolved(text, span, ['rules'], module)
    case 'pattern':
      return resolved(text, span, ['patterns'], module)
    case 'template':
      return resolved(text, span, [], module)
    case 'field':
      return fieldMeaning(text, span, slot.base, module) ?? resolved(text, span, [], module)
    case 'fixture':
      return subjectMeaning(text, span) ?? []
    case 'fixture value':
      return text === 'missing' ? [] : resolved(text, span, ['consts'], module)
    case 'expression':
      return expressionMeaning(text, span, next, slot, place, module)
    default:
      return []
  }
}

function expressionMeaning(
  text: string,
  span: Span,
  next: IToken | undefined,
  slot: Extract<Slot, { kind: 'expression' }>,
  place: Place,
  module: Module,
): Meaning[] {
  const called = next?.tokenType === t.LParen
  if (called && Object.hasOwn(FUNCTION_DOCS, text)) return [{ kind: 'function', name: text, span }]
  if (text === 'score') return [{ kind: 'score', declaration: place.declaration, span }]
  const spaces: NameSpace[] =
    called || (slot.callee !== null && !isExpressionCall(slot.callee)) ? ['rules'] : ['consts']
  const named = findNamed(text, span, spaces, module)
  if (named !== null) return named
  if (slot.aggregate === 'value' && slot.callee !== null && isScopeName(text, module))
    return resolved(text, span, ['scopes'], module)
  return fieldMeaning(text, span, slot.base, module) ?? subjectMeaning(text, span) ?? resolved(text, span, [], module)
}

/** Its arguments are values, not names of evals. */
function isExpressionCall(callee: string): boolean {
  return Object.hasOwn(FUNCTION_DOCS, callee) && !['passes', 'fails', 'undecided', 'errors'].includes(callee)
}

function isScopeName(text: string, module: Module): boolean {
  return module.names.scopes.has(text)
}

function subjectMeaning(text: string, span: Span): Meaning[] | null {
  const subject = SUBJECTS.find((one) => one.name === text)
  return subject === undefined ? null : [{ kind: 'subject', subject, span }]
}

/** `output.text` of the subject at hand; `llm_call.cost`, `trace.agent.name`. */
function fieldMeaning(text: string, span: Span, base: string | null, module: Module): Meaning[] | null {
  const subject = base === null ? null : subjectOf(base, module)
  const own = subject === null ? undefined : fieldOf(subject, text)
  if (own !== undefined) return [{ kind: 'field', field: own, subject, span }]
  const dot = text.indexOf('.')
  const head = dot < 0 ? '' : text.slice(0, dot)
  if (isSubject(head)) {
    const field = fieldOf(head, text.slice(dot + 1))
    const inner = { start: span.start + dot + 1, end: span.end }
    const before = subjectMeaning(head, { start: span.start, end: span.start + dot }) ?? []
    return field === undefined ? before : [...before, { kind: 'field', field, subject: head, span: inner }]
  }
  // In a broken file nobody knows the subject; a field is told by its name all the same.
  const any = findField(text)
  return any === undefined || subject !== null ? null : [{ kind: 'field', field: any, subject: null, span }]
}

/** A name in one of `spaces`, else in any other; both parts of `alias.name`. */
function resolved(text: string, span: Span, spaces: readonly NameSpace[], module: Module): Meaning[] {
  const others = namesOf(module).map(([space]) => space)
  return findNamed(text, span, [...spaces, ...others], module) ?? aliasAlone(text, span, module) ?? []
}

function findNamed(text: string, span: Span, spaces: readonly NameSpace[], module: Module): Meaning[] | null {
  const dot = text.indexOf('.')
  for (const space of spaces) {
    const own = module.names[space].get(text)
    if (own !== undefined) return [declared(module, space, text, own.name.span, span)]
  }
  const link = dot < 0 ? undefined : module.imports.get(text.slice(0, dot))
  if (link?.module == null) return null
  const name = text.slice(dot + 1)
  for (const space of spaces) {
    const decl = link.module.names[space].get(name)
    if (decl === undefined) continue
    const inner = { start: span.start + dot + 1, end: span.end }
    return [
      ...aliasMeaning(link, module, { start: span.start, end: span.start + dot }),
      declared(link.module, space, name, decl.name.span, inner),
    ]
  }
  return null
}

function aliasAlone(text: string, span: Span, module: Module): Meaning[] | null {
  const dot = text.indexOf('.')
  const alias = dot < 0 ? text : text.slice(0, dot)
  const link = module.imports.get(alias)
  return link === undefined ? null : aliasMeaning(link, module, { start: span.start, end: span.start + alias.length })
}

function aliasMeaning(link: ImportLink, module: Module, span: Span): Meaning[] {
  const { text, span: at } = link.decl.alias
  return [
    { kind: 'declared', target: { path: module.path, space: 'import', name: text, span: at }, span, declares: false },
  ]
}

function declared(home: Module, space: NameSpace, name: string, at: Span, span: Span): Meaning {
  return { kind: 'declared', target: { path: home.path, space, name, span: at }, span, declares: false }
}

/** The subject that a subject or scope is of, followed through scopes and imports; null when it leads nowhere. */
export function subjectOf(base: string, module: Module): Subject | null {
  let home = module
  let name = base
  // Scopes may go round in a circle, which the checker tells of.
  for (let step = 0; step < 100; step++) {
    if (isSubject(name)) return name
    const own = home.names.scopes.get(name)
    const dot = name.indexOf('.')
    const link = own === undefined && dot >= 0 ? home.imports.get(name.slice(0, dot)) : undefined
    const decl = own ?? link?.module?.names.scopes.get(name.slice(dot + 1))
    if (decl === undefined) return null
    if (own === undefined && link?.module != null) home = link.module
    name = decl.scope.base.text
  }
  return null
}

/** What stands at a place; null: nothing that means anything. */
export function meaningAt(document: Document, module: Module, offset: number): Meaning | null {
  for (const declaration of document.declarations) {
    if (declaration.span.start > offset) break
    if (declaration.span.end < offset) continue
    const hits = meaningsOf(declaration, module).filter(({ span }) => span.start <= offset && offset <= span.end)
    // Between two parts of a dotted name the second begins where a cursor is more likely meant.
    const hit = hits.at(-1)
    if (hit !== undefined) return hit
  }
  return null
}

export function sameTarget(a: Target, b: Target): boolean {
  return a.path === b.path && a.space === b.space && a.name === b.name
}
