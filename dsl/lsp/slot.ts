/** What may be written at a place: the one answer on which completion, hover and navigation rest. */
import type { IToken } from 'chevrotain'
import { RATES, STATISTICS } from '../alert-measure.ts'
import { clauseDoc } from '../clause-docs.ts'
import { SCORECARD_FUNCTIONS } from '../compile-scorecard.ts'
import { AGGREGATES, VERDICTS } from '../elaborate/calls.ts'
import * as t from '../syntax/tokens.ts'
import { type Declaration, hasClauses, isKey, isLiteral, isWord, nameText } from './document.ts'
import { type Frame, type Place, walk } from './place.ts'

export type Slot =
  | { kind: 'nothing' }
  | { kind: 'new name' }
  | { kind: 'clause' }
  /** A subject or scope; `traces`: behind `in`, a scope of traces. */
  | { kind: 'scope'; traces: boolean }
  /** An eval or alert; `colon`: as a key, in a test; `scopes`: or a scope. */
  | { kind: 'rule'; colon: boolean; scopes: boolean }
  /** `base` is the subject or scope whose fields can be read, as written. */
  | { kind: 'expression'; base: string | null; aggregate: 'value' | 'where' | null; callee: string | null }
  | { kind: 'operator'; base: string | null }
  | { kind: 'pattern' }
  /** Fields; `spans`: also those of the trace's spans. */
  | { kind: 'field'; base: string | null; spans: boolean }
  | { kind: 'words'; words: readonly string[] }
  | { kind: 'receiver' }
  | { kind: 'type' }
  | { kind: 'duration' }
  | { kind: 'template' }
  | { kind: 'statement' }
  | { kind: 'given' }
  | { kind: 'outcome'; rule: string }
  | { kind: 'fixture'; subject: string; written: readonly string[] }
  | { kind: 'fixture value'; subject: string; field: string }
  | { kind: 'test name' }
  | { kind: 'specifier' }

const NOTHING: Slot = { kind: 'nothing' }
const VERDICT_WORDS: readonly string[] = Object.values(VERDICTS)

/** `firstOnLine`: the word that is asked of begins a line, so that it may begin a clause as well as go on with a value. */
export function slotOf(place: Place, firstOnLine: boolean): Slot {
  const { declaration, previous } = place
  if (previous === null) return NOTHING
  switch (declaration.opening) {
    case 'package':
      return previous.tokenType === t.Package ? { kind: 'new name' } : NOTHING
    case 'import':
      if (previous.tokenType === t.Import) return { kind: 'new name' }
      return previous.tokenType === t.From ? { kind: 'specifier' } : { kind: 'words', words: ['from'] }
    case 'pattern':
      if (previous.tokenType === t.Check) return { kind: 'words', words: ['luhn', 'iban'] }
      return previous.tokenType === t.Pattern
        ? { kind: 'new name' }
        : { kind: 'words', words: isLiteral(previous) ? ['check'] : [] }
    case 'const':
      if (previous.tokenType === t.Const) return { kind: 'new name' }
      return isKey(previous) ? { kind: 'type' } : expressionSlot(place, null)
    case 'default':
      if (previous.tokenType === t.Default) return { kind: 'words', words: ['missing:'] }
      return { kind: 'words', words: clauseDoc('', 'missing')?.words ?? [] }
    case 'scope':
      return previous.tokenType === t.Scope ? { kind: 'new name' } : scopeSlot(place, baseOf(declaration))
    case 'test':
      return testSlot(place)
    default:
      return hasClauses(declaration) ? blockSlot(place, firstOnLine) : otherSlot(place)
  }
}

/** Declarations that have a name and a value. */
function otherSlot(place: Place): Slot {
  return place.previous === place.declaration.tokens[0]
    ? { kind: 'new name' }
    : expressionSlot(place, baseOf(place.declaration))
}

