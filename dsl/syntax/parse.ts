/** From a text to its tree, with all that is wrong in its form. Total: any text gives a tree. */
import type { IRecognitionException, IToken } from 'chevrotain'
import type { Code } from '../diagnostics/codes.ts'
import type { Details, Fix } from '../diagnostics/diagnostic.ts'
import type { Reporter } from '../diagnostics/reporter.ts'
import { renaming, replacement } from '../machine-fix.ts'
import type { Source, Span } from '../source.ts'
import { nearest } from '../suggest.ts'
import { adviceFor, editFor } from './advice.ts'
import type { ClauseNode, DeclNode, FileNode } from './ast.ts'
import { type BracketProblem, balance } from './balance.ts'
import { EvalGrammar } from './grammar.ts'
import { endOf, spanOf } from './grammar-base.ts'
import { lex } from './lexer.ts'
import type { PrecedenceProblem } from './precedence.ts'
import { dropUnknownClauses, MAX_DEPTH, type Segment, segment } from './segments.ts'
import { checkTokens } from './token-problems.ts'
import * as t from './tokens.ts'

/** Made when they are first needed: setting up chevrotain is most of what a small check costs. */
let strict: EvalGrammar | null = null
let recovering: EvalGrammar | null = null

/** By the grammar that stops at an error, as most declarations have none; those that do, by the one that goes on behind it. */
function parseDeclaration(tokens: IToken[]): { declaration: DeclNode | null; grammar: EvalGrammar } {
  strict ??= new EvalGrammar({ validate: false, recover: false })
  const first = applied(strict, tokens)
  if (strict.errors.length === 0) return first
  recovering ??= new EvalGrammar({ validate: false, recover: true })
  return applied(recovering, tokens)
}

function applied(grammar: EvalGrammar, tokens: IToken[]): { declaration: DeclNode | null; grammar: EvalGrammar } {
  grammar.input = tokens
  grammar.problems = []
  return { declaration: grammar.declaration() ?? null, grammar }
}

const OPENINGS = [
  ...['online', 'offline', 'alert', 'scorecard', 'test', 'scope', 'pattern', 'const', 'define', 'template'],
  ...['import', 'package', 'default'],
]

/** Enough to work on; a file of another kind would have one on every line. */
const MAX_ERRORS = 200

export function parseFile(source: Source, reporter: Reporter): FileNode {
  const readable = checkTokens(lex(source.text), reporter, MAX_ERRORS)
  if (readable === null) return { declarations: [], complete: false }
  const reader = new SegmentReader(source, reporter)
  const declarations: DeclNode[] = []
  let complete = true
  for (const part of segment(readable, reader.firstOnLine)) {
    if (reporter.diagnostics.length >= MAX_ERRORS) {
      const span = spanOf(part.tokens[0] as IToken)
      reporter.report('E0017', span, `more than ${MAX_ERRORS} errors: the rest of the file was not read`, {
        label: 'from here on',
      })
      complete = false
      break
    }
    const declaration = reader.read(part)
    // Where an import is broken, nobody knows which names it was to bring.
    if (declaration === null || (declaration.kind === 'import' && declaration.damaged)) complete = false
    if (declaration !== null) declarations.push(declaration)
  }
  return { declarations, complete: complete && reader.strays === 0 }
}

class SegmentReader {
  /** Declarations that could not be told as such: names may be missing. */
  strays = 0
  readonly #source: Source
  readonly #reporter: Reporter
  /** Lines on which something was told already: what else the parser says of them is a second voice on one cause. */
  readonly #told: Set<number>

  constructor(source: Source, reporter: Reporter) {
    this.#source = source
    this.#reporter = reporter
    this.#told = new Set(reporter.diagnostics.map((diagnostic) => diagnostic.line))
  }

