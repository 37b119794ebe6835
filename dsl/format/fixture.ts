/** `{ … }` in tests: fields and spans of a fixture, and records such as documents. */
import * as t from '../syntax/tokens.ts'
import { concat, type Doc, fill, group, line, nest, pad, text, WIDTH } from './doc.ts'
import { closing, INDENT, itemLine, separated } from './gaps.ts'
import { type Bracket, firstPiece, isBlock, lastPiece, type Node } from './nodes.ts'
import { commentsOf, isKey, isWord, type Piece } from './pieces.ts'

/** Where a row of tokens stands: the token before it, and how deep its line is indented. */
export interface Place {
  readonly before: Piece | null
  readonly indent: number
}

/** The layout of a row of tokens: `flow.ts`, which lays out blocks by this file. */
type Flow = (nodes: readonly Node[], place: Place) => Doc

type Item =
  | { readonly kind: 'field'; readonly first: Piece; readonly doc: Doc }
  /** `block` is what stands in brackets behind the name; `flatColumns` is null when it takes several lines. */
  | {
      readonly kind: 'span'
      readonly first: Piece
      readonly name: string
      readonly block: Doc
      readonly flatColumns: number | null
      readonly comment: boolean
    }

/** Stays on one line where the author wrote it so and it fits; else the fields share lines and each span has its own. */
export function fixture(node: Bracket, place: Place, flow: Flow): Doc {
  const { inner, open, close } = node
  const first = inner[0]
  if (first === undefined) return empty(node)
  const indent = place.indent + INDENT
  const items = split(inner).map((nodes) => itemOf(nodes, indent, flow))
  const broken = firstPiece(first).gap.newline
  const body: Doc[] = [separated(firstPiece(first), line(' '), 'inner')]
  for (let at = 0; at < items.length; ) {
    const end = endOfRun(items, at)
    if (at > 0) body.push(itemLine((items[at] as Item).first, '  '))
    const run = items.slice(at, end)
    body.push(items[at]?.kind === 'field' ? fields(run) : spans(run, indent))
    at = end
  }
  const content = concat([nest(INDENT, concat(body)), closing(close, line(' '), 'all'), text(close.text)])
  return group(concat([text(open.text), content]), broken)
}

/** `{ id: "a", text: "b" }`: breaks only where it does not fit. */
export function record(node: Bracket, place: Place, flow: Flow): Doc {
  const { inner, open, close } = node
  const first = inner[0]
  if (first === undefined) return empty(node)
  const body: Doc[] = [separated(firstPiece(first), line(' '))]
  let before: Piece | null = null
  for (const nodes of split(inner)) {
    const start = firstPiece(nodes[0] as Node)
    if (before !== null) body.push(separated(start, line(before.type === t.Comma ? ' ' : '  ')))
    body.push(flow(nodes, { indent: place.indent + INDENT, before: null }))
    before = lastPiece(nodes.at(-1) as Node)
  }
  return group(concat([text(open.text), nest(INDENT, concat(body)), closing(close, line(' ')), text(close.text)]))
}

function empty({ open, close }: Bracket): Doc {
  return concat([text(open.text), closing(close, text('')), text(close.text)])
}

/** At each key, and at each word that stands before a block. */
function split(nodes: readonly Node[]): Node[][] {
  const items: Node[][] = []
  let before: Node | undefined
  for (const [index, node] of nodes.entries()) {
    const next = nodes[index + 1]
    const afterKey = before?.kind === 'token' && isKey(before.piece)
    const opensSpan = node.kind === 'token' && isWord(node.piece) && !afterKey && next !== undefined && isBlock(next)
    if (items.length === 0 || opensSpan || (node.kind === 'token' && isKey(node.piece))) items.push([])
    items.at(-1)?.push(node)
    before = node
  }
  return items
}

function itemOf(nodes: readonly Node[], indent: number, flow: Flow): Item {
  const [name, block] = nodes
  const first = firstPiece(name as Node)
  if (name?.kind !== 'token' || isKey(name.piece) || block === undefined || nodes.length !== 2)
    return { kind: 'field', first, doc: flow(nodes, { indent, before: null }) }
  const comment = commentsOf(firstPiece(block).gap).length > 0
  const doc = flow([block], { indent, before: name.piece })
  const flatColumns = indent + first.text.length + 1 + doc.width <= WIDTH ? doc.width : null
  const docs = comment ? concat([separated(firstPiece(block), text('')), doc]) : doc
  return { kind: 'span', first, name: name.piece.text, block: docs, flatColumns, comment }
}

/** Fields on one line of the author's, or spans on neighbouring lines: what is laid out together. */
function endOfRun(items: readonly Item[], from: number): number {
  const kind = items[from]?.kind
  let end = from + 1
  for (let item = items[end]; item !== undefined && item.kind === kind; item = items[++end]) {
    const { gap } = item.first
    if (item.kind === 'field' ? gap.newline : gap.blankBefore || gap.comments.length > 0) break
  }
  return end
}

function fields(items: readonly Item[]): Doc {
  const docs: Doc[] = []
  for (const item of items) {
    if (item.kind !== 'field') continue
    if (docs.length > 0) docs.push(separated(item.first, line('  ')))
    docs.push(item.doc)
  }
  return docs.length === 1 ? (docs[0] as Doc) : fill(docs)
}

/** The blocks of one-line neighbours stand below each other. */
function spans(items: readonly Item[], indent: number): Doc {
  const names = items.flatMap((item) => (item.kind === 'span' && item.flatColumns !== null ? [item.name.length] : []))
  const widest = names.reduce((most, length) => Math.max(most, length), 0)
  const docs = items.flatMap((item, index): Doc[] => {
    if (item.kind !== 'span') return []
    const { name, block, flatColumns, comment } = item
    const aligned = flatColumns !== null && indent + widest + 1 + flatColumns <= WIDTH
    const gap = comment ? text('') : pad(' '.repeat(aligned ? widest - name.length + 1 : 1))
    return [...(index > 0 ? [itemLine(item.first, '  ')] : []), text(name), gap, block]
  })
  return concat(docs)
}