function blockSlot(place: Place, firstOnLine: boolean): Slot {
  const { declaration, previous, frames } = place
  const { name, tokens } = declaration
  if (frames[0]?.open !== '{') return headerSlot(place)
  if (place.clause === null) return { kind: 'clause' }
  const goesOn = previous === place.clause || !endsValue(previous)
  if (frames.length === 1 && !goesOn && firstOnLine) return { kind: 'clause' }
  if (name === null && tokens.length === 0) return NOTHING
  return clauseSlot(place)
}

/** Before the block: `online eval name`, `= template(…)`, and a template's parameters. */
function headerSlot(place: Place): Slot {
  const { declaration, previous, frames } = place
  const { name, tokens } = declaration
  const assigned = tokens.some((token) => token.tokenType === t.Assign && token.startOffset < at(previous))
  const frame = frames.at(-1)
  if (frame !== undefined && previous !== null) {
    if (isKey(previous)) {
      const key = nameText(previous)
      if (declaration.template) return { kind: 'type' }
      return clauseDoc(declaration.kind, key)?.form === 'scope'
        ? { kind: 'scope', traces: false }
        : expressionSlot(place, null)
    }
    return expressionSlot(place, null)
  }
  if (previous?.tokenType === t.Assign || assigned) return { kind: 'template' }
  if (previous === name) return NOTHING
  if (previous?.tokenType === t.Template) return { kind: 'words', words: ['online eval', 'offline eval', 'alert'] }
  if (previous?.tokenType === t.Online || previous?.tokenType === t.Offline) return { kind: 'words', words: ['eval'] }
  return { kind: 'new name' }
}

function at(token: IToken | null): number {
  return token === null ? 0 : token.startOffset + 1
}

function clauseSlot(place: Place): Slot {
  const { declaration, previous } = place
  const key = place.clause === null ? '' : nameText(place.clause)
  const doc = clauseDoc(declaration.kind, key)
  const base = baseOf(declaration)
  const begins = previous === place.clause
  switch (doc?.form) {
    case 'scope':
      return scopeSlot(place, base)
    case 'sample':
      return sampleSlot(place, base)
    case 'rule':
      if (begins) return { kind: 'rule', colon: false, scopes: true }
      return previous?.tokenType === t.By || place.value.some((token) => token.tokenType === t.By)
        ? { kind: 'field', base: null, spans: false }
        : { kind: 'words', words: ['by'] }
    case 'fields':
      return begins || previous?.tokenType === t.Comma ? { kind: 'field', base, spans: key === 'show' } : NOTHING
    case 'words':
      return { kind: 'words', words: begins ? (doc.words ?? []) : [] }
    case 'policy':
      if (begins) return { kind: 'words', words: doc.words ?? [] }
      return previous?.tokenType === t.After ? { kind: 'duration' } : { kind: 'words', words: ['because', 'after'] }
    case 'schedule':
      return scheduleSlot(previous, begins, doc.words ?? [])
    case 'receivers':
      return begins || previous?.tokenType === t.Comma ? { kind: 'receiver' } : NOTHING
    case 'duration':
      return begins ? { kind: 'duration' } : NOTHING
    case 'when':
      return whenSlot(place, begins)
    case 'row':
      return rowSlot(place, begins)
    case 'judge':
      return { kind: 'words', words: begins || previous?.tokenType === t.Or ? ['else'] : ['or else', 'take mean'] }
    case 'text':
      return NOTHING
    default:
      return expressionSlot(place, base)
  }
}

function scheduleSlot(previous: IToken | null, begins: boolean, words: readonly string[]): Slot {
  if (begins) return { kind: 'words', words }
  if (previous !== null && isWord(previous)) return { kind: 'words', words: ['at', 'in'] }
  return { kind: 'words', words: ['in'] }
}

function scopeSlot(place: Place, base: string | null): Slot {
  const { previous, value } = place
  if (place.where) return expressionSlot(place, base)
  if (value.length === 0) return { kind: 'scope', traces: false }
  if (previous?.tokenType === t.In) return { kind: 'scope', traces: true }
  if (value.some((token) => token.tokenType === t.By)) return { kind: 'field', base, spans: false }
  return { kind: 'words', words: ['in', 'where', 'by'] }
}

