/**
 * Brackets, before any grammar is applied: a forgotten or surplus one is told here, once, and the grammar reads on as if it
 * had been right.
 */
import type { IToken, TokenType } from 'chevrotain'
import type { Span } from '../source.ts'
import { endOf, spanOf } from './grammar-base.ts'
import * as t from './tokens.ts'

export type BracketProblem =
  /** `at`: where the closing bracket is expected. */
  | { kind: 'unclosed'; opener: IToken; closer: string; at: Span; before: IToken | null }
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

/** Tokens of one declaration with every bracket closed. `firstOnLine` tells whether only blanks stand before a token on its line. */
export function balance(
  tokens: readonly IToken[],
  firstOnLine: (token: IToken) => boolean,
): { tokens: IToken[]; problems: BracketProblem[] } {
  const out: IToken[] = []
  const problems: BracketProblem[] = []
  const open: IToken[] = []
  const close = (depth: number, before: IToken | null): void => {
    while (open.length > depth) {
      const opener = open.pop() as IToken
      const type = CLOSER.get(opener.tokenType) as TokenType
      const end = endOf(out.at(-1) ?? opener)
      problems.push({ kind: 'unclosed', opener, closer: IMAGE.get(type) ?? '', at: { start: end, end }, before })
      out.push(inserted(type, end))
    }
  }
  for (const token of tokens) {
    const keep = stillOpen(token, out.at(-1), open, firstOnLine)
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
  const isKey = token.tokenType.CATEGORIES?.includes(t.Key) ?? false
  const expectsMore = previous?.tokenType === t.Comma || (previous !== undefined && CLOSER.has(previous.tokenType))
  if (!isKey || expectsMore || !firstOnLine(token)) return open.length
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

export function spanOfProblem(problem: BracketProblem): Span {
  return problem.kind === 'unclosed' ? problem.at : spanOf(problem.token)
}
