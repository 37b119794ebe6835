/**
 * Brackets, before any grammar is applied: a forgotten or surplus one is told here, once, and the grammar reads on as if it
 * had been right.
 */
import type { IToken, TokenType } from 'chevrotain'
import type { Span } from '../source.ts'
import { endOf } from './grammar-base.ts'
import * as t from './tokens.ts'

export type BracketProblem =
  /** `at`: where the closing bracket is expected. */
  | { kind: 'unclosed'; opener: IToken; closer: string; at: Span; before: IToken | null }
  | { kind: 'unopened'; at: Span; before: IToken }
  | { kind: 'surplus'; token: IToken }

const CLOSER = new Map<TokenType, TokenType>([
  [t.LParen, t.RParen],
  [t.LCurly, t.RCurly],
  [t.LSquare, t.RSquare],
])
const IMAGE = new Map<TokenType, string>([
  [t.RParen, ')'],
  [t.RCurly, '}'],
  [t.RSquare, ']'],
])

export interface Layout {
  /** Whether only blanks stand before a token on its line. */
  readonly firstOnLine: (token: IToken) => boolean
  /** How many blanks the line of an offset begins with. */
  readonly indentAt: (offset: number) => number
}

/** Tokens of one declaration with every bracket closed. */
export function balance(
  tokens: readonly IToken[],
  { firstOnLine, indentAt }: Layout,
): { tokens: IToken[]; problems: BracketProblem[] } {
  const out: IToken[] = []
  const problems: BracketProblem[] = []
  const open: IToken[] = []
  let blocks = 0
  const close = (depth: number, before: IToken | null): void => {
    while (open.length > depth) {
      const opener = open.pop() as IToken
      const type = CLOSER.get(opener.tokenType) as TokenType
      const end = endOf(out.at(-1) ?? opener)
      problems.push({ kind: 'unclosed', opener, closer: IMAGE.get(type) ?? '', at: { start: end, end }, before })
      out.push(inserted(type, end))
    }
  }
  for (const [index, token] of tokens.entries()) {
    if (lacksBlock(token, out, open, blocks) && !isParameter(token)) {
      const end = endOf(out.at(-1) ?? token)
      const brace = inserted(t.LCurly, end)
      problems.push({ kind: 'unopened', at: { start: end, end }, before: token })
      open.push(brace)
      out.push(brace)
      blocks++
    }
    if (token.tokenType === t.LCurly) blocks++
    // No block stands among the parameters of a template, or the arguments that it is given.
    const opensBlock = token.tokenType === t.LCurly && blocks === 1 && TAKES_ARGUMENTS.has(tokens[0]?.tokenType)
    const keep = opensBlock
      ? 0
      : besideSpan(token, tokens[index + 1], tokens[0], open)
        ? 2
        : stillOpen(token, out.at(-1), open, firstOnLine)
    if (keep < open.length) close(keep, token)
    if (CLOSER.has(token.tokenType)) open.push(token)
    else if (IMAGE.has(token.tokenType)) {
      const partner = lastIndexOf(open, token)
      if (partner < 0) {
        problems.push({ kind: 'surplus', token })
        continue
      }
      close(partner + 1, token)
      open.pop()
    }
    out.push(token)
  }
  close(0, null)
  return { tokens: out, problems }

  /** `limit: duration` of a template, `limit: 2s` of its use: in front of the block. */
  function isParameter(token: IToken): boolean {
    const takesThem = tokens[0]?.tokenType === t.Template || out[3]?.tokenType === t.Assign
    return takesThem && blocks === 0 && !firstOnLine(token)
  }

  /** `tool_call {` on a line of its own, no deeper than the span that is open: spans stand side by side. */
  function besideSpan(
    token: IToken,
    next: IToken | undefined,
    first: IToken | undefined,
    open: readonly IToken[],
  ): boolean {
    const span = open[2]
    if (first?.tokenType !== t.Test || open.length !== 3 || span === undefined) return false
    if (next?.tokenType !== t.LCurly || !isWord(token.tokenType) || !firstOnLine(token)) return false
    const isFixture = open.every((opener) => opener.tokenType === t.LCurly)
    return isFixture && indentAt(token.startOffset) <= indentAt(span.startOffset)
  }
}

const TAKES_ARGUMENTS = new Set<TokenType | undefined>([t.Online, t.Offline, t.Template])
const WITH_BLOCK: readonly TokenType[] = [t.Online, t.Offline, t.Template, t.Alert, t.Scorecard, t.Test]

/** A `{` is missing in front of `token`: what stands there is found in a block only. */
function lacksBlock(token: IToken, out: readonly IToken[], open: readonly IToken[], blocks: number): boolean {
  const depth = open.length
  const opening = out[0]?.tokenType
  if (opening === undefined || !WITH_BLOCK.includes(opening) || token.tokenType === t.LCurly) return false
  if (blocks === 0) return depth === 0 && (isKey(token) || token.tokenType === t.Given || token.tokenType === t.Expect)
  if (opening !== t.Test) return false
  const [third, second, first] = [out.at(-3)?.tokenType, out.at(-2)?.tokenType, out.at(-1)?.tokenType]
  // `given trace` and `given like "…"`, then a fixture's content; `llm_call`, then a field or its end.
  if (second === t.Given && first === t.Trace) return true
  if (third === t.Given && second === t.Like && first !== t.LCurly) {
    return ![t.Given, t.Expect, t.RCurly].includes(token.tokenType)
  }
  if (depth <= 1) return false
  // `documents: [id: "a" …`: what a list holds by keys are records.
  if (isKey(token) && open.at(-1)?.tokenType === t.LSquare) return first === t.LSquare || first === t.Comma
  return (isKey(token) || token.tokenType === t.RCurly) && isWord(first) && !isKeyType(second)
}

function isKey(token: IToken): boolean {
  return isKeyType(token.tokenType)
}

function isKeyType(type: TokenType | undefined): boolean {
  return type?.CATEGORIES?.includes(t.Key) ?? false
}

function isWord(type: TokenType | undefined): boolean {
  return type?.CATEGORIES?.includes(t.Word) ?? false
}

/** How many brackets can be open at `token`: some tokens stand only outside of brackets of some kinds. */
function stillOpen(
  token: IToken,
  previous: IToken | undefined,
  open: readonly IToken[],
  firstOnLine: (token: IToken) => boolean,
): number {
  // `given` and `expect` stand directly in a test.
  if (token.tokenType === t.Given || token.tokenType === t.Expect) return Math.min(open.length, 1)
  // A key at the start of a line begins a clause, unless an argument is expected there: `(on: checkout,` and so on.
  const expectsMore = previous?.tokenType === t.Comma || (previous !== undefined && CLOSER.has(previous.tokenType))
  if (!isKey(token) || expectsMore || !firstOnLine(token)) return open.length
  let depth = open.length
  while (depth > 0 && open[depth - 1]?.tokenType !== t.LCurly) depth--
  return depth
}

function lastIndexOf(open: readonly IToken[], closer: IToken): number {
  for (let index = open.length - 1; index >= 0; index--) {
    const opener = open[index] as IToken
    if (CLOSER.get(opener.tokenType) === closer.tokenType) return index
    // A round bracket is never closed across a block's end.
    if (opener.tokenType === t.LCurly) return -1
  }
  return -1
}

function inserted(type: TokenType, offset: number): IToken {
  return {
    image: '',
    startOffset: offset,
    tokenType: type,
    tokenTypeIdx: type.tokenTypeIdx as number,
    isInsertedInRecovery: true,
  }
}