function sampleSlot(place: Place, base: string | null): Slot {
  const { previous, value } = place
  if (value.length === 0) return { kind: 'words', words: ['all'] }
  if (previous?.tokenType === t.Of) return { kind: 'scope', traces: false }
  if (previous?.tokenType === t.In) return { kind: 'scope', traces: true }
  if (previous?.tokenType === t.Over) return { kind: 'duration' }
  if (value.some((token) => token.tokenType === t.By)) return { kind: 'field', base, spans: false }
  if (value.some((token) => token.tokenType === t.Over))
    return { kind: 'words', words: previous?.tokenType === t.Comma ? ['half flagged'] : [', half flagged', 'by'] }
  if (place.where) return expressionSlot(place, base)
  if (value.length === 1) return { kind: 'words', words: ['of'] }
  return { kind: 'words', words: ['in', 'where', 'over', 'by'] }
}

function whenSlot(place: Place, begins: boolean): Slot {
  const { previous } = place
  const call = callFrame(place.frames)
  if (call !== null) return { kind: 'words', words: [...VERDICT_WORDS, 'score'] }
  if (begins) return { kind: 'words', words: MEASURES }
  if (previous?.tokenType === t.Over || previous?.tokenType === t.Vs) return { kind: 'duration' }
  const compares = previous?.tokenType.CATEGORIES?.includes(t.Comparison) || previous?.tokenType === t.By
  return { kind: 'words', words: compares ? [] : ['regresses by', 'rises by', 'falls by', 'over', 'vs'] }
}

const MEASURES: readonly string[] = ['count(…)', 'rate(…)', ...RATES, ...STATISTICS.map((name) => `${name}(score)`)]

function rowSlot(place: Place, begins: boolean): Slot {
  const { previous, value } = place
  if (callFrame(place.frames) !== null) return { kind: 'rule', colon: false, scopes: false }
  if (value.some((token) => token.tokenType === t.By)) return { kind: 'field', base: 'trace', spans: false }
  if (!begins && previous?.tokenType !== t.Comma) return { kind: 'words', words: ['by'] }
  return { kind: 'words', words: SCORECARD_FUNCTIONS.map((name) => `${name}(…)`) }
}

function expressionSlot(place: Place, base: string | null): Slot {
  const { previous } = place
  const frame = place.frames.at(-1)
  if (isPatternPlace(place, frame)) return { kind: 'pattern' }
  const call = callFrame(place.frames)
  const callee = call?.head?.image ?? null
  if (call === null && previous !== null && endsValue(previous) && !opensValue(previous))
    return { kind: 'operator', base }
  if (callee === 'attr' && call?.commas === 1) return { kind: 'type' }
  const over = [...place.frames].reverse().find((outer) => outer.open === '(' && looksAtSpans(outer.head?.image))
  if (over === undefined) {
    if (call !== null && endsValue(previous)) return { kind: 'operator', base }
    return { kind: 'expression', base, aggregate: null, callee }
  }
  const subject = over.first === null ? null : (over.first.image.split('.')[0] ?? null)
  if (over.where) {
    return endsValue(previous)
      ? { kind: 'operator', base: subject }
      : { kind: 'expression', base: subject, aggregate: 'where', callee: call === over ? null : callee }
  }
  if (endsValue(previous)) return { kind: 'operator', base: subject }
  return { kind: 'expression', base: subject, aggregate: 'value', callee }
}

function looksAtSpans(name: string | undefined): boolean {
  return (
    name !== undefined && ((AGGREGATES as readonly string[]).includes(name) || name === 'before' || name === 'repeats')
  )
}

function callFrame(frames: readonly Frame[]): Frame | null {
  const frame = frames.findLast((one) => one.open === '(')
  return frame?.head == null ? null : frame
}

