/** The requests about a place or a document, each answered by a function of `dsl/lsp`. */
import {
  type ClientCapabilities,
  type Connection,
  DocumentHighlightKind,
  type FoldingRange,
  type ServerCapabilities,
  type TextDocumentPositionParams,
} from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import { formatText } from '../../dsl/format/format.ts'
import { completionsAt } from '../../dsl/lsp/completion.ts'
import { hoverAt } from '../../dsl/lsp/hover.ts'
import { definitionAt, targetAt, usesIn } from '../../dsl/lsp/navigation.ts'
import { foldsOf, symbolsOf } from '../../dsl/lsp/outline.ts'
import { rangeOf, shownItem, symbolKind } from './convert.ts'
import { pathOf, specifiersFor, uriOf } from './paths.ts'
import type { Session } from './session.ts'

export interface At {
  readonly path: string
  readonly document: TextDocument
  readonly offset: number
}

/** Where a request points; null when there is no such file. */
export function placeOf(session: Session, { textDocument, position }: TextDocumentPositionParams): At | null {
  const path = pathOf(textDocument.uri)
  const document = session.document(path)
  return document === null ? null : { path, document, offset: document.offsetAt(position) }
}

/** Registers them; returns what the server says it can. */
export function registerFeatures(
  connection: Connection,
  session: Session,
  client: ClientCapabilities,
): Partial<ServerCapabilities> {
  const { workspace } = session
  const snippets = client.textDocument?.completion?.completionItem?.snippetSupport ?? false

  connection.onHover((params) => {
    const place = placeOf(session, params)
    const document = place === null ? null : workspace.document(place.path)
    const analysis = place === null ? null : workspace.analysis(place.path)
    if (place === null || document === null || analysis === null) return null
    const hover = hoverAt(document, analysis, place.offset)
    if (hover === null) return null
    return { contents: { kind: 'markdown', value: hover.markdown }, range: rangeOf(place.document, hover.span) }
  })

  connection.onCompletion((params) => {
    const place = placeOf(session, params)
    const document = place === null ? null : workspace.document(place.path)
    const module = place === null ? null : workspace.module(place.path)
    if (place === null || document === null || module === null) return []
    const specifiers = specifiersFor(place.path, workspace.paths())
    const items = completionsAt(document, module, place.offset, specifiers)
    return items.map((item) => shownItem(item, place.document, snippets))
  })

  connection.onDefinition((params) => {
    const place = placeOf(session, params)
    const found = place === null ? null : definitionAt(workspace, place.path, place.offset)
    const home = found === null ? null : session.document(found.path)
    return found === null || home === null ? null : { uri: uriOf(found.path), range: rangeOf(home, found.span) }
  })

  connection.onDocumentHighlight((params) => {
    const place = placeOf(session, params)
    const found = place === null ? null : targetAt(workspace, place.path, place.offset)
    if (place === null || found === null) return []
    return usesIn(workspace, place.path, found.target).map(({ span, declares }) => ({
      range: rangeOf(place.document, span),
      kind: declares ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
    }))
  })

  connection.onDocumentSymbol(({ textDocument }) => {
    const path = pathOf(textDocument.uri)
    const [text, document] = [session.document(path), workspace.document(path)]
    if (text === null || document === null) return []
    return symbolsOf(document).map(({ name, kind, span, nameSpan }) => ({
      name: name === '' ? '…' : name,
      detail: kind,
      kind: symbolKind(kind),
      range: rangeOf(text, span),
      selectionRange: rangeOf(text, nameSpan),
    }))
  })

  connection.onFoldingRanges(({ textDocument }) => {
    const path = pathOf(textDocument.uri)
    const [text, document] = [session.document(path), workspace.document(path)]
    if (text === null || document === null) return []
    return foldsOf(document).flatMap(({ span, kind }): FoldingRange[] => {
      const { start, end } = rangeOf(text, span)
      // A closing bracket stays in sight.
      const endLine = kind === 'region' ? end.line - 1 : end.line
      return endLine > start.line ? [{ startLine: start.line, endLine, kind }] : []
    })
  })

  connection.onDocumentFormatting(({ textDocument }) => {
    const path = pathOf(textDocument.uri)
    const document = session.document(path)
    if (document === null) return null
    const formatted = formatText(document.getText(), path)
    if (formatted.kind === 'refused' || formatted.text === document.getText()) return []
    return [smallestEdit(document, formatted.text)]
  })

  return {
    hoverProvider: true,
    completionProvider: { triggerCharacters: ['.', ':', '"', '(', '['] },
    definitionProvider: true,
    documentHighlightProvider: true,
    documentSymbolProvider: true,
    foldingRangeProvider: true,
    documentFormattingProvider: true,
  }
}

/** What begins and ends alike stays, so that cursors and folds do. */
function smallestEdit(document: TextDocument, after: string) {
  const before = document.getText()
  let start = 0
  while (start < before.length && before[start] === after[start]) start++
  let end = 0
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end)) end++
  return {
    range: rangeOf(document, { start, end: before.length - end }),
    newText: after.slice(start, after.length - end),
  }
}
