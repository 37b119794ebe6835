/**
 * Tokens in a row: a value, a condition, what stands before a block. Lines break before `and` and `or`, after commas and
 * inside brackets.
 */
import * as t from '../syntax/tokens.ts'
import { concat, type Doc, fill, group, line, nest, raw, text } from './doc.ts'
import { fixture, type Place, record } from './fixture.ts'
import { closing, INDENT, separated } from './gaps.ts'
import { type Bracket, firstPiece, isBlock, isToken, lastPiece, type Node } from './nodes.ts'
import { isKey, type Piece } from './pieces.ts'
import { blankBetween } from './spacing.ts'

/** Lists of values: as many on a line as fit. */
export function flow(nodes: readonly Node[], place: Place): Doc {
  const parts = elements(nodes, place)
  return parts.length === 1 ? (parts[0] as Doc) : fill(parts)
}

/** Elements with the separators between them; a comma stays with what is before it. */
function elements(nodes: readonly Node[], place: Place): Doc[] {
  const docs: Doc[] = []
  let before = place.before
  for (const element of splitAfterCommas(nodes)) {
    const first = firstPiece(element[0] as Node)
    if (docs.length > 0) docs.push(separated(first, line(' ')))
    docs.push(chain(element, { ...place, before }))
    before = lastPiece(element.at(-1) as Node)
  }
  return docs
}

function splitAfterCommas(nodes: readonly Node[]): Node[][] {
  const parts: Node[][] = []
  let part: Node[] = []
  for (const node of nodes) {
    part.push(node)
    if (isToken(node, t.Comma)) {
      parts.push(part)
      part = []
    }
  }
  if (part.length > 0) parts.push(part)
  return parts
}

/** A chain of conditions: on one line where it fits and the author did not break it, else one condition a line. */
function chain(nodes: readonly Node[], place: Place): Doc {
  const alternatives = splitBefore(nodes, t.Or)
  if (alternatives.length === 1) return links(splitBefore(nodes, t.And), place, row)
  return links(alternatives, place, (part, at) => {
    const conditions = splitBefore(part, t.And)
    return conditions.length === 1 ? row(part, at) : nest(INDENT, links(conditions, at, row))
  })
}

function links(parts: readonly Node[][], place: Place, layout: (part: Node[], place: Place) => Doc): Doc {
  if (parts.length === 1) return layout(parts[0] as Node[], place)
  const docs: Doc[] = []
  let broken = false
  let before = place.before
  for (const part of parts) {
    const operator = firstPiece(part[0] as Node)
    if (docs.length > 0) {
      docs.push(separated(operator, line(' ')))
      const next = part[1]
      broken ||= operator.gap.newline || (next !== undefined && firstPiece(next).gap.newline)
    }
    docs.push(layout(part, { ...place, before }))
    before = lastPiece(part.at(-1) as Node)
  }
  return group(concat(docs), broken)
}

function splitBefore(nodes: readonly Node[], type: Piece['type']): Node[][] {
  const parts: Node[][] = [[]]
  for (const node of nodes) {
    if (isToken(node, type) && parts.at(-1)?.length !== 0) parts.push([])
    parts.at(-1)?.push(node)
  }
  return parts
}

/** No line breaks but those inside of brackets, and those that comments need. */
function row(nodes: readonly Node[], place: Place): Doc {
  const docs: Doc[] = []
  let previous: Piece | null = null
  let left = place.before
  for (const [index, node] of nodes.entries()) {
    const right = firstPiece(node)
    if (index > 0 && left !== null) {
      const blank = blankBetween(previous, left, right)
      docs.push(separated(right, text(blank ? ' ' : '')))
    }
    docs.push(node.kind === 'bracket' ? bracket(node, left, place) : tokenDoc(node.piece))
    previous = node.kind === 'bracket' ? node.close : left
    left = lastPiece(node)
  }
  return docs.length === 1 ? (docs[0] as Doc) : concat(docs)
}

function tokenDoc(piece: Piece): Doc {
  return piece.type === t.TextBlock ? raw(piece.text) : text(piece.text)
}

function bracket(node: Bracket, before: Piece | null, place: Place): Doc {
  if (isBlock(node)) {
    const isFixture = before !== null && !isKey(before) && before.type !== t.LSquare && before.type !== t.Comma
    return isFixture ? fixture(node, place, flow) : record(node, place, flow)
  }
  const { open, inner, close } = node
  const first = inner[0]
  if (first === undefined) return concat([text(open.text), closing(close, text('')), text(close.text)])
  const content = elements(inner, { indent: place.indent + INDENT, before: open })
  const list = open.type === t.LSquare
  // A bracket around one thing that cannot break by itself leaves the breaking to what is inside: `not (x matches any [`.
  const plain = !list && content.length === 1 && !inner.some((item) => isToken(item, t.And, t.Or))
  const edge = plain ? text('') : line('')
  const docs = list ? fill(content) : concat(content)
  return group(
    concat([
      text(open.text),
      nest(INDENT, concat([separated(firstPiece(first), edge), docs])),
      closing(close, edge),
      text(close.text),
    ]),
  )
}
