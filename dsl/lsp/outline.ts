/** What a file declares, for outlines and searches by name; and what can be folded away. */
import type { Span } from '../source.ts'
import { endOf } from '../syntax/grammar-base.ts'
import * as t from '../syntax/tokens.ts'
import { type Document, nameSpan, nameText } from './document.ts'
import type { Workspace } from './workspace.ts'

export interface Symbol {
  readonly name: string
  /** `online eval`, `const`, `test`. */
  readonly kind: string
  readonly span: Span
  readonly nameSpan: Span
}

export function symbolsOf(document: Document): Symbol[] {
  return document.declarations.flatMap(({ kind, opening, template, name, span }) => {
    if (name === null || opening === 'import') return []
    const text = opening === 'test' ? name.image.slice(1, -1) : nameText(name)
    return [{ name: text, kind: template ? `template ${kind}` : kind, span, nameSpan: nameSpan(name) }]
  })
}

export interface FoundSymbol extends Symbol {
  readonly path: string
  readonly packageName: string
}

/** Those whose name, or package/name, has the letters of the query in order. */
export function searchSymbols(workspace: Workspace, query: string, max = 500): FoundSymbol[] {
  const letters = query.toLowerCase()
  const found: FoundSymbol[] = []
  for (const path of workspace.paths().sort()) {
    const document = workspace.document(path)
    if (document === null) continue
    const symbols = symbolsOf(document)
    const packageName = symbols.find((symbol) => symbol.kind === 'package')?.name ?? ''
    for (const symbol of symbols) {
      if (found.length >= max) return found
      if (symbol.kind === 'package' || !isSubsequence(letters, `${packageName}/${symbol.name}`.toLowerCase())) continue
      found.push({ ...symbol, path, packageName })
    }
  }
  return found
}

function isSubsequence(letters: string, text: string): boolean {
  let at = 0
  for (const letter of letters) {
    at = text.indexOf(letter, at) + 1
    if (at === 0) return false
  }
  return true
}

export interface Fold {
  readonly span: Span
  readonly kind: 'region' | 'comment' | 'imports'
}

/** Blocks, lists, texts of several lines, runs of comments and of imports. Whoever shows them leaves out those of one line. */
export function foldsOf(document: Document): Fold[] {
  const folds: Fold[] = []
  const open: number[] = []
  for (const token of document.tokens) {
    const type = token.tokenType
    if (type === t.LCurly || type === t.LSquare || type === t.LParen) open.push(token.startOffset)
    else if (type === t.RCurly || type === t.RSquare || type === t.RParen) {
      const start = open.pop()
      if (start !== undefined) folds.push({ span: { start, end: token.startOffset }, kind: 'region' })
    } else if (type === t.TextBlock)
      folds.push({ span: { start: token.startOffset, end: endOf(token) }, kind: 'region' })
  }
  const imports = document.declarations.filter((declaration) => declaration.opening === 'import')
  const [first, last] = [imports[0], imports.at(-1)]
  if (first !== undefined && last !== undefined)
    folds.push({ span: { start: first.span.start, end: last.span.end }, kind: 'imports' })
  for (const match of document.text.matchAll(/^#[^\n]*(?:\n#[^\n]*)+/gm))
    folds.push({ span: { start: match.index, end: match.index + match[0].length }, kind: 'comment' })
  return folds
}
