/** The requests of the protocol, each by one function of `dsl/lsp`. */
import type {
  ClientCapabilities,
  Connection,
  ServerCapabilities,
  TextDocumentPositionParams,
} from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import { completionsAt } from '../../dsl/lsp/completion.ts'
import { hoverAt } from '../../dsl/lsp/hover.ts'
import { rangeOf, shownItem } from './convert.ts'
import { pathOf, specifiersFor } from './paths.ts'
import type { Session } from './session.ts'

interface At {
  readonly path: string
  readonly document: TextDocument
  readonly offset: number
}

/** Registers all features; returns what the server says it can. */
export function registerFeatures(
  connection: Connection,
  session: Session,
  client: ClientCapabilities,
): Partial<ServerCapabilities> {
  const { workspace } = session
  const snippets = client.textDocument?.completion?.completionItem?.snippetSupport ?? false

  const at = ({ textDocument, position }: TextDocumentPositionParams): At | null => {
    const path = pathOf(textDocument.uri)
    const document = session.document(path)
    return document === null ? null : { path, document, offset: document.offsetAt(position) }
  }

  connection.onHover((params) => {
    const place = at(params)
    const document = place === null ? null : workspace.document(place.path)
    const analysis = place === null ? null : workspace.analysis(place.path)
    if (place === null || document === null || analysis === null) return null
    const hover = hoverAt(document, analysis, place.offset)
    if (hover === null) return null
    return { contents: { kind: 'markdown', value: hover.markdown }, range: rangeOf(place.document, hover.span) }
  })

  connection.onCompletion((params) => {
    const place = at(params)
    const document = place === null ? null : workspace.document(place.path)
    const module = place === null ? null : workspace.module(place.path)
    if (place === null || document === null || module === null) return []
    const specifiers = specifiersFor(place.path, workspace.paths())
    const items = completionsAt(document, module, place.offset, specifiers)
    return items.map((item) => shownItem(item, place.document, snippets))
  })

  return {
    hoverProvider: true,
    completionProvider: { triggerCharacters: ['.', ':', '"', '(', '['] },
  }
}
