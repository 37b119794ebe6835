/**
 * `.eval` files from disk to a plan: all reading happens here, and whatever cannot be read is a diagnostic beside those of
 * the language.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import type { EvalCost } from '../dsl/cost/eval-cost.ts'
import type { CostLimits } from '../dsl/cost/limits.ts'
import type { Diagnostic } from '../dsl/diagnostics/diagnostic.ts'
import { diagnosticOfFile } from '../dsl/diagnostics/reporter.ts'
import type { Plan } from '../dsl/plan.ts'
import { checkProject, compileProject, type ProjectInput } from '../dsl/project.ts'
import type { ProjectCounts } from '../dsl/project-compiler.ts'
import type { LabelsFile, ReadLabels, ReadTraces, SourceText, TracesFile } from '../dsl/resolve.ts'
import { packFolder, pathOfEvals } from './pack-folder.ts'
import { reasonOf } from './reason-of.ts'

/** What was read, and what is wrong with it. */
export interface ReadEvals {
  diagnostics: Diagnostic[]
  /** Paths as in diagnostics and plans: as given or found, packs as `assay:NAME`. */
  files: string[]
  /** The text of every file that was read, imports included, by such a path. */
  sources: Map<string, string>
  /** Where a pack lies, for those that were named by their file: what people can open. */
  shownAs: Map<string, string>
}

export interface LoadedEvals extends ReadEvals {
  /** Files of labels that were looked for, there or not. */
  labelFiles: readonly string[]
  /** Null exactly when a diagnostic is an error. */
  plan: Plan | null
}

export interface CheckedEvals extends ReadEvals {
  /** Empty where nobody asked. */
  costs: readonly EvalCost[]
  /** Null exactly when a diagnostic is an error. */
  counts: ProjectCounts | null
}

export interface LoadOptions {
  /** Below folders, but for those that are named `golden` or `fixtures`: what lies there is for tests, and need not check. */
  readonly leavesOutFixtures?: boolean
  /** Looks into a file of traces that a test names; without it such a file has only to be there. */
  readonly readTraceFile?: (path: string) => TracesFile
}

const PACK = 'assay:'
const FIXTURES: ReadonlySet<string> = new Set(['fixtures', 'golden'])
/** More than any file that a person writes; checking stays well under a second. */
export const MAX_BYTES = 1_000_000

/**
 * Reads files, and folders with all `.eval` files below them (not in `node_modules` and hidden folders). Never throws on what
 * it finds there.
 */
export function loadEvals(paths: readonly string[], options: LoadOptions = {}): LoadedEvals {
  const reader = new EvalReader(paths, new Map(), options)
  const readTraces: ReadTraces = (from, path) => tracesFile(from, path, options)
  const { plan, diagnostics } = compileProject({ ...reader.project, readTraces, readLabels: reader.readLabels })
  const { labelFiles } = reader
  return {
    plan: reader.diagnostics.length > 0 ? null : plan,
    labelFiles: [...labelFiles],
    ...reader.result(diagnostics),
  }
}

/**
 * The same without a plan, for who asks only whether all is well: a good part faster. `texts` stand in place of the files of
 * their paths, which need not exist.
 */
export function checkEvals(
  paths: readonly string[],
  texts: ReadonlyMap<string, string> = new Map(),
  cost?: { limits: CostLimits },
): CheckedEvals {
  const reader = new EvalReader(paths, texts)
  const readTraces: ReadTraces = (from, path) => tracesFile(from, path, {})
  const input = { ...reader.project, readTraces, readLabels: reader.readLabels, ...(cost && { cost }) }
  const { counts, costs, diagnostics } = checkProject(input)
  return { counts: reader.diagnostics.length > 0 ? null : counts, costs, ...reader.result(diagnostics) }
}

/** The decoder of traces is loaded by those who run tests alone: checking has to start fast. */
export function tracesFile(from: string, path: string, { readTraceFile }: LoadOptions): TracesFile | null {
  // Nothing else: a diagnostic must not quote whatever file a test cares to name.
  if (!/\.(json|jsonl|ndjson|pb|otlp)(\.gz)?$/.test(path))
    return { ok: false, message: 'its name ends in none of .json .jsonl .ndjson .pb .otlp' }
  const found = shortest(resolve(folderOf(from), path))
  if (!statSync(found, { throwIfNoEntry: false })?.isFile()) return null
  return readTraceFile === undefined ? { ok: true, path: found, traceIds: null } : readTraceFile(found)
}

