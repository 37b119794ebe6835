/** Tokens with what the lexer leaves out: comments, and whether empty lines stand between. */
import type { IToken, TokenType } from 'chevrotain'
import { endOf } from '../syntax/grammar-base.ts'
import { keyName, lex } from '../syntax/lexer.ts'
import * as t from '../syntax/tokens.ts'

/** In comments that speak of a line. */
const MARK = 'assay-allow'

/** A comment on lines of its own. */
export interface OwnComment {
  readonly text: string
  readonly blankBefore: boolean
}

/** What stands before a token. */
export interface Gap {
  /** The comment at the end of the previous token's line. */
  readonly trailing: string | null
  readonly comments: readonly OwnComment[]
  /** An empty line stands right before the token. */
  readonly blankBefore: boolean
  readonly newline: boolean
}

export interface Piece {
  readonly type: TokenType
  readonly text: string
  readonly gap: Gap
  /** A comment speaks of its line (`# assay-allow …`): it stays on one line with the token before it, however long that is. */
  readonly glued: boolean
}

export interface Pieces {
  readonly pieces: readonly Piece[]
  /** What stands behind the last token. */
  readonly end: Gap
}

export function piecesOf(source: string): Pieces {
  const pieces: Piece[] = []
  let before = 0
  for (const token of lex(source)) {
    const gap = gapOf(source.slice(before, token.startOffset), before === 0)
    pieces.push({ type: token.tokenType, text: written(token), gap, glued: false })
    before = endOf(token)
  }
  const end = gapOf(source.slice(before), before === 0)
  return { pieces: glued(pieces, end), end }
}

function glued(pieces: readonly Piece[], end: Gap): Piece[] {
  const isSpokenOf = (first: Piece, next: Gap): boolean =>
    [next.trailing, first.gap.comments.at(-1)?.text].some((comment) => comment?.includes(MARK))
  const lines: Piece[][] = []
  for (const piece of pieces) {
    if (piece.gap.newline || lines.length === 0) lines.push([])
    lines.at(-1)?.push(piece)
  }
  return lines.flatMap((line, index) => {
    const [first, ...others] = line as [Piece, ...Piece[]]
    if (!isSpokenOf(first, lines[index + 1]?.[0]?.gap ?? end)) return line
    return [first, ...others.map((piece) => ({ ...piece, glued: true }))]
  })
}

export function isKey(piece: Piece): boolean {
  return piece.type.CATEGORIES?.includes(t.Key) ?? false
}

export function isWord(piece: Piece): boolean {
  return piece.type.CATEGORIES?.includes(t.Word) ?? false
}

export function isLiteral(piece: Piece): boolean {
  return piece.type.CATEGORIES?.includes(t.Literal) ?? false
}

/** All comments of a gap. */
export function commentsOf(gap: Gap): string[] {
  const own = gap.comments.map((comment) => comment.text)
  return gap.trailing === null ? own : [gap.trailing, ...own]
}

/** The one way to write a token: blanks before a key's colon and inside of an amount are free. */
function written(token: IToken): string {
  if (token.tokenType.CATEGORIES?.includes(t.Key)) return `${keyName(token.image)}:`
  return token.tokenType === t.Money ? token.image.replace(/[ \t]*(?=[A-Z])/, ' ') : token.image
}

function gapOf(source: string, atStart: boolean): Gap {
  const lines = source.split('\n')
  const comments: OwnComment[] = []
  const first = trim(lines[0] ?? '')
  const trailing = first !== '' && !atStart ? first : null
  let blankBefore = false
  // The last line is where the token stands (or the end of the file).
  for (let index = atStart ? 0 : 1; index < lines.length; index++) {
    const text = trim(lines[index] ?? '')
    if (text === '') {
      if (index < lines.length - 1) blankBefore = true
      continue
    }
    comments.push({ text, blankBefore })
    blankBefore = false
  }
  return { trailing, comments, blankBefore, newline: lines.length > 1 }
}

/** What the lexer takes for blank. */
function trim(value: string): string {
  return value.replace(/^[ \t\r\uFEFF]+|[ \t\r\uFEFF]+$/g, '')
}
