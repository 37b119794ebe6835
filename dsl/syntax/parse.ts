/** From a text to its tree, with all that is wrong in its form. Total: any text gives a tree. */
import type { IRecognitionException, IToken } from 'chevrotain'
import type { Code } from '../diagnostics/codes.ts'
import type { Details } from '../diagnostics/diagnostic.ts'
import type { Reporter } from '../diagnostics/reporter.ts'
import type { Source, Span } from '../source.ts'
import { nearest } from '../suggest.ts'
import type { DeclNode, FileNode } from './ast.ts'
import { EvalGrammar } from './grammar.ts'
import { spanOf } from './grammar-base.ts'
import { lex } from './lexer.ts'
import type { PrecedenceProblem } from './precedence.ts'
import { dropUnknownClauses, MAX_DEPTH, type Segment, segment } from './segments.ts'
import { badEscape } from './text.ts'
import * as t from './tokens.ts'

let grammar: EvalGrammar | null = null

const UNSUPPORTED = new Set([t.Define, t.Template, t.Scorecard])
const DECLARATIONS = [
  'online eval',
  'offline eval',
  'alert',
  'test',
  'scope',
  'pattern',
  'const',
  'import',
  'package',
  'default',
]

export function parseFile(source: Source, reporter: Reporter): FileNode {
  const { tokens } = lex(source.text)
  const told = new Lines(source)
  const readable = checkTokens(tokens, reporter, told)
  const declarations: DeclNode[] = []
  for (const part of segment(readable, (token) => isFirstOnLine(source.text, token))) {
    const declaration = parseSegment(part, source, reporter, told)
    if (declaration !== null) declarations.push(declaration)
  }
  return { declarations }
}

/** Lines on which the lexer's pass has found something: what the parser says of them would be a second voice on one cause. */
class Lines {
  readonly #lines = new Set<number>()
  readonly #source: Source

  constructor(source: Source) {
    this.#source = source
  }

  add(offset: number): void {
    this.#lines.add(this.#source.position(offset).line)
  }

  has(offset: number): boolean {
    return this.#lines.size > 0 && this.#lines.has(this.#source.position(offset).line)
  }
}

function isFirstOnLine(text: string, token: IToken): boolean {
  for (let at = token.startOffset - 1; at >= 0; at--) {
    const char = text[at]
    if (char === '\n') return true
    if (char !== ' ' && char !== '\t' && char !== '\r' && char !== '\uFEFF') return false
  }
  return true
}

const WORDS_FOR: Record<string, { token: typeof t.And; word: string }> = {
  '&&': { token: t.And, word: 'and' },
  '||': { token: t.Or, word: 'or' },
  '!': { token: t.Not, word: 'not' },
}

/** Tells of tokens that are none, and gives on what the grammar can read. */
function checkTokens(tokens: readonly IToken[], reporter: Reporter, told: Lines): IToken[] {
  const readable: IToken[] = []
  for (const token of tokens) {
    const problem = tokenProblem(token)
    if (problem !== null) {
      reporter.report(problem.code, problem.span, problem.message, problem.details)
      told.add(token.startOffset)
    }
    if (token.tokenType !== t.Foreign) readable.push(token)
    else {
      const meant = WORDS_FOR[token.image]
      if (meant !== undefined)
        readable.push({
          ...token,
          tokenType: meant.token,
          tokenTypeIdx: meant.token.tokenTypeIdx ?? 0,
          image: meant.word,
        })
    }
  }
  return readable
}

interface TokenProblem {
  code: Code
  span: Span
  message: string
  details: Details
}

function tokenProblem(token: IToken): TokenProblem | null {
  const span = spanOf(token)
  switch (token.tokenType) {
    case t.Text: {
      const at = badEscape(token.image)
      if (at < 0) return null
      const place = { start: span.start + at, end: span.start + at + 2 }
      const label = 'known are \\n \\t \\r \\" \\\\'
      return {
        code: 'E0013',
        span: place,
        message: `\`${token.image.slice(at, at + 2)}\` is no escape in a text`,
        details: { label },
      }
    }
    case t.BadText:
      return {
        code: 'E0005',
        span,
        message: 'this text has no closing `"`',
        details: { label: 'ends with its line', notes: ['a text of several lines stands in `"""`'] },
      }
    case t.BadTextBlock: {
      const place = { start: span.start, end: span.start + 3 }
      return {
        code: 'E0006',
        span: place,
        message: 'this text block has no closing `"""`',
        details: { label: 'opened here' },
      }
    }
    case t.SingleQuoted: {
      const text = `"${token.image.slice(1, -1).replaceAll('"', '\\"')}"`
      const fix = { applicability: 'machine' as const, title: 'write', options: [{ text }], edit: { ...span, text } }
      return { code: 'E0014', span, message: 'texts stand in double quotes', details: { fix } }
    }
    case t.BadRegex:
      return {
        code: 'E0008',
        span,
        message: 'this regex has no closing `/`',
        details: { label: 'ends with its line', notes: ['a `/` inside is written `\\/`'] },
      }
    case t.BadNumber:
      return {
        code: 'E0007',
        span,
        message: `\`${token.image}\` is not a number`,
        details: {
          label: 'no such literal',
          notes: ['units: `500ms 9.2s 10m 24h 7d 1w`, `95%`, `3pp`, `0.25 USD`; a time has two-digit hours: `06:00`'],
        },
      }
    case t.Foreign:
      return foreign(token, span)
    default:
      return null
  }
}

