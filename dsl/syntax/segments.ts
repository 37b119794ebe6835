/**
 * Cuts a file's tokens into declarations before any grammar is applied. The words that open a declaration are reserved, so
 * a broken declaration can never swallow the next one.
 */
import type { IToken, TokenType } from 'chevrotain'
import * as t from './tokens.ts'

export interface Segment {
  /** The opening word, or null for tokens in front of the first declaration. */
  readonly opening: IToken | null
  readonly tokens: IToken[]
  /** The first bracket or prefix that nests too deep; null when the segment may be parsed. */
  readonly tooDeep: IToken | null
}

/** Deeper than any text that a person reads, and far from the end of the stack. */
export const MAX_DEPTH = 100
const OPENERS = new Set([t.LParen, t.LCurly, t.LSquare])
const CLOSERS = new Set([t.RParen, t.RCurly, t.RSquare])
const PREFIXES = new Set([t.Not, t.Minus])

/** `firstOnLine` tells whether only blanks stand before a token on its line. */
export function segment(tokens: readonly IToken[], firstOnLine: (token: IToken) => boolean): Segment[] {
  const segments: Segment[] = []
  let current: { opening: IToken | null; tokens: IToken[]; tooDeep: IToken | null } = {
    opening: null,
    tokens: [],
    tooDeep: null,
  }
  let depth = 0
  let prefixes = 0
  let previous: IToken | undefined
  for (const token of tokens) {
    const opens = opensDeclaration(token, previous, depth, firstOnLine)
    if (opens || (current.opening !== null && depth === 0 && isStray(token, current, firstOnLine))) {
      if (current.tokens.length > 0) segments.push(current)
      current = { opening: opens ? token : null, tokens: [], tooDeep: null }
      depth = 0
    }
    current.tokens.push(token)
    if (OPENERS.has(token.tokenType)) depth++
    else if (CLOSERS.has(token.tokenType)) depth = Math.max(0, depth - 1)
    prefixes = PREFIXES.has(token.tokenType) ? prefixes + 1 : 0
    if (depth + prefixes > MAX_DEPTH && current.tooDeep === null) current.tooDeep = token
    previous = token
  }
  if (current.tokens.length > 0) segments.push(current)
  return segments
}

/** Inside brackets such a word opens a declaration only at the start of a line: `title: test me` is one error, not two. */
function opensDeclaration(
  token: IToken,
  previous: IToken | undefined,
  depth: number,
  firstOnLine: (token: IToken) => boolean,
): boolean {
  if (!isOpening(token) || previous?.tokenType === t.Template) return false
  return depth === 0 || firstOnLine(token)
}

/** Words that stand between two operands, or in front of a name. */
const JOINING = new Set([t.EvalWord, t.From, t.Check, t.With, t.Any, t.By, t.Because, t.After])
const WITH_BLOCK = new Set([t.Online, t.Offline, t.Alert, t.Test, t.Template, t.Scorecard])

/**
 * A line that cannot belong to the declaration in front of it: something that stands for itself, behind something that did.
 * The word that should open its declaration is missing, which is no reason to lose the one before.
 */
function isStray(token: IToken, { tokens }: Segment, firstOnLine: (token: IToken) => boolean): boolean {
  const previous = tokens.at(-1)
  if (previous === undefined || !firstOnLine(token)) return false
  if (!standsAlone(previous) && !CLOSERS.has(previous.tokenType)) return false
  // A key may be the first clause of a block whose bracket is missing.
  const isKeyHere = isKey(token) && !WITH_BLOCK.has(tokens[0]?.tokenType as TokenType)
  return standsAlone(token) || token.tokenType === t.EvalWord || isKeyHere
}

function standsAlone({ tokenType }: IToken): boolean {
  const categories = tokenType.CATEGORIES ?? []
  return !JOINING.has(tokenType) && (categories.includes(t.Word) || categories.includes(t.Literal))
}

function isOpening(token: IToken): boolean {
  return token.tokenType.CATEGORIES?.includes(t.Opening) ?? false
}

/**
 * Removes the value of each clause of a block whose key the grammar doesn't know, up to the next key or `}` outside brackets, so
 * that whatever form it has, the checker can speak of the key.
 */
export function dropUnknownClauses(tokens: readonly IToken[]): IToken[] {
  const kept: IToken[] = []
  let depth = 0
  let skipping = false
  const block = tokens.findIndex((token) => token.tokenType === t.LCurly)
  if (block < 0) return [...tokens]
  for (const [index, token] of tokens.entries()) {
    // In front of the block stand the arguments of a template.
    if (index < block) {
      kept.push(token)
      continue
    }
    if (depth === 1 && isKey(token)) skipping = token.tokenType === t.KeyOther
    else if (depth === 1 && token.tokenType === t.RCurly) skipping = false
    else if (skipping) {
      depth += bracketStep(token)
      continue
    }
    depth += bracketStep(token)
    kept.push(token)
  }
  return kept
}

function bracketStep(token: IToken): number {
  if (OPENERS.has(token.tokenType)) return 1
  return CLOSERS.has(token.tokenType) ? -1 : 0
}

function isKey(token: IToken): boolean {
  return token.tokenType.CATEGORIES?.includes(t.Key) ?? false
}
