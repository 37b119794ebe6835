/** Tokens that are none: unterminated texts, numbers with a wrong unit, marks of other languages. */
import type { IToken } from 'chevrotain'
import type { Code } from '../diagnostics/codes.ts'
import type { Details, Fix } from '../diagnostics/diagnostic.ts'
import type { Reporter } from '../diagnostics/reporter.ts'
import { replacement } from '../machine-fix.ts'
import type { Span } from '../source.ts'
import { numberWithUnit } from './advice.ts'
import { spanOf } from './grammar-base.ts'
import { badEscape } from './text.ts'
import * as t from './tokens.ts'

const WORDS_FOR: Record<string, { token: typeof t.And; word: string }> = {
  '&&': { token: t.And, word: 'and' },
  '||': { token: t.Or, word: 'or' },
  '!': { token: t.Not, word: 'not' },
}

interface TokenProblem {
  code: Code
  span: Span
  message: string
  details: Details
}

/**
 * Tells of what is wrong, and gives on what the grammar can read: `&&` as `and`, other foreign marks not at all. Null when there
 * are so many errors that this is no file to read.
 */
export function checkTokens(tokens: readonly IToken[], reporter: Reporter, maxErrors: number): IToken[] | null {
  const readable: IToken[] = []
  for (const token of tokens) {
    if (reporter.diagnostics.length >= maxErrors) {
      const message = `more than ${maxErrors} errors: the rest of the file was not read`
      reporter.report('E0017', spanOf(token), message, { label: 'from here on' })
      return null
    }
    const problem = tokenProblem(token, reporter.source.text)
    if (problem !== null) reporter.report(problem.code, problem.span, problem.message, problem.details)
    if (token.tokenType !== t.Foreign) readable.push(token)
    else {
      const meant = WORDS_FOR[token.image]
      if (meant === undefined) continue
      const { token: tokenType, word } = meant
      const endOffset = token.startOffset + token.image.length - 1
      readable.push({ ...token, image: word, endOffset, tokenType, tokenTypeIdx: tokenType.tokenTypeIdx as number })
    }
  }
  return readable
}

const UNITS = 'units: `500ms 9.2s 10m 24h 7d 1w`, `95%`, `3pp`, `0.25 USD`; a time has two-digit hours: `06:00`'

function tokenProblem(token: IToken, text: string): TokenProblem | null {
  switch (token.tokenType) {
    case t.Text:
      return escapeProblem(token)
    case t.BadText: {
      const details = { label: 'ends with its line', notes: ['a text of several lines stands in `"""`'] }
      return { code: 'E0005', span: spanOf(token), message: 'this text has no closing `"`', details }
    }
    case t.BadTextBlock: {
      const span = { start: token.startOffset, end: token.startOffset + 3 }
      return { code: 'E0006', span, message: 'this text block has no closing `"""`', details: { label: 'opened here' } }
    }
    case t.SingleQuoted:
      return singleQuoted(token)
    case t.BadRegex: {
      const comment = token.image.startsWith('//') ? { fix: replacement(startOf(token, 2), '#') } : {}
      const details = { label: 'ends with its line', notes: [regexAdvice(token.image)], ...comment }
      return { code: 'E0008', span: spanOf(token), message: 'this regex has no closing `/`', details }
    }
    case t.BadNumber: {
      const details = { label: 'no such literal', notes: [UNITS], ...unitFix(token) }
      return { code: 'E0007', span: spanOf(token), message: `\`${token.image.slice(0, 40)}\` is not a number`, details }
    }
    case t.Foreign:
      return foreign(token, text)
    default:
      return null
  }
}

function startOf(token: IToken, length: number): Span {
  return { start: token.startOffset, end: token.startOffset + length }
}

/** `8sec` is `8s`. */
function unitFix(token: IToken): { fix?: Fix } {
  const parts = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(token.image)
  const literal = parts === null ? null : numberWithUnit(parts[1] ?? '', parts[2] ?? '')
  return literal === null ? {} : { fix: replacement(spanOf(token), literal) }
}

function regexAdvice(image: string): string {
  if (image.startsWith('//')) return 'a comment begins with `#`'
  // A slash inside of a class ends nothing.
  const closed = image.replaceAll(/\\[\s\S]|\[\^?\]?(?:\\.|[^\]\\])*\]/g, '')
  return closed.includes('[') ? 'its class `[` is not closed by `]`' : 'a `/` inside is written `\\/`'
}

function escapeProblem(token: IToken): TokenProblem | null {
  const at = badEscape(token.image)
  if (at < 0) return null
  const start = token.startOffset + at
  const message = `\`${token.image.slice(at, at + 2)}\` is no escape in a text`
  return {
    code: 'E0013',
    span: { start, end: start + 2 },
    message,
    details: { label: 'known are \\n \\t \\r \\" \\\\', ...needlessEscape(token.image[at + 1] ?? '', start) },
  }
}