function foreign(token: IToken, span: Span): TokenProblem {
  const meant = WORDS_FOR[token.image]
  if (meant === undefined)
    return {
      code: 'E0009',
      span,
      message: `\`${token.image.slice(0, 20)}\` means nothing here`,
      details: { label: 'not part of the language' },
    }
  const text = ` ${meant.word} `
  const fix = {
    applicability: 'machine' as const,
    title: 'write',
    options: [{ text: meant.word }],
    edit: { ...span, text },
  }
  return { code: 'E0009', span, message: `\`${token.image}\` is written \`${meant.word}\``, details: { fix } }
}

function parseSegment(part: Segment, source: Source, reporter: Reporter, told: Lines): DeclNode | null {
  const { opening } = part
  if (opening === null) return reportStray(part.tokens, reporter, told)
  if (part.tooDeep !== null) {
    reporter.report('E0010', spanOf(part.tooDeep), `this is nested more than ${MAX_DEPTH} deep`, {
      label: 'too deep to read',
    })
    return null
  }
  if (UNSUPPORTED.has(opening.tokenType)) {
    reporter.report('E0902', spanOf(opening), `\`${opening.image}\` is not supported yet in this version`, {
      label: 'part of the language, not of this version',
    })
    return null
  }
  grammar ??= new EvalGrammar({ validate: false })
  const clauses = opening.tokenType === t.Online || opening.tokenType === t.Offline || opening.tokenType === t.Alert
  grammar.input = clauses ? dropUnknownClauses(part.tokens) : part.tokens
  grammar.problems = []
  const declaration = grammar.declaration()
  for (const error of grammar.errors) reportSyntax(error, part, source, reporter, told)
  for (const problem of grammar.problems) {
    const { code, message, details } = PRECEDENCE[problem.kind]
    reporter.report(code, problem.span, message, details)
  }
  return declaration ?? null
}

function reportStray(tokens: readonly IToken[], reporter: Reporter, told: Lines): null {
  const [first] = tokens
  if (first === undefined || told.has(first.startOffset)) return null
  const guess = nearest(first.image, [
    'online',
    'offline',
    'alert',
    'test',
    'scope',
    'pattern',
    'const',
    'import',
    'package',
    'default',
  ])
  const notes =
    first.image === 'eval'
      ? ['an eval is `online eval` or `offline eval`']
      : guess === null
        ? [`a file is a list of: ${DECLARATIONS.join(', ')}`]
        : [`did you mean \`${guess}\`?`]
  reporter.report('E0015', spanOf(first), `expected a declaration, found \`${shorten(first.image)}\``, {
    label: 'not a declaration',
    notes,
  })
  return null
}

function reportSyntax(
  error: IRecognitionException,
  part: Segment,
  source: Source,
  reporter: Reporter,
  told: Lines,
): void {
  const atEnd = error.token.tokenType.name === 'EOF'
  const span = atEnd ? endOfSegment(part) : spanOf(error.token)
  if (told.has(span.start)) return
  const found = atEnd ? foundAtEnd(span, source) : `found \`${shorten(error.token.image)}\``
  reporter.report('E0004', span, `expected ${error.message}, ${found}`, {
    label: 'not expected here',
    notes: adviceFor(error),
  })
}

function endOfSegment(part: Segment): Span {
  const last = part.tokens.at(-1)
  return last === undefined ? { start: 0, end: 0 } : { start: spanOf(last).end, end: spanOf(last).end }
}

function foundAtEnd(span: Span, source: Source): string {
  return source.text.slice(span.end).trim() === '' ? 'and the file ends' : 'and the next declaration begins'
}

function shorten(image: string): string {
  const line = image.split('\n')[0] ?? ''
  return line.length > 30 ? `${line.slice(0, 29)}…` : line
}

function adviceFor(error: IRecognitionException): string[] {
  switch (error.token.image) {
    case 'not':
      return ['`not in` does not exist: write `not (x in […])`']
    case '=':
      return ['to compare, write `==`']
    case 'if':
    case 'when':
      return ['conditions follow `where`']
    default:
      return []
  }
}

const PRECEDENCE: Record<PrecedenceProblem['kind'], { code: Code; message: string; details: Details }> = {
  chained: {
    code: 'E0011',
    message: 'comparisons do not chain',
    details: { label: 'a second comparison', notes: ['write `a < b and b < c`'] },
  },
  misplaced_not: {
    code: 'E0012',
    message: '`not` stands before a condition, not inside a comparison',
    details: { label: 'put brackets: `(not …)`' },
  },
  too_long: {
    code: 'E0010',
    message: 'this expression is too long',
    details: { label: 'more than 500 operators', notes: ['a list, `x in [a, b, …]`, has no such limit'] },
  },
}
