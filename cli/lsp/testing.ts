/** A client of the language server, as an editor is one: a process of its own, spoken to by the protocol. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  createProtocolConnection,
  type Diagnostic,
  type InitializeParams,
  type InitializeResult,
  type Position,
  type ProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

export function startServer(): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [main, 'lsp', '--stdio'])
}

export class Client implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'assay-lsp-'))
  readonly process: ChildProcessWithoutNullStreams
  readonly connection: ProtocolConnection
  /** What the server told last of each file, by address. */
  readonly diagnostics = new Map<string, { version: number | undefined; diagnostics: Diagnostic[] }>()
  readonly messages: string[] = []
  readonly #texts = new Map<string, { text: string; version: number }>()
  readonly #waiting = new Set<() => void>()

  constructor(files: Record<string, string> = {}) {
    for (const [name, text] of Object.entries(files)) this.write(name, text)
    this.process = startServer()
    this.connection = createProtocolConnection(
      new StreamMessageReader(this.process.stdout),
      new StreamMessageWriter(this.process.stdin),
    )
    this.connection.onNotification('textDocument/publishDiagnostics', (params) => {
      this.diagnostics.set(params.uri, { version: params.version, diagnostics: params.diagnostics })
      for (const wake of this.#waiting) wake()
    })
    this.connection.onNotification('window/showMessage', ({ message }) => {
      this.messages.push(message)
      for (const wake of this.#waiting) wake()
    })
    this.connection.onRequest('client/registerCapability', () => null)
    this.connection.onRequest('workspace/codeLens/refresh', () => null)
    this.connection.listen()
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return this.uri(name)
  }

  uri(name: string): string {
    return pathToFileURL(join(this.folder, name)).href
  }

  async initialize(params: Partial<InitializeParams> = {}): Promise<InitializeResult> {
    const uri = pathToFileURL(this.folder).href
    const result = await this.connection.sendRequest<InitializeResult>('initialize', {
      processId: process.pid,
      rootUri: null,
      workspaceFolders: [{ uri, name: 'test' }],
      capabilities: {
        workspace: { workspaceFolders: true, didChangeWatchedFiles: { dynamicRegistration: true } },
        textDocument: {
          completion: { completionItem: { snippetSupport: true } },
          codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ['quickfix', 'source.fixAll'] } } },
        },
      },
      ...params,
    })
    await this.connection.sendNotification('initialized', {})
    return result
  }

  /** Opens a file with a text, which need not be the one on disk. */
  async open(name: string, text: string): Promise<string> {
    const uri = name.includes(':') ? name : this.uri(name)
    this.#texts.set(uri, { text, version: 1 })
    await this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'eval', version: 1, text },
    })
    return uri
  }

  async change(uri: string, text: string): Promise<number> {
    const version = (this.#texts.get(uri)?.version ?? 0) + 1
    this.#texts.set(uri, { text, version })
    await this.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges: [{ text }],
    })
    return version
  }

  async close(uri: string): Promise<void> {
    await this.connection.sendNotification('textDocument/didClose', { textDocument: { uri } })
  }

  /** The place of `mark` in an open text; `within`: so many characters further. */
  position(uri: string, mark: string, within = 0): Position {
    const text = this.#texts.get(uri)?.text ?? ''
    const offset = text.indexOf(mark)
    if (offset < 0) throw new Error(`${JSON.stringify(mark)} is not in the text`)
    return positionOf(text, offset + within)
  }

  /** A request about a place. */
  ask<T>(method: string, uri: string, mark: string, within = 0, more: object = {}): Promise<T> {
    const position = this.position(uri, mark, within)
    return this.connection.sendRequest<T>(method, { textDocument: { uri }, position, ...more })
  }

  /** Waits until what the server told fits. */
  async until<T>(look: () => T | undefined | false): Promise<T> {
    for (;;) {
      const found = look()
      if (found !== undefined && found !== false) return found
      await new Promise<void>((wake) => {
        const done = (): void => {
          this.#waiting.delete(done)
          wake()
        }
        this.#waiting.add(done)
      })
    }
  }

  codesOf(uri: string): string[] | undefined {
    return this.diagnostics.get(uri)?.diagnostics.map((diagnostic) => String(diagnostic.code))
  }

  /** Waits for exactly these codes. */
  async codes(uri: string, wanted: readonly string[]): Promise<Diagnostic[]> {
    await this.until(() => JSON.stringify(this.codesOf(uri)) === JSON.stringify(wanted))
    return this.diagnostics.get(uri)?.diagnostics ?? []
  }

  /** Ends the server as an editor does; returns its exit code. */
  async stop(): Promise<number | null> {
    const exited = once(this.process, 'exit')
    await this.connection.sendRequest('shutdown')
    await this.connection.sendNotification('exit')
    const [code] = (await exited) as [number | null]
    return code
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null) {
      const exited = once(this.process, 'exit')
      this.process.kill()
      await exited
    }
    this.connection.dispose()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export function positionOf(text: string, offset: number): Position {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length - 1, character: offset - (before.lastIndexOf('\n') + 1) }
}

/** A text after edits of the protocol. */
export function edited(
  text: string,
  edits: readonly { range: { start: Position; end: Position }; newText: string }[],
): string {
  const lines = text.split('\n')
  const offset = ({ line, character }: Position): number =>
    lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0) + character
  const ordered = [...edits].sort((a, b) => offset(b.range.start) - offset(a.range.start))
  return ordered.reduce(
    (now, { range, newText }) => now.slice(0, offset(range.start)) + newText + now.slice(offset(range.end)),
    text,
  )
}
