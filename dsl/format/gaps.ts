/** What separates tokens: comments stand where they stood, between the same two tokens. */
import { comment, concat, type Doc, hardLine, line, nest, text } from './doc.ts'
import { commentsOf, type Gap, type Piece } from './pieces.ts'

export const INDENT = 2

/** Which empty lines of the author's stay. `inner`: all but the first, at the beginning of a block. */
export type Blanks = 'none' | 'inner' | 'all'

/** What separates a token from the one before it: `otherwise`, unless comments stand there. */
export function separated(piece: Piece, otherwise: Doc, blanks: Blanks = 'none'): Doc {
  const { gap } = piece
  if (commentsOf(gap).length === 0) return together(piece, otherwise)
  const started = gap.comments.length > 0 || gap.trailing !== null
  return concat([
    ...commentLines(gap, blanks),
    hardLine(gap.blankBefore && (blanks === 'all' || (blanks === 'inner' && started))),
  ])
}

/** No line break before a token whose line a comment speaks of. */
function together(piece: Piece, otherwise: Doc): Doc {
  return piece.glued && otherwise.kind === 'line' ? text(otherwise.flat) : otherwise
}

/** Between two things that stand on lines of their own. */
export function onNextLine(piece: Piece): Doc {
  return separated(piece, hardLine(piece.gap.blankBefore), 'all')
}

/** Before a closing bracket: comments there are indented as the content is. */
export function closing(close: Piece, otherwise: Doc, blanks: Blanks = 'none'): Doc {
  if (commentsOf(close.gap).length === 0) return together(close, otherwise)
  return concat([nest(INDENT, concat(commentLines(close.gap, blanks))), hardLine(false)])
}

/** Comments of a gap, each on its line; the last line is not ended. */
export function commentLines(gap: Gap, blanks: Blanks): Doc[] {
  const docs: Doc[] = gap.trailing === null ? [] : [comment(gap.trailing)]
  for (const [index, own] of gap.comments.entries()) {
    const keep = blanks === 'all' || (blanks === 'inner' && index > 0)
    docs.push(hardLine(keep && own.blankBefore), text(own.text))
  }
  return docs
}

/** A possible line break between items of a block, with the author's empty line where it breaks. */
export function itemLine(piece: Piece, flat: string): Doc {
  return separated(piece, line(flat, piece.gap.blankBefore), 'all')
}
