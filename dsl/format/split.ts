import * as t from '../syntax/tokens.ts'
import type { Piece } from './pieces.ts'

const OPENERS = new Set([t.LParen, t.LCurly, t.LSquare])
const CLOSERS = new Set([t.RParen, t.RCurly, t.RSquare])

/** The tokens of each declaration: each begins with a word that nothing but a declaration begins with. */
export function splitDeclarations(pieces: readonly Piece[]): Piece[][] {
  const parts: Piece[][] = []
  let depth = 0
  let previous: Piece | undefined
  for (const piece of pieces) {
    const opens = depth === 0 && piece.type.CATEGORIES?.includes(t.Opening) && previous?.type !== t.Template
    if (opens || parts.length === 0) parts.push([])
    parts.at(-1)?.push(piece)
    if (OPENERS.has(piece.type)) depth++
    else if (CLOSERS.has(piece.type)) depth--
    previous = piece
  }
  return parts
}
