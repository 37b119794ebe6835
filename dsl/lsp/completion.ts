/** What may be written at a place, as an editor offers it. */

import { ATTR_TYPES } from '../elaborate/calls.ts'
import { CONST_TYPES } from '../elaborate/declarations.ts'
import type { Module } from '../module.ts'
import { RECEIVER_NAMES, RECEIVERS } from '../receivers.ts'
import { SPAN_SUBJECTS, SUBJECTS } from '../schema.ts'
import type { Span } from '../source.ts'
import * as t from '../syntax/tokens.ts'
import { type Document, declarationAt, hasClauses, isFirstOnLine, lastBefore } from './document.ts'
import type { Draft, Item } from './item.ts'
import { namesOf, subjectOf } from './names.ts'
import {
  clauses,
  expression,
  fields,
  fixtureFields,
  fixtureValues,
  isInList,
  names,
  operators,
  outcomes,
  spanFields,
  subjects,
  words,
} from './offers.ts'
import { type Place, walk } from './place.ts'
import { type Slot, slotOf } from './slot.ts'
import { declarationSnippets } from './snippets.ts'
import { unitsAt } from './units.ts'

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
      return names(module, slot.scopes ? ['rules', 'scopes'] : ['rules']).map((draft) =>
        slot.colon ? { ...draft, text: `${draft.text}: ` } : draft,
      )
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
      return RECEIVER_NAMES.map((name) => ({
        label: name,
        kind: 'function',
        detail: RECEIVERS[name].example,
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
