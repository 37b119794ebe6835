/** What to write instead, where the form of a line shows what was meant. */
import type { IToken } from 'chevrotain'
import type { Fix } from '../diagnostics/diagnostic.ts'
import { replacement } from '../machine-fix.ts'
import * as t from './tokens.ts'

const FOR_TEXT: Record<string, string> = {
  not: '`not` stands in front of the whole condition: `not (x in […])`, `not (x contains "…")`',
  '=': 'to compare, write `==`, `<=` or `>=`',
  if: 'conditions follow `where`',
}

const UNITS: Record<string, string> = {
  milliseconds: 'ms',
  millisecond: 'ms',
  millis: 'ms',
  ms: 'ms',
  seconds: 's',
  second: 's',
  secs: 's',
  sec: 's',
  s: 's',
  minutes: 'm',
  minute: 'm',
  mins: 'm',
  min: 'm',
  m: 'm',
  hours: 'h',
  hour: 'h',
  h: 'h',
  days: 'd',
  day: 'd',
  d: 'd',
  weeks: 'w',
  week: 'w',
  w: 'w',
  percent: '%',
  dollars: ' USD',
  usd: ' USD',
}

/** `5 seconds` → `5s`; null where the word is no unit. */
export function numberWithUnit(number: string, word: string): string | null {
  const unit = Object.hasOwn(UNITS, word.toLowerCase()) ? UNITS[word.toLowerCase()] : undefined
  return unit === undefined ? null : `${number}${unit}`
}

/** Where the advice is an edit: a number and its unit, a clause or an expectation without its colon. */
export function editFor(
  token: IToken,
  previous: IToken | undefined,
  next: IToken | undefined,
  leads: boolean,
): Fix | null {
  const end = token.startOffset + token.image.length
  if (previous?.tokenType === t.Int || previous?.tokenType === t.Decimal) {
    const literal = numberWithUnit(previous.image, token.image)
    return literal === null ? null : replacement({ start: previous.startOffset, end }, literal)
  }
  const isWord = token.tokenType.CATEGORIES?.includes(t.Word) ?? false
  if (isWord && previous?.tokenType === t.Expect) return replacement({ start: end, end }, ':', `${token.image}:`)
  if (!isWord || !leads || !(t.KEYS.has(token.image) || OTHER_KEYS.has(token.image))) return null
  const until = next?.tokenType === t.Assign ? next.startOffset + 1 : end
  return replacement({ start: end, end: until }, ':', `${token.image}:`)
}

/** Clauses whose key has no token of its own. */
const OTHER_KEYS: ReadonlySet<string> = new Set(['was', 'labels', 'budget', 'metric', 'proxy', 'false_alarms'])

const ASKED_OF_A_TEXT = new Set<unknown>([t.Contains, t.Starts, t.Matches])

/** `previous`: in front of the unexpected token. `leads`: the unexpected token is the first on its line. */
export function adviceFor(token: IToken, previous: IToken | undefined, leads: boolean): string[] {
  const advice = ofPrevious(token, previous) ?? ofToken(token, leads)
  return advice === null ? [] : [advice]
}

function ofPrevious(token: IToken, previous: IToken | undefined): string | null {
  switch (previous?.tokenType) {
    case t.Int:
    case t.Decimal: {
      const literal = numberWithUnit(previous?.image ?? '', token.image)
      return literal === null ? null : `a number and its unit are one word: \`${literal}\``
    }
    case t.Expect:
      return 'an expectation is written `expect EVAL: fail`'
    case t.KeyJudge:
      return 'a judge is named in quotes, with its provider: "openai/gpt-5-mini"'
    default:
      return null
  }
}

function ofToken(token: IToken, leads: boolean): string | null {
  if (ASKED_OF_A_TEXT.has(token.tokenType)) return `the text stands in front: \`output.text ${usageOf(token)}\``
  if (leads && token.tokenType.CATEGORIES?.includes(t.Word))
    return `a clause is its name and a colon: \`${token.image}:\``
  return Object.hasOwn(FOR_TEXT, token.image) ? (FOR_TEXT[token.image] ?? null) : null
}

function usageOf(token: IToken): string {
  if (token.tokenType === t.Matches) return 'matches /…/'
  return token.tokenType === t.Starts ? 'starts with "…"' : 'contains "…"'
}
