/**
 * `assay fmt`: one style. It lays out tokens, not trees: whatever the language grows, no word and no comment is lost, and that
 * is looked at after each file.
 */
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { Reporter } from '../diagnostics/reporter.ts'
import { Source } from '../source.ts'
import { parseFile } from '../syntax/parse.ts'
import { type Declaration, declarationOf, isHead, layoutDeclaration } from './declaration.ts'
import { comment, concat, type Doc, print } from './doc.ts'
import { commentsOf, type Gap, type Piece, type Pieces, piecesOf } from './pieces.ts'
import { splitDeclarations } from './split.ts'

export type Formatted =
  | { readonly kind: 'formatted'; readonly text: string }
  /** The text has errors of form: what was meant is not known, so nothing is moved. */
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] }

/**
 * The text in the one style, with its kind of line ends and without a byte order mark. Rubrics and other text blocks stay as they
 * are, to the byte.
 */
export function formatText(text: string, path = ''): Formatted {
  const reporter = new Reporter(new Source(path, text))
  parseFile(reporter.source, reporter)
  const errors = reporter.diagnostics.filter((diagnostic) => diagnostic.severity === 'error')
  if (errors.length > 0) return { kind: 'refused', diagnostics: errors }
  const newline = /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n'
  const before = piecesOf(text)
  const after = layoutFile(before, newline)
  assertSame(before, piecesOf(after))
  return { kind: 'formatted', text: after }
}

function layoutFile({ pieces, end }: Pieces, newline: string): string {
  const declarations = splitDeclarations(pieces).map(declarationOf)
  const inColumns = columnsOf(declarations)
  const parts: string[][] = []
  for (const [index, declaration] of declarations.entries()) {
    const next = declarations[index + 1]
    const previous = declarations[index - 1]
    const besideBlock = (previous !== undefined && previous.block !== null) || declaration.block !== null
    parts.push(ownLines(declaration.first.gap, previous === undefined ? 'none' : besideBlock ? 'one' : 'kept'))
    const trailing = next?.first.gap.trailing ?? (next === undefined ? end.trailing : null)
    const docs: Doc[] = [layoutDeclaration(declaration, inColumns[index] === true)]
    if (trailing !== null) docs.push(comment(trailing))
    parts.push([print(concat(docs), newline)])
  }
  parts.push(ownLines({ ...end, blankBefore: false }, declarations.length === 0 ? 'none' : 'kept'))
  const lines = parts.flat()
  return lines.length === 0 ? '' : `${lines.join(newline)}${newline}`
}

/** Comments and empty lines between declarations; `one`: there is an empty line somewhere. */
function ownLines(gap: Gap, blanks: 'none' | 'kept' | 'one'): string[] {
  const lines: string[] = []
  for (const own of gap.comments) {
    if (own.blankBefore && (blanks !== 'none' || lines.length > 0)) lines.push('')
    lines.push(own.text)
  }
  if (gap.blankBefore && (blanks !== 'none' || lines.length > 0)) lines.push('')
  return blanks === 'one' && !lines.includes('') ? ['', ...lines] : lines
}

/** Names stand in one column where different kinds of declarations follow each other without an empty line. */
function columnsOf(declarations: readonly Declaration[]): boolean[] {
  const inColumns: boolean[] = []
  let start = 0
  for (let end = 1; end <= declarations.length; end++) {
    const before = declarations[end - 1] as Declaration
    const next = declarations[end]
    if (next !== undefined && isHead(before) && isHead(next) && !hasBlank(next.first.gap)) continue
    const kinds = new Set(declarations.slice(start, end).map((declaration) => declaration.first.text))
    while (inColumns.length < end) inColumns.push(kinds.size > 1)
    start = end
  }
  return inColumns
}

function hasBlank(gap: Gap): boolean {
  return gap.blankBefore || gap.comments.some((own) => own.blankBefore)
}

/** Throws when a word or a comment got lost or changed its place: a mistake in here, not the author's. */
function assertSame(before: Pieces, after: Pieces): void {
  const words = (piece: Piece): string => `${piece.type.name} ${piece.text}\n${commentsOf(piece.gap).join('\n')}`
  const same =
    before.pieces.length === after.pieces.length &&
    before.pieces.every((piece, index) => words(piece) === words(after.pieces[index] as Piece)) &&
    commentsOf(before.end).join('\n') === commentsOf(after.end).join('\n')
  if (!same) throw new Error('the formatter changed more than blanks: the file was left as it is')
}
