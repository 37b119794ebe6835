/** Whether a blank stands between two tokens. */
import * as t from '../syntax/tokens.ts'
import { isKey, isLiteral, isWord, type Piece } from './pieces.ts'

const TIGHT_BEFORE = new Set([t.Comma, t.RParen, t.RSquare])
const TIGHT_AFTER = new Set([t.LParen, t.LSquare])
const CLOSERS = new Set([t.RParen, t.RSquare, t.RCurly])
/** Free words that a value follows: `to -1`, `returns (…)`. Elsewhere they are names. */
const BEFORE_VALUE = new Set([
  ...[
    'to',
    'returns',
    'because',
    'after',
    'over',
    'of',
    'by',
    'at',
    'with',
    'take',
    'else',
    'per',
    'vs',
    'for',
    'within',
  ],
])

/** `previous` is what stands before `left`: a sign is told from a difference by it. */
export function blankBetween(previous: Piece | null, left: Piece, right: Piece): boolean {
  if (TIGHT_BEFORE.has(right.type) || TIGHT_AFTER.has(left.type)) return false
  if (left.type === t.Minus && !endsOperand(previous)) return false
  if (right.type !== t.LParen) return true
  // `any(…)` is a call, `matches any (…)` is not.
  return !isWord(left) || BEFORE_VALUE.has(left.text) || previous?.type === t.Matches
}

function endsOperand(piece: Piece | null): boolean {
  if (piece === null || isKey(piece)) return false
  return CLOSERS.has(piece.type) || isLiteral(piece) || (isWord(piece) && !BEFORE_VALUE.has(piece.text))
}
