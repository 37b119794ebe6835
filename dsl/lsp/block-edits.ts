/** New text in a declaration's block, laid out as what stands there. */
import type { IToken } from 'chevrotain'
import type { Span } from '../source.ts'
import { endOf } from '../syntax/grammar-base.ts'
import { type Declaration, type Document, isFirstOnLine, isKey, nameText } from './document.ts'
import { walk } from './place.ts'

export interface TextEdit {
  readonly path: string
  readonly span: Span
  readonly text: string
}

export interface ClauseTokens {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly valueStart: number
  readonly tokens: readonly IToken[]
}

/** The clauses that stand in a block, in order. */
export function clausesOf(declaration: Declaration): ClauseTokens[] {
  const found: {
    key: string
    start: number
    end: number
    valueStart: number
    tokens: IToken[]
  }[] = []
  walk(declaration, (token, place) => {
    const [frame] = place.frames
    if (frame?.open !== '{') return true
    if (place.frames.length === 1 && token.image === '}') return true
    const last = found.at(-1)
    if (place.frames.length === 1 && isKey(token))
      found.push({ key: nameText(token), start: token.startOffset, end: endOf(token), valueStart: -1, tokens: [] })
    else if (last !== undefined) {
      if (last.valueStart < 0) last.valueStart = token.startOffset
      last.end = endOf(token)
      last.tokens.push(token)
    }
    return true
  })
  return found
}

/** A new clause on a line of its own, laid out as those beside it; `after`: behind that one, else as the first (null) or last (''). */
export function insertClause(
  { path, text }: Document,
  declaration: Declaration,
  key: string,
  value: string,
  after: string | null,
): TextEdit {
  const clauses = clausesOf(declaration)
  const first = clauses[0]
  const onOwnLine = first !== undefined && isFirstOnLine(text, first.start)
  const indent = onOwnLine ? text.slice(text.lastIndexOf('\n', first.start) + 1, first.start) : '  '
  const column = first === undefined || first.valueStart < 0 ? 0 : first.valueStart - first.start
  const line = `${`${key}:`.padEnd(Math.max(column, key.length + 2))}${value}`
  const behind = after === '' ? clauses.at(-1) : clauses.find((clause) => clause.key === after)
  if (behind !== undefined)
    return { path, span: { start: behind.end, end: behind.end }, text: onOwnLine ? `\n${indent}${line}` : `  ${line}` }
  if (first !== undefined)
    return {
      path,
      span: { start: first.start, end: first.start },
      text: onOwnLine ? `${line}\n${indent}` : `${line}  `,
    }
  const open = declaration.tokens.find((token) => token.image === '{')
  const at = open === undefined ? declaration.span.end : endOf(open)
  return { path, span: { start: at, end: at }, text: `\n${indent}${line}` }
}
