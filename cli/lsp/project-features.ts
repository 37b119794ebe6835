/** The requests that look through all files, which can be cancelled between two; and those that change files. */
import { setImmediate } from 'node:timers/promises'
import {
  type CancellationToken,
  type CodeAction,
  CodeActionKind,
  type Connection,
  LSPErrorCodes,
  ResponseError,
  type ServerCapabilities,
  type TextEdit as ShownEdit,
  type WorkspaceEdit,
} from 'vscode-languageserver/node'
import { applyFixes } from '../../dsl/apply-fixes.ts'
import { actionsFor } from '../../dsl/lsp/actions.ts'
import type { TextEdit } from '../../dsl/lsp/block-edits.ts'
import { targetAt, type Use, usesIn } from '../../dsl/lsp/navigation.ts'
import { searchSymbols } from '../../dsl/lsp/outline.ts'
import { renameAt, renameable } from '../../dsl/lsp/rename.ts'
import { rangeOf, shownDiagnostic, symbolKind } from './convert.ts'
import { placeOf } from './features.ts'
import { pathOf, uriOf } from './paths.ts'
import type { Session } from './session.ts'

const FIX_ALL = `${CodeActionKind.SourceFixAll}.assay`

/** Registers them; returns what the server says it can. */
export function registerProjectFeatures(connection: Connection, session: Session): Partial<ServerCapabilities> {
  const { workspace } = session

  connection.onReferences(async (params, token) => {
    const place = placeOf(session, params)
    const found = place === null ? null : targetAt(workspace, place.path, place.offset)
    if (found === null) return []
    const { target } = found
    const uses: Use[] = []
    for (const path of new Set([target.path, ...workspace.paths().sort()])) {
      if (target.space !== 'test' && workspace.textOf(path)?.includes(target.name) !== true) continue
      uses.push(...usesIn(workspace, path, target))
      await pause(token)
    }
    return uses.flatMap(({ path, span, declares }) => {
      const document = session.document(path)
      if (document === null || (declares && !params.context.includeDeclaration)) return []
      return [{ uri: uriOf(path), range: rangeOf(document, span) }]
    })
  })

  connection.onWorkspaceSymbol(({ query }) =>
    searchSymbols(workspace, query).flatMap(({ name, kind, nameSpan, path, packageName }) => {
      const document = session.document(path)
      if (document === null) return []
      const location = { uri: uriOf(path), range: rangeOf(document, nameSpan) }
      return [{ name, kind: symbolKind(kind), location, containerName: packageName }]
    }),
  )

  connection.onPrepareRename((params) => {
    const place = placeOf(session, params)
    const found = place === null ? null : renameable(workspace, place.path, place.offset)
    if (place === null || found === null) return null
    if (!found.ok) throw refusal(found.reason)
    return { range: rangeOf(place.document, found.span), placeholder: found.target.name }
  })

  connection.onRenameRequest((params) => {
    const place = placeOf(session, params)
    if (place === null) return null
    const renaming = renameAt(workspace, place.path, place.offset, params.newName)
    if (!renaming.ok) throw refusal(renaming.reason)
    return workspaceEdit(renaming.edits)
  })

  connection.onCodeAction((params): CodeAction[] => {
    const path = pathOf(params.textDocument.uri)
    const [text, document] = [session.document(path), workspace.document(path)]
    if (text === null || document === null || !workspace.has(path)) return []
    const only = params.context.only
    const wanted = (kind: string): boolean =>
      only === undefined || only.some((asked) => kind === asked || kind.startsWith(`${asked}.`))
    const from = text.offsetAt(params.range.start)
    const to = text.offsetAt(params.range.end)
    const near = workspace
      .diagnostics(path)
      .filter(({ span }) => span !== null && span.start <= to && from <= Math.max(span.start, span.end))
    const quick = near.flatMap((diagnostic) => actionsFor(document, diagnostic))
    const actions = quick.map(
      ({ title, diagnostic, edits, preferred }): CodeAction => ({
        title,
        kind: CodeActionKind.QuickFix,
        diagnostics: [shownDiagnostic(diagnostic, text)],
        edit: workspaceEdit(edits),
        ...(preferred ? { isPreferred: true } : {}),
      }),
    )
    const all = only !== undefined && wanted(FIX_ALL) ? fixAll(path) : []
    return [...(wanted(CodeActionKind.QuickFix) ? actions : []), ...all]
  })

  /** As `assay check --fix` does it, to this file alone. */
  function fixAll(path: string): CodeAction[] {
    const text = workspace.textOf(path)
    const document = session.document(path)
    if (text === null || document === null) return []
    const { texts } = applyFixes(new Map([[path, text]]), (now) => workspace.diagnosticsOf(path, now.get(path) ?? text))
    const fixed = texts.get(path)
    if (fixed === undefined) return []
    const edit = { path, span: { start: 0, end: text.length }, text: fixed }
    return [{ title: 'Repair what can be repaired', kind: FIX_ALL, edit: workspaceEdit([edit]) }]
  }

  function workspaceEdit(edits: readonly TextEdit[]): WorkspaceEdit {
    const changes: Record<string, ShownEdit[]> = {}
    for (const { path, span, text } of edits) {
      const document = session.document(path)
      if (document === null) continue
      const uri = uriOf(path)
      const list = changes[uri] ?? []
      list.push({ range: rangeOf(document, span), newText: text })
      changes[uri] = list
    }
    return { changes }
  }

  return {
    referencesProvider: true,
    workspaceSymbolProvider: true,
    renameProvider: { prepareProvider: true },
    codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, FIX_ALL] },
  }
}

function refusal(reason: string): ResponseError<void> {
  return new ResponseError(LSPErrorCodes.RequestFailed, reason)
}

/** Lets other messages in, a cancellation among them. */
async function pause(token: CancellationToken): Promise<void> {
  await setImmediate()
  if (token.isCancellationRequested) throw new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled')
}
