/**
 * What the server holds: the workspace, what is open in the editor, and which files' diagnostics are to be told anew. Files
 * are checked one at a time with a pause between, so that a request never waits for more than one check.
 */
import { setImmediate } from 'node:timers/promises'
import type { Diagnostic as Shown } from 'vscode-languageserver/node'
import { TextDocument } from 'vscode-languageserver-textdocument'
import type { Diagnostic } from '../../dsl/diagnostics/diagnostic.ts'
import { diagnosticOfFile } from '../../dsl/diagnostics/reporter.ts'
import { Workspace } from '../../dsl/lsp/workspace.ts'
import { loadConfig } from '../config/load-config.ts'
import { labelsFile, MAX_BYTES, readText, tracesFile } from '../load-evals.ts'
import { shownDiagnostic } from './convert.ts'
import { folderFiles } from './folder-files.ts'
import { filePathOf, isAddress, isInside, pathOf, resolveImport, uriOf } from './paths.ts'

export interface SessionOptions {
  publish(uri: string, version: number | null, diagnostics: Shown[]): void
  log(message: string): void
  /** From the last key to the check: while somebody writes, nobody reads what is wrong. */
  debounceMs: number
}

export class Session {
  readonly workspace: Workspace
  readonly #options: SessionOptions
  readonly #open = new Map<string, TextDocument>()
  readonly #texts = new Map<string, TextDocument>()
  readonly #folders = new Map<string, AbortController>()
  /** Files without a readable text: told in place of a check. */
  readonly #refused = new Map<string, Diagnostic>()
  /** Outcomes of tests that were run, until their file changes. */
  readonly #outcomes = new Map<string, Shown[]>()
  readonly #dirty = new Set<string>()
  /** What an eval may cost by `assay.yaml`, by folder. */
  readonly #limits = new Map<string, number | null>()
  /** Files about which the editor was told something. */
  readonly #told = new Set<string>()
  #timer: NodeJS.Timeout | null = null
  #working = false
  #ended = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.workspace = new Workspace({
      resolve: resolveImport,
      read: (path) => {
        if (isAddress(path)) return null
        const read = readText(filePathOf(path))
        return read.kind === 'text' ? read.text : null
      },
      readTraces: (from, path) => tracesFile(from, path, {}),
      readLabels: labelsFile,
      perEvalLimit: (project) => this.#limits.get(project) ?? null,
    })
  }

  /** The text of a file with its positions; null when there is none. */
  document(path: string): TextDocument | null {
    const open = this.#open.get(path)
    if (open !== undefined) return open
    const text = this.workspace.textOf(path)
    if (text === null) return null
    const known = this.#texts.get(path)
    if (known?.getText() === text) return known
    const made = TextDocument.create(uriOf(path), 'eval', 0, text)
    this.#texts.set(path, made)
    return made
  }

  get folders(): string[] {
    return [...this.#folders.keys()]
  }

  opened(document: TextDocument): void {
    this.changed(document, 0)
  }

  /** A document's new text, which stands in place of the file's. */
  changed(document: TextDocument, delayMs = this.#options.debounceMs): void {
    const path = pathOf(document.uri)
    this.#open.set(path, document)
    this.#outcomes.delete(path)
    this.#give(path, document.getText())
    this.#dirty.add(path)
    this.#schedule(delayMs)
  }

  closed(uri: string): void {
    const path = pathOf(uri)
    this.#open.delete(path)
    this.#outcomes.delete(path)
    this.#fromDisk(path)
    this.#schedule(0)
  }

  /** An `assay.yaml` changed: all is looked at by what it says now. */
  async configChanged(): Promise<void> {
    for (const folder of this.folders) await this.#readConfig(folder)
    this.#mark(this.workspace.recheck())
    this.#schedule(0)
  }

  async #readConfig(folder: string): Promise<void> {
    const loaded = await loadConfig([folder])
    if (!loaded.ok) for (const problem of loaded.problems) this.#options.log(problem)
    this.#limits.set(folder, loaded.ok ? (loaded.config?.cost.perEval ?? null) : null)
  }

  /** A file changed on disk, came or went. What is open in the editor counts as it is there. */
  changedOnDisk(path: string): void {
    if (!this.#open.has(path)) this.#fromDisk(path)
    this.#schedule(0)
  }

  /** Takes in all files below a folder, as they are found. */
  async addFolder(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return
    const controller = new AbortController()
    this.#folders.set(folder, controller)
    await this.#readConfig(folder)
    // What is open already belongs to the folder from now on.
    for (const document of this.#open.values()) {
      const path = pathOf(document.uri)
      if (isInside(folder, path)) this.#give(path, document.getText())
    }
    for await (const path of folderFiles(folder, controller.signal)) {
      const key = pathOf(uriOf(path))
      if (!this.#open.has(key) && !this.workspace.has(key)) this.#fromDisk(key)
    }
    this.#schedule(0)
  }

  removeFolder(folder: string): void {
    this.#folders.get(folder)?.abort()
    this.#folders.delete(folder)
    for (const path of this.workspace.paths()) if (isInside(folder, path) && !this.#open.has(path)) this.#fromDisk(path)
    this.#schedule(0)
  }

  setOutcomes(path: string, outcomes: Shown[]): void {
    this.#outcomes.set(path, outcomes)
    this.#publish(path)
  }

  end(): void {
    this.#ended = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    for (const controller of this.#folders.values()) controller.abort()
  }

  #fromDisk(path: string): void {
    const wanted = this.#folders.keys().some((folder) => isInside(folder, path))
    if (!wanted || isAddress(path)) {
      this.#refused.delete(path)
      this.#mark(this.workspace.remove(path))
      this.#dirty.add(path)
      return
    }
    const read = readText(filePathOf(path))
    if (read.kind === 'text') {
      this.#give(path, read.text)
      return
    }
    this.#mark(this.workspace.remove(path))
    this.#dirty.add(path)
    // A file that is gone has nothing wrong with it.
    if (read.code === 'E0001') this.#refused.delete(path)
    else this.#refused.set(path, diagnosticOfFile(path, read.code, read.message))
  }

  #give(path: string, text: string): void {
    if (text.length > MAX_BYTES) {
      this.#refused.set(path, diagnosticOfFile(path, 'E0003', `this text is longer than ${MAX_BYTES}: it is not read`))
      this.#mark(this.workspace.remove(path))
      this.#dirty.add(path)
      return
    }
    this.#refused.delete(path)
    this.#mark(this.workspace.set(path, text, this.#projectOf(path)))
  }

  /** The innermost folder that holds a file; a file outside of all is a project of its own. */
  #projectOf(path: string): string {
    const holding = this.folders.filter((folder) => isInside(folder, path)).sort((a, b) => b.length - a.length)
    return holding[0] ?? path
  }

  #mark(paths: readonly string[]): void {
    for (const path of paths) this.#dirty.add(path)
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#work()
    }, delayMs)
  }

  async #work(): Promise<void> {
    if (this.#working) return
    this.#working = true
    try {
      // An edit in between starts the timer, which comes back to what is left.
      while (this.#timer === null && !this.#ended) {
        const path = this.#next()
        if (path === null) break
        this.#dirty.delete(path)
        try {
          this.#mark(this.workspace.check(path))
          this.#publish(path)
        } catch (error) {
          // A bug met in one file: the editor goes on being served in the others.
          this.#options.log(`${path}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
        }
        await setImmediate()
      }
    } finally {
      this.#working = false
    }
  }

  /** What the editor shows comes first, the last opened or edited before others. */
  #next(): string | null {
    let found: string | null = null
    for (const path of this.#dirty) {
      if (this.#open.has(path)) found = path
      else found ??= path
    }
    return found
  }

  #publish(path: string): void {
    const open = this.#open.get(path)
    const refused = this.#refused.get(path)
    const document = open ?? this.document(path)
    const diagnostics = refused === undefined ? this.workspace.diagnostics(path) : [refused]
    const empty = TextDocument.create(uriOf(path), 'eval', 0, '')
    const shown = [
      ...diagnostics.map((diagnostic) => shownDiagnostic(diagnostic, document ?? empty)),
      ...(this.#outcomes.get(path) ?? []),
    ]
    if (shown.length === 0 && open === undefined && !this.#told.has(path)) return
    if (shown.length === 0 && open === undefined) this.#told.delete(path)
    else this.#told.add(path)
    this.#options.publish(uriOf(path), open?.version ?? null, shown)
  }
}