/** What `labels:` names; null where there is no such file. */
export function labelsFile(from: string, path: string): LabelsFile | null {
  // Nothing else, as with traces.
  if (!/\.(jsonl|ndjson)$/.test(path)) return { ok: false, message: 'its name ends in neither .jsonl nor .ndjson' }
  const found = resolve(folderOf(from), path)
  if (!statSync(found, { throwIfNoEntry: false })?.isFile()) return null
  const read = readText(found)
  return read.kind === 'text' ? { ok: true, text: read.text } : { ok: false, message: read.message }
}

function folderOf(from: string): string {
  return from.startsWith(PACK) ? packFolder : dirname(from)
}

class EvalReader {
  readonly diagnostics: Diagnostic[] = []
  readonly inputs = new Map<string, SourceText>()
  readonly sources = new Map<string, string>()
  readonly shownAs = new Map<string, string>()
  /** From real path to the path that stands for it, so that a file has one identity however it is reached. */
  readonly #names = new Map<string, string>()
  readonly #packs = realPath(packFolder)
  readonly labelFiles = new Set<string>()
  /** By real path. */
  readonly #texts: ReadonlyMap<string, string>

  readonly #leavesOut: ReadonlySet<string>

  constructor(paths: readonly string[], texts: ReadonlyMap<string, string> = new Map(), options: LoadOptions = {}) {
    this.#leavesOut = options.leavesOutFixtures === true ? FIXTURES : new Set()
    this.#texts = new Map([...texts].map(([path, text]) => [realPath(path), text]))
    for (const path of paths) this.#add(path)
  }

  get project(): ProjectInput {
    const files = [...this.inputs.values()]
    return { files, readImport: (from, specifier) => this.readImport(from, specifier) }
  }

  /** To be asked once all imports were followed. */
  result(ofLanguage: readonly Diagnostic[]): ReadEvals {
    return {
      diagnostics: [...this.diagnostics, ...ofLanguage],
      files: [...this.inputs.keys()],
      sources: this.sources,
      shownAs: this.shownAs,
    }
  }

  readonly readLabels: ReadLabels = (from, path) => {
    this.labelFiles.add(resolve(folderOf(from), path))
    return labelsFile(from, path)
  }

