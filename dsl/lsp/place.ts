/** Where a word stands inside a declaration: in which clause, in which brackets, behind what. */
import type { IToken } from 'chevrotain'
import * as t from '../syntax/tokens.ts'
import { type Declaration, hasClauses, isKey, isWord } from './document.ts'

export interface Frame {
  readonly open: '(' | '[' | '{'
  /** The word or key before the bracket. */
  readonly head: IToken | null
  /** The first word inside. */
  first: IToken | null
  /** A `where` was met in the argument at hand. */
  where: boolean
  /** Commas so far. */
  commas: number
  /** Keys that stand in it. */
  readonly keys: string[]
}

export interface Place {
  readonly declaration: Declaration
  readonly frames: Frame[]
  /** The key of the clause. */
  clause: IToken | null
  /** Of a test: `given` or `expect`, with what follows it. */
  statement: IToken | null
  statementHead: IToken | null
  /** Tokens since the clause's key, or since `=`; those in brackets as well. */
  value: IToken[]
  where: boolean
  previous: IToken | null
}

const OPEN = new Map<unknown, '(' | '[' | '{'>([
  [t.LParen, '('],
  [t.LSquare, '['],
  [t.LCurly, '{'],
])
const CLOSE = new Set<unknown>([t.RParen, t.RSquare, t.RCurly])

/** Goes through a declaration's tokens. The place is one object that changes: `visit` reads it as it stands before the token. */
export function walk(declaration: Declaration, visit: (token: IToken, place: Place) => boolean): Place {
  const place: Place = {
    declaration,
    frames: [],
    clause: null,
    statement: null,
    statementHead: null,
    value: [],
    where: false,
    previous: null,
  }
  const clauses = hasClauses(declaration)
  for (const token of declaration.tokens) {
    if (!visit(token, place)) break
    step(place, token, clauses)
    place.previous = token
  }
  return place
}

function step(place: Place, token: IToken, clauses: boolean): void {
  const type = token.tokenType
  const frame = place.frames.at(-1)
  const open = OPEN.get(type)
  if (open !== undefined) {
    const head = place.previous !== null && (isWord(place.previous) || isKey(place.previous)) ? place.previous : null
    place.frames.push({ open, head: head ?? likeHead(place), first: null, where: false, commas: 0, keys: [] })
    place.value.push(token)
    return
  }
  if (CLOSE.has(type)) {
    place.frames.pop()
    place.value.push(token)
    return
  }
  if (frame !== undefined) {
    frame.first ??= token
    if (isKey(token)) frame.keys.push(token.image.slice(0, -1).trimEnd())
    if (type === t.Comma) {
      frame.commas++
      frame.where = false
    }
    if (type === t.Where) frame.where = true
  }
  if (place.frames.length === 1 && clauses && frame?.open === '{' && isKey(token)) {
    place.clause = token
    place.value = []
    place.where = false
    return
  }
  if (place.frames.length === 1 && (type === t.Given || type === t.Expect)) {
    place.statement = token
    place.statementHead = null
    place.value = []
    return
  }
  if (place.statement !== null && place.statementHead === null) place.statementHead = token
  if (place.frames.length === 0 && type === t.Assign) {
    place.value = []
    return
  }
  if (type === t.Where && place.frames.length <= (clauses ? 1 : 0)) place.where = true
  place.value.push(token)
}

/** `given like "x" {` and `given trace {` open the trace's own fields. */
function likeHead(place: Place): IToken | null {
  return place.statement === null ? null : place.statementHead
}
