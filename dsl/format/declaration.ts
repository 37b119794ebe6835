/** Declarations: those of one line, and blocks of clauses or of a test's lines. */
import type { IToken } from 'chevrotain'
import * as t from '../syntax/tokens.ts'
import { concat, type Doc, hardLine, nest, text } from './doc.ts'
import { flow } from './flow.ts'
import { closing, INDENT, onNextLine, separated } from './gaps.ts'
import { type Bracket, firstPiece, isBlock, isToken, type Node, nodesOf } from './nodes.ts'
import { isKey, type Piece } from './pieces.ts'

/** Where the values of clauses begin, counted from the key: one column for all blocks, so that a new clause moves no other. */
const VALUE_COLUMN = 10
/** Where the names of neighbouring declarations begin. */
const NAME_COLUMN = 9
const BLOCKS = new Set<IToken['tokenType']>([t.Online, t.Offline, t.Alert, t.Scorecard, t.Template, t.Test])
const HEADS = new Set<IToken['tokenType']>([t.Package, t.Import, t.Const, t.Pattern, t.Scope, t.Define, t.Default])

export interface Declaration {
  readonly first: Piece
  readonly nodes: readonly Node[]
  readonly block: Bracket | null
}

export function declarationOf(pieces: readonly Piece[]): Declaration {
  const nodes = nodesOf(pieces)
  const first = pieces[0] as Piece
  const last = nodes.at(-1)
  return { first, nodes, block: BLOCKS.has(first.type) && last?.kind === 'bracket' && isBlock(last) ? last : null }
}

/** `package`, `const` and the like: what stands in columns together with its neighbours. */
export function isHead({ first }: Declaration): boolean {
  return HEADS.has(first.type)
}

export function layoutDeclaration({ first, nodes, block }: Declaration, inColumns: boolean): Doc {
  if (block !== null) return layoutBlock(nodes.slice(0, -1), block)
  const [keyword, ...rest] = nodes
  const next = rest[0]
  if (keyword === undefined || next === undefined) return text(first.text)
  const gap = inColumns ? Math.max(1, NAME_COLUMN - first.text.length) : 1
  const value = flow(rest, { before: first, indent: INDENT })
  return concat([text(first.text), nest(INDENT, concat([separated(firstPiece(next), text(' '.repeat(gap))), value]))])
}

function layoutBlock(head: readonly Node[], block: Bracket): Doc {
  const { open, inner, close } = block
  const before = [
    nest(INDENT, flow(head, { before: null, indent: INDENT })),
    separated(open, text(' ')),
    text(open.text),
  ]
  const items = splitItems(inner)
  if (items.length === 0) return concat([...before, closing(close, text(''), 'all'), text(close.text)])
  const body = items.map((item, index) => {
    const first = firstPiece(item[0] as Node)
    const gap = index === 0 ? separated(first, hardLine(false), 'inner') : onNextLine(first)
    return concat([gap, isKey(first) ? clause(first, item.slice(1)) : flow(item, { before: null, indent: INDENT })])
  })
  return concat([...before, nest(INDENT, concat(body)), closing(close, hardLine(false), 'all'), text(close.text)])
}

/** Clauses begin with their keys, the lines of a test with `given` and `expect`. */
function splitItems(nodes: readonly Node[]): Node[][] {
  const items: Node[][] = []
  let ofTest = false
  for (const node of nodes) {
    const line = isToken(node, t.Given, t.Expect)
    ofTest ||= line
    const begins = line || (!ofTest && node.kind === 'token' && isKey(node.piece))
    if (begins || items.length === 0) items.push([])
    items.at(-1)?.push(node)
  }
  return items
}

function clause(key: Piece, value: readonly Node[]): Doc {
  const first = value[0]
  if (first === undefined) return text(key.text)
  const column = Math.max(VALUE_COLUMN, key.text.length + 1)
  const gap = ' '.repeat(column - key.text.length)
  return concat([
    text(key.text),
    nest(
      column,
      concat([separated(firstPiece(first), text(gap)), flow(value, { before: key, indent: INDENT + column })]),
    ),
  ])
}