  #add(given: string): void {
    const path = pathOfEvals(given)
    if (this.#textOf(path) !== undefined) {
      this.#addFile(path)
      return
    }
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) this.diagnostics.push(diagnosticOfFile(path, 'E0001', 'there is no such file or folder'))
    else if (stats.isDirectory()) this.#addFolder(path)
    else this.#addFile(path)
  }

  #addFolder(folder: string): void {
    let entries: ReturnType<typeof listFolder>
    try {
      entries = listFolder(folder)
    } catch (error) {
      this.diagnostics.push(diagnosticOfFile(folder, 'E0001', `this folder cannot be read: ${reasonOf(error)}`))
      return
    }
    for (const { name, isFolder } of entries) {
      const path = folder === '.' ? name : join(folder, name)
      if (isFolder && !this.#leavesOut.has(name)) this.#addFolder(path)
      else if (!isFolder && name.endsWith('.eval')) this.#addFile(path)
    }
  }

  #addFile(path: string): void {
    const name = this.#nameOf(path, path)
    if (this.inputs.has(name)) return
    if (name !== path) this.shownAs.set(name, path)
    const read = this.#read(path)
    if (read.kind === 'refused') this.diagnostics.push(diagnosticOfFile(path, read.code, read.message))
    else this.#take(name, read.text, true)
  }

  /** What stands in place of a file. */
  #textOf(path: string): string | undefined {
    return this.#texts.size === 0 ? undefined : this.#texts.get(realPath(path))
  }

  #read(path: string): Read {
    const text = this.#textOf(path)
    if (text === undefined) return readText(path)
    return text.length > MAX_BYTES
      ? { kind: 'refused', code: 'E0003', message: `this text is longer than ${MAX_BYTES}: it is not read` }
      : { kind: 'text', text }
  }

  #take(name: string, text: string, input: boolean): SourceText {
    const file = { path: name, text }
    this.sources.set(name, text)
    if (input) this.inputs.set(name, file)
    return file
  }

  readImport(from: string, specifier: string): SourceText | null {
    const path = this.#locate(from, specifier)
    if (path === null || !(this.#textOf(path) !== undefined || existsSync(path))) return null
    const name = this.#nameOf(path, shortest(path))
    const known = this.sources.get(name)
    if (known !== undefined) return { path: name, text: known }
    const read = this.#read(path)
    if (read.kind === 'text') return this.#take(name, read.text, false)
    this.diagnostics.push(diagnosticOfFile(name, read.code, read.message))
    return null
  }

  #locate(from: string, specifier: string): string | null {
    if (specifier.startsWith(PACK)) {
      const pack = specifier.slice(PACK.length)
      return /^[\w-]+$/.test(pack) ? join(packFolder, `${pack}.eval`) : null
    }
    // Nothing but .eval files: a diagnostic's excerpt must not print whatever file a rule cares to name.
    if (!/^\.\.?\/.*\.eval$/.test(specifier)) return null
    return resolve(folderOf(from), specifier)
  }

  #nameOf(path: string, otherwise: string): string {
    const real = realPath(path)
    const known = this.#names.get(real)
    if (known !== undefined) return known
    const inPacks = dirname(real) === this.#packs && real.endsWith('.eval')
    const name = inPacks ? `${PACK}${basename(real, '.eval')}` : otherwise.split(sep).join('/')
    this.#names.set(real, name)
    return name
  }
}

/** Names of the `.eval` files that `loadEvals` would read at a path; what cannot be listed has none. */
export function evalFilesBelow(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path]
  try {
    return listFolder(path).flatMap(({ name, isFolder }) => {
      if (isFolder) return evalFilesBelow(join(path, name))
      return name.endsWith('.eval') ? [join(path, name)] : []
    })
  } catch {
    return []
  }
}

function listFolder(folder: string): { name: string; isFolder: boolean }[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

export type Read =
  | { kind: 'text'; text: string }
  | { kind: 'refused'; code: 'E0001' | 'E0002' | 'E0003'; message: string }

/** A text of at most a megabyte in UTF-8; the formatter keeps a byte order mark, to see that it is there. */
export function readText(path: string, { keepMark = false } = {}): Read {
  try {
    const stats = statSync(path)
    if (stats.isDirectory()) return { kind: 'refused', code: 'E0001', message: 'this is a folder, not a file' }
    return stats.size > MAX_BYTES ? tooLarge(stats.size) : textOf(readFileSync(path), { keepMark })
  } catch (error) {
    return { kind: 'refused', code: 'E0001', message: `this file cannot be read: ${reasonOf(error)}` }
  }
}

/** The text that a file's bytes hold, wherever they come from. */
export function textOf(bytes: Uint8Array, { keepMark = false } = {}): Read {
  if (bytes.length > MAX_BYTES) return tooLarge(bytes.length)
  if (bytes.includes(0)) return { kind: 'refused', code: 'E0002', message: 'this file is not a text: it has NUL bytes' }
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: keepMark }).decode(bytes) }
  } catch {
    return { kind: 'refused', code: 'E0002', message: 'this file is not a text in UTF-8' }
  }
}

function tooLarge(sizeBytes: number): Read {
  const message = `this file has ${sizeBytes} bytes: more than ${MAX_BYTES} are not read`
  return { kind: 'refused', code: 'E0003', message }
}

export function realPath(path: string): string {
  try {
    // Asks the system once, where the other one asks for each folder on the way.
    return realpathSync.native(path)
  } catch {
    return resolve(path)
  }
}

/** Relative to where the command runs, when that is inside. */
function shortest(path: string): string {
  const near = relative('.', path)
  return near.startsWith('..') || isAbsolute(near) ? path : near
}
