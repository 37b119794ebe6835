/** Tokens in brackets: all the structure that the layout needs, whatever the declaration. */
import * as t from '../syntax/tokens.ts'
import type { Piece } from './pieces.ts'

export interface Bracket {
  readonly kind: 'bracket'
  readonly open: Piece
  readonly inner: readonly Node[]
  readonly close: Piece
}

export type Node = { readonly kind: 'token'; readonly piece: Piece } | Bracket

const CLOSERS = new Map([
  [t.LParen, t.RParen],
  [t.LSquare, t.RSquare],
  [t.LCurly, t.RCurly],
])

/** Of tokens whose brackets agree, which the parser has made sure of. */
export function nodesOf(pieces: readonly Piece[]): Node[] {
  const levels: { open: Piece | null; nodes: Node[] }[] = [{ open: null, nodes: [] }]
  for (const piece of pieces) {
    const level = levels.at(-1) as (typeof levels)[number]
    if (CLOSERS.has(piece.type)) levels.push({ open: piece, nodes: [] })
    else if (level.open !== null && CLOSERS.get(level.open.type) === piece.type) {
      levels.pop()
      const node: Node = { kind: 'bracket', open: level.open, inner: level.nodes, close: piece }
      levels.at(-1)?.nodes.push(node)
    } else level.nodes.push({ kind: 'token', piece })
  }
  if (levels.length !== 1) throw new Error('brackets do not agree in a file without errors')
  return levels[0]?.nodes ?? []
}

export function firstPiece(node: Node): Piece {
  return node.kind === 'token' ? node.piece : node.open
}

export function lastPiece(node: Node): Piece {
  return node.kind === 'token' ? node.piece : node.close
}

export function isBlock(node: Node): boolean {
  return node.kind === 'bracket' && node.open.type === t.LCurly
}

export function isToken(node: Node | undefined, ...types: readonly Piece['type'][]): boolean {
  return node?.kind === 'token' && types.includes(node.piece.type)
}