/** Behind `matches`, and in the list behind `matches any`. */
function isPatternPlace(place: Place, frame: Frame | undefined): boolean {
  const { previous, value } = place
  if (previous?.tokenType === t.Matches) return true
  const [third, second] = value.slice(-2)
  if (previous?.tokenType === t.Any && third?.tokenType === t.Matches && second?.tokenType === t.Any) return true
  if (frame?.open !== '[') return false
  const open = value.findLastIndex((token) => token.tokenType === t.LSquare)
  const before = value[open - 1]
  return before?.tokenType === t.Matches || (before?.tokenType === t.Any && value[open - 2]?.tokenType === t.Matches)
}

function testSlot(place: Place): Slot {
  const { previous, frames, statement } = place
  if (frames.length === 0) return NOTHING
  const frame = frames.at(-1)
  if (frames.length >= 2 && frame !== undefined) return fixtureSlot(place, frame)
  if (statement === null || previous?.tokenType === t.LCurly) return { kind: 'statement' }
  const head = place.statementHead
  if (statement.tokenType === t.Expect) {
    if (head === null) return { kind: 'rule', colon: true, scopes: false }
    if (previous === head) return { kind: 'outcome', rule: nameText(head) }
    if (previous?.tokenType === t.Because) return { kind: 'field', base: 'trace', spans: true }
    if (previous?.tokenType === t.At) return { kind: 'duration' }
    return { kind: 'statement' }
  }
  if (head === null) return { kind: 'given' }
  if (previous?.tokenType === t.Like) return { kind: 'test name' }
  if (previous?.tokenType === t.Each) return { kind: 'duration' }
  if (isKey(head) && (previous === head || previous?.tokenType === t.Comma))
    return { kind: 'words', words: VERDICT_WORDS }
  if (previous?.tokenType === t.Returns) return { kind: 'words', words: ['abstain', 'error'] }
  if (previous?.tokenType === t.Judge) return { kind: 'words', words: ['returns'] }
  if (previous === head && isWord(head) && head.tokenType !== t.Trace)
    return { kind: 'words', words: ['judge returns'] }
  return { kind: 'statement' }
}

function fixtureSlot(place: Place, frame: Frame): Slot {
  const { previous } = place
  if (frame.open === '[') return NOTHING
  const inList = place.frames.at(-2)?.open === '['
  const written = frame.keys
  if (inList)
    return previous !== null && isKey(previous) ? NOTHING : { kind: 'words', words: ['id:', 'text:', 'score:'] }
  const head = frame.head
  const subject = head === null || head.tokenType === t.Like || isLiteral(head) ? 'trace' : nameText(head)
  if (previous !== null && isKey(previous)) return { kind: 'fixture value', subject, field: nameText(previous) }
  return { kind: 'fixture', subject, written }
}

/** What follows is not its rest, unless an operator stands between. */
function endsValue(token: IToken | null): boolean {
  if (token === null) return false
  const type = token.tokenType
  return isLiteral(token) || type === t.RParen || type === t.RSquare || (isWord(token) && type !== t.With)
}

/** Words that are free names elsewhere and go on here. */
function opensValue(token: IToken): boolean {
  return [t.Over, t.By, t.Because, t.After, t.Else, t.To, t.Of].includes(token.tokenType)
}

const bases = new WeakMap<Declaration, { base: string | null }>()

/** The subject or scope that a declaration looks at, as written; null when it does not say. */
export function baseOf(declaration: Declaration): string | null {
  const known = bases.get(declaration)
  if (known !== undefined) return known.base
  const base = findBase(declaration)
  bases.set(declaration, { base })
  return base
}

function findBase(declaration: Declaration): string | null {
  let base: string | null = null
  let sampled = false
  walk(declaration, (token, place) => {
    if (!isWord(token)) return true
    const key = place.clause === null ? null : nameText(place.clause)
    const first = place.value.length === 0 && place.previous !== null
    if (declaration.opening === 'scope' && first && place.previous?.tokenType === t.Assign) base ??= token.image
    if (key === 'on' && first) base ??= token.image
    if (key === 'sample' && place.previous?.tokenType === t.Of && !sampled) {
      base ??= token.image
      sampled = true
    }
    return true
  })
  return base
}
