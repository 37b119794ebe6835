/** `assay lsp`: the language server. Everything about the language is in `dsl/lsp`; here it speaks the protocol. */
import {
  createConnection,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  ProposedFeatures,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver/node'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { CONFIG_FILE } from '../config/find-config.ts'
import { VERSION } from '../version.ts'
import { registerFeatures } from './features.ts'
import { isAddress, pathOf } from './paths.ts'
import { registerProjectFeatures } from './project-features.ts'
import { Session } from './session.ts'
import { registerTestLens } from './test-lens.ts'

const DEBOUNCE_MS = 60

/** Serves until the client says `exit` or goes; the exit code is 0 after `shutdown`, else 1. */
export function serve(input: NodeJS.ReadStream, output: NodeJS.WriteStream): void {
  const connection = createConnection(ProposedFeatures.all, input, output)
  const documents = new TextDocuments(TextDocument)
  const session = new Session({
    publish: (uri, version, diagnostics) =>
      void connection.sendDiagnostics({ uri, diagnostics, ...(version === null ? {} : { version }) }),
    log: (message) => connection.console.error(message),
    debounceMs: DEBOUNCE_MS,
  })
  let initial: string[] = []
  let watches = false
  let folderEvents = false

  connection.onInitialize((params): InitializeResult => {
    initial = foldersOf(params)
    watches = params.capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration ?? false
    folderEvents = params.capabilities.workspace?.workspaceFolders ?? false
    const features = {
      ...registerFeatures(connection, session, params.capabilities),
      ...registerProjectFeatures(connection, session),
      ...registerTestLens(connection, session),
    }
    return {
      serverInfo: { name: 'assay', version: VERSION },
      capabilities: {
        positionEncoding: 'utf-16',
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: false },
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
        ...features,
      },
    }
  })
  connection.onInitialized(() => {
    if (watches)
      connection.client
        .register(DidChangeWatchedFilesNotification.type, {
          watchers: [{ globPattern: '**/*.eval' }, { globPattern: `**/${CONFIG_FILE}` }],
        })
        .catch((error: unknown) => connection.console.warn(`files are not watched: ${String(error)}`))
    if (folderEvents)
      connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        for (const { uri } of removed) session.removeFolder(pathOf(uri))
        for (const { uri } of added) void session.addFolder(pathOf(uri))
      })
    for (const folder of initial) void session.addFolder(folder)
  })
  connection.onDidChangeWatchedFiles(({ changes }) => {
    const isConfig = (uri: string): boolean => uri.endsWith(`/${CONFIG_FILE}`)
    for (const { uri } of changes) if (!isConfig(uri)) session.changedOnDisk(pathOf(uri))
    if (changes.some(({ uri }) => isConfig(uri))) void session.configChanged()
  })
  documents.onDidOpen(({ document }) => session.opened(document))
  documents.onDidChangeContent(({ document }) => session.changed(document))
  documents.onDidClose(({ document }) => session.closed(document.uri))
  connection.onShutdown(() => session.end())
  documents.listen(connection)
  connection.listen()
}

function foldersOf({ workspaceFolders, rootUri }: InitializeParams): string[] {
  const uris = workspaceFolders?.map((folder) => folder.uri) ?? (rootUri === null ? [] : [rootUri])
  return uris.map(pathOf).filter((path) => !isAddress(path))
}
