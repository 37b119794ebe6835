/**
 * A text as an editor sees it: tokens, cut into declarations. It needs no file without errors; what the parser drops in
 * recovery still has its words here.
 */
import type { IToken } from 'chevrotain'
import { CLAUSES } from '../clauses.ts'
import type { Span } from '../source.ts'
import { endOf, keyIdent, spanOf } from '../syntax/grammar-base.ts'
import { lex } from '../syntax/lexer.ts'
import { segment } from '../syntax/segments.ts'
import * as t from '../syntax/tokens.ts'

export interface Declaration {
  /** The word that it begins with: `const`, `online`, `test`. */
  readonly opening: string
  /** By which its clauses go: `online eval`; otherwise as `opening`. */
  readonly kind: string
  readonly template: boolean
  /** Null: not written yet. */
  readonly name: IToken | null
  readonly tokens: readonly IToken[]
  readonly span: Span
}

export interface Document {
  readonly path: string
  readonly text: string
  readonly tokens: readonly IToken[]
  readonly declarations: readonly Declaration[]
}

export function documentOf(path: string, text: string): Document {
  const tokens = lex(text)
  const declarations = segment(tokens, (token) => isFirstOnLine(text, token.startOffset)).flatMap((part) =>
    part.opening === null ? [] : declarationOf(part.opening, part.tokens),
  )
  return { path, text, tokens, declarations }
}

function declarationOf(opening: IToken, tokens: readonly IToken[]): Declaration {
  const template = opening.tokenType === t.Template
  const words = template ? tokens.slice(1) : tokens
  const mode = words[0]?.tokenType === t.Online || words[0]?.tokenType === t.Offline ? words[0].image : null
  const kind = mode !== null ? `${mode} eval` : (words[0]?.image ?? opening.image)
  const named = words[mode !== null && words[1]?.tokenType === t.EvalWord ? 2 : 1]
  const end = endOf(tokens.at(-1) ?? opening)
  const name = named !== undefined && isName(named, opening) ? named : null
  return { opening: opening.image, kind, template, name, tokens, span: { start: opening.startOffset, end } }
}

function isName(token: IToken, opening: IToken): boolean {
  if (opening.tokenType === t.Test) return token.tokenType === t.Text
  if (opening.tokenType === t.Default) return false
  return isWord(token) || (isKey(token) && opening.tokenType === t.Const)
}

/** It has clauses, by the table of these. */
export function hasClauses(declaration: Declaration): boolean {
  return Object.hasOwn(CLAUSES, declaration.kind)
}

export function isWord(token: IToken): boolean {
  return token.tokenType.CATEGORIES?.includes(t.Word) ?? false
}

export function isKey(token: IToken): boolean {
  return token.tokenType.CATEGORIES?.includes(t.Key) ?? false
}

export function isLiteral(token: IToken): boolean {
  return token.tokenType.CATEGORIES?.includes(t.Literal) ?? false
}

/** The place of a name: of a key without its colon. */
export function nameSpan(token: IToken): Span {
  return isKey(token) ? keyIdent(token).span : spanOf(token)
}

export function nameText(token: IToken): string {
  return isKey(token) ? keyIdent(token).text : token.image
}

/** Only blanks stand before the place on its line. */
export function isFirstOnLine(text: string, offset: number): boolean {
  for (let at = offset - 1; at >= 0; at--) {
    const char = text[at]
    if (char === '\n') return true
    if (char !== ' ' && char !== '\t' && char !== '\r' && char !== '\uFEFF') return false
  }
  return true
}

/** Index of the last token that begins before `offset`; -1 when there is none. */
export function lastBefore(tokens: readonly IToken[], offset: number): number {
  let low = 0
  let high = tokens.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((tokens[middle] as IToken).startOffset < offset) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** The declaration in which a place lies; the last one reaches up to the next. */
export function declarationAt(document: Document, offset: number): Declaration | null {
  let found: Declaration | null = null
  for (const declaration of document.declarations) {
    if (declaration.span.start > offset) break
    found = declaration
  }
  return found
}
