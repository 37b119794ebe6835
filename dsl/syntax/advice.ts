/** What to write instead, where the form of a line shows what was meant. */
import type { IToken } from 'chevrotain'
import * as t from './tokens.ts'

const FOR_TEXT: Record<string, string> = {
  not: '`not in` does not exist: write `not (x in […])`',
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