  readonly firstOnLine = (token: IToken): boolean => {
    const { text } = this.#source
    for (let at = token.startOffset - 1; at >= 0; at--) {
      const char = text[at]
      if (char === '\n') return true
      if (char !== ' ' && char !== '\t' && char !== '\r' && char !== '\uFEFF') return false
    }
    return true
  }

  readonly indentAt = (offset: number): number => {
    const { text } = this.#source
    const start = this.#source.lineStarts[this.#source.position(offset).line - 1] ?? 0
    // Nobody indents further, and a line of blanks alone must not be walked again and again.
    const limit = Math.min(offset, start + 200)
    let at = start
    while (at < limit && ' \t'.includes(text[at] as string)) at++
    return at - start
  }

  /** Null: nothing can be said of the declaration, not even its name. */
  read(part: Segment): DeclNode | null {
    const { opening } = part
    if (opening === null) return this.#stray(part.tokens[0])
    if (part.tooDeep !== null) {
      const label = 'too deep to read'
      this.#reporter.report('E0010', spanOf(part.tooDeep), `this is nested more than ${MAX_DEPTH} deep`, { label })
      return null
    }
    return this.#parse(opening, part)
  }

  #parse(opening: IToken, part: Segment): DeclNode | null {
    const balanced = balance(part.tokens, this)
    const hasClauses = [t.Online, t.Offline, t.Template, t.Alert, t.Scorecard].includes(opening.tokenType)
    const { declaration, grammar } = parseDeclaration(
      hasClauses ? dropUnknownClauses(balanced.tokens) : balanced.tokens,
    )
    const damage: number[] = []
    for (const problem of balanced.problems) damage.push(this.#bracket(problem))
    for (const error of grammar.errors) {
      // What is left over behind an error is left over because of it.
      const echo = error.name === 'NotAllInputParsedException' && damage.length > 0
      if (!echo) damage.push(this.#syntax(error, part))
    }
    for (const problem of grammar.problems) {
      const { code, message, details } = PRECEDENCE[problem.kind]
      const fix = problem.kind === 'chained' ? chainFix(problem, this.#source.text) : null
      this.#reporter.report(code, problem.span, message, fix === null ? details : { ...details, fix })
      damage.push(problem.span.start)
    }
    return declaration === null || damage.length === 0 ? declaration : damaged(declaration, damage)
  }

  #stray(token: IToken | undefined): null {
    this.strays++
    if (token === undefined || !this.#tell(token.startOffset)) return null
    const guess = token.image === 'eval' ? null : nearest(token.image, OPENINGS)
    const notes =
      token.image === 'eval'
        ? ['an eval is an `online eval` or an `offline eval`']
        : guess === null
          ? [`a file is a list of: ${OPENINGS.join(', ')}`]
          : [`did you mean \`${guess}\`?`]
    const message = `expected a declaration, found \`${shorten(token.image)}\``
    const details = { label: 'not a declaration', notes, ...renaming(spanOf(token), token.image, OPENINGS) }
    this.#reporter.report('E0015', spanOf(token), message, details)
    return null
  }

  /** These tell of a problem and return its place. */
  #bracket(problem: BracketProblem): number {
    if (problem.kind === 'surplus') {
      const span = spanOf(problem.token)
      if (this.#tell(span.start))
        this.#reporter.report('E0016', span, `\`${problem.token.image}\` closes nothing`, {
          label: 'no bracket is open here',
        })
      return span.start
    }
    if (problem.kind === 'unopened') {
      const found = `found \`${shorten(problem.before.image)}\``
      if (this.#tell(problem.at.start))
        this.#reporter.report('E0016', problem.at, `expected \`{\`, ${found}`, { label: 'not opened here' })
      return problem.at.start
    }
    const { opener, closer, at, before } = problem
    if (this.#tell(at.start)) {
      const { line } = this.#source.position(opener.startOffset)
      const found = before === null ? foundAtEnd(at, this.#source) : `found \`${shorten(before.image)}\``
      const notes = [`\`${opener.image}\` is opened on line ${line}`]
      this.#reporter.report('E0016', at, `expected \`${closer}\`, ${found}`, { label: 'not closed here', notes })
    }
    return at.start
  }

  #syntax(error: IRecognitionException, part: Segment): number {
    const { token } = error
    const atEnd = token.tokenType.name === 'EOF'
    const span = atEnd ? endOfSegment(part) : this.#placeOf(token, part)
    if (error.name === 'NotAllInputParsedException' && this.firstOnLine(token)) {
      this.#stray(token)
      return span.start
    }
    if (!this.#tell(span.start)) return span.start
    const found = atEnd ? foundAtEnd(span, this.#source) : `found \`${shorten(token.image)}\``
    const previous = part.tokens[part.tokens.indexOf(token) - 1]
    const notes = atEnd ? adviceAtEnd(part) : adviceFor(token, previous, this.firstOnLine(token))
    const next = part.tokens[part.tokens.indexOf(token) + 1]
    const fix = atEnd ? null : editFor(token, previous, next, this.firstOnLine(token))
    const details = { label: 'not expected here', notes, ...(fix !== null && { fix }) }
    this.#reporter.report('E0004', span, `expected ${error.message}, ${found}`, details)
    return span.start
  }

  /** Where a value is missing at the end of a line, the place is there and not at what happens to follow. */
  #placeOf(token: IToken, part: Segment): Span {
    const follows = token.tokenType === t.RCurly || (token.tokenType.CATEGORIES?.includes(t.Key) ?? false)
    const previous = part.tokens[part.tokens.indexOf(token) - 1]
    if (previous === undefined || !follows || !this.firstOnLine(token)) return spanOf(token)
    const end = endOf(previous)
    return { start: end, end }
  }

  /** True the first time on a line. */
  #tell(offset: number): boolean {
    const { line } = this.#source.position(offset)
    if (this.#told.has(line)) return false
    this.#told.add(line)
    return true
  }
}

/**
 * The same declaration with the clauses near `offsets` in error, so that the checker stays silent about what was told; any
 * other declaration is in error as a whole.
 */
function damaged(declaration: DeclNode, offsets: readonly number[]): DeclNode {
  const { kind } = declaration
  if (kind !== 'eval' && kind !== 'alert' && kind !== 'scorecard' && kind !== 'template')
    return { ...declaration, damaged: true }
  const hit = new Set(
    offsets.map((offset) => declaration.clauses.findLastIndex((clause) => clause.key.span.start <= offset)),
  )
  const clauses = declaration.clauses.map(
    (clause, index): ClauseNode => (hit.has(index) ? { ...clause, value: { kind: 'error' } } : clause),
  )
  return { ...declaration, clauses, damaged: true }
}

function endOfSegment(part: Segment): Span {
  const last = part.tokens.at(-1)
  const end = last === undefined ? 0 : endOf(last)
  return { start: end, end }
}

function adviceAtEnd({ opening, tokens }: Segment): string[] {
  const name = tokens.at(-1)?.image
  return opening?.tokenType === t.Import && tokens.length === 2 && name !== undefined
    ? [`write where it comes from: \`import ${name} from "assay:${name}"\`, or a path such as "./${name}.eval"`]
    : []
}

function foundAtEnd(span: Span, source: Source): string {
  return source.text.slice(span.end).trim() === '' ? 'and the file ends' : 'and the next declaration begins'
}

/** `a < b < c` to `a < b and b < c`. */
function chainFix({ span, middle }: { span: Span; middle: Span }, text: string): Fix | null {
  const between = text.slice(middle.start, middle.end)
  const isPlain = middle.end > middle.start && /^[\w.]+(?: [A-Z]{3}|%)?$/.test(between)
  return isPlain ? replacement({ start: span.start, end: span.start }, `and ${between} `, `and ${between}`) : null
}

function shorten(image: string): string {
  const line = image.split('\n')[0] ?? ''
  return line.length > 30 ? `${line.slice(0, 29)}…` : line
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