/** `\/` and `\'` are escapes elsewhere, of what needs none here. */
function needlessEscape(letter: string, start: number): { fix?: Fix } {
  return "/'".includes(letter) ? { fix: replacement({ start, end: start + 2 }, letter) } : {}
}

function singleQuoted(token: IToken): TokenProblem {
  const span = spanOf(token)
  const text = `"${token.image.slice(1, -1).replaceAll('"', '\\"')}"`
  return { code: 'E0014', span, message: 'texts stand in double quotes', details: { fix: replacement(span, text) } }
}

const FOREIGN: Record<string, string> = {
  $: 'an amount has its currency behind it: `0.25 USD`',
  '€': 'an amount has its currency behind it: `0.25 EUR`',
  ':': 'a time has two-digit hours, `06:00`; the colon of a clause follows its name at once, `pass:`',
  ';': 'a clause ends where the next begins: nothing stands between them',
  '%': 'a percentage is one word: `95%`',
  '~': 'a pattern is asked for by a word: `output.text matches /…/`',
}

function foreign(token: IToken, source: string): TokenProblem {
  const span = spanOf(token)
  const word = WORDS_FOR[token.image]?.word
  if (word === undefined) {
    const message = `${visible(token.image)} means nothing here`
    const advice = Object.hasOwn(FOREIGN, token.image) ? FOREIGN[token.image] : undefined
    const notes = advice === undefined ? [] : [advice]
    const details = { label: 'not part of the language', notes, ...foreignFix(token, source) }
    return { code: 'E0009', span, message, details }
  }
  const message = `\`${token.image}\` is written \`${word}\``
  if (token.image === '!' && followsOperand(source.slice(0, span.start)))
    return { code: 'E0009', span, message, details: { notes: [NOT_IN_FRONT] } }
  return { code: 'E0009', span, message, details: { fix: replacement(span, apart(word, span, source), word) } }
}

/** With blanks only where none are yet. */
function apart(word: string, { start, end }: Span, source: string): string {
  const before = /[\s([]/.test(source.charAt(start - 1)) ? '' : ' '
  const after = /\s/.test(source.charAt(end)) ? '' : ' '
  return `${before}${word}${after}`
}

const NOT_IN_FRONT = '`not` stands in front of the whole condition: `not (x in […])`, `not (x contains "…")`'

/** `x !contains`: to put `not` there would be as wrong. */
function followsOperand(before: string): boolean {
  const [, word = ''] = /([\w.]+|[)\]"/])[ \t]*$/.exec(before.slice(-60)) ?? []
  return word !== '' && !['and', 'or', 'not', 'where', 'in'].includes(word)
}

/** Where the characters around leave no doubt. */
function foreignFix({ image, startOffset: start }: IToken, source: string): { fix?: Fix } {
  const end = start + image.length
  const before = source.slice(Math.max(0, start - 20), start)
  const after = source.slice(end, end + 20)
  if (image === ';') return { fix: { ...replacement({ start, end }, '', ';'), title: 'remove' } }
  if (image === '$') {
    const amount = /^\d+(?:\.\d+)?(?![\w.%])/.exec(after)?.[0]
    return amount === undefined ? {} : { fix: replacement({ start, end: end + amount.length }, `${amount} USD`) }
  }
  if (image === '%') {
    const [, number = '', gap] = /(\d[\d.]*)([ \t]+)$/.exec(before) ?? []
    return gap === undefined ? {} : { fix: replacement({ start: start - gap.length, end }, '%', `${number}%`) }
  }
  if (image === ':') {
    const isHour = /(?:^|[^\w.:])\d$/.test(before) && /^\d\d(?!\w)/.test(after)
    return isHour
      ? { fix: replacement({ start: start - 1, end: start - 1 }, '0', `0${before.slice(-1)}:${after.slice(0, 2)}`) }
      : {}
  }
  if (/^[\u201c\u201d\u201e]+$/.test(image)) return { fix: replacement({ start, end }, '"'.repeat(image.length)) }
  return /^[\p{Zs}\p{Cf}]+$/u.test(image) ? { fix: replacement({ start, end }, ' ', 'a blank') } : {}
}

/** Blanks and controls that come with pasted text are named, because they cannot be seen. */
function visible(image: string): string {
  const code = image.codePointAt(0) ?? 0
  const hidden = /[\s\p{C}]/u.test(String.fromCodePoint(code))
  return hidden ? `the character U+${code.toString(16).toUpperCase().padStart(4, '0')}` : `\`${image.slice(0, 20)}\``
}
