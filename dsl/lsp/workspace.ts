/**
 * Files that are edited, and what is known of each. A file is checked by itself together with what it imports; its tree is
 * kept for as long as its text is the same, and its check until a file changes that it depends on. So an edit costs one
 * parse, and one check for each file that sees it.
 */
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { Reporter } from '../diagnostics/reporter.ts'
import type { Module } from '../module.ts'
import type { Plan } from '../plan.ts'
import { type Analysis, analyseProject, compileProject, type ProjectInput } from '../project.ts'
import { type Parsed, parseText, type ReadLabels, type ReadTraces, type SourceText } from '../resolve.ts'
import { Source } from '../source.ts'
import { type Document, documentOf } from './document.ts'
import { IdTable } from './id-table.ts'

export interface Host {
  /** The path that an import stands for; null when it can stand for none. Whether there is such a file is not asked. */
  resolve(fromPath: string, specifier: string): string | null
  /** The text of a file that the workspace was not given: packs, and files outside. */
  read(path: string): string | null
  /** What `given file "PATH"` stands for; left out, such files are taken as they are named. */
  readTraces?: ReadTraces
  /** What `labels: "PATH"` stands for; left out, such files are taken for empty. */
  readLabels?: ReadLabels
  /** What an eval of a project may cost; null or left out: anything. */
  perEvalLimit?(project: string): number | null
}

interface Entry {
  readonly path: string
  text: string
  /** Ids are unique within a project. */
  readonly project: string
  checked: Checked | null
}

interface Checked {
  readonly analysis: Analysis
  /** Paths of all that it imports, directly and not, those included that are not there. */
  readonly reads: ReadonlySet<string>
}

export class Workspace {
  readonly #host: Host
  readonly #entries = new Map<string, Entry>()
  readonly #parsed = new Map<string, Parsed>()
  readonly #documents = new Map<string, Document>()
  /** Of files outside; null: not there. */
  readonly #outside = new Map<string, string | null>()
  readonly #ids = new IdTable()

  constructor(host: Host) {
    this.#host = host
  }

  /** Gives a file, or its new text. Returns the files whose diagnostics this may change; none when nothing changes. */
  set(path: string, text: string, project = ''): string[] {
    const known = this.#entries.get(path)
    if (known?.text === text && known.project === project) return []
    const affected = this.#invalidate(path)
    this.#entries.set(path, { path, text, project, checked: null })
    return [...affected.add(path)]
  }

  /** Takes a file out. Returns the files whose diagnostics this may change. */
  remove(path: string): string[] {
    if (!this.#entries.has(path)) return this.forget(path)
    const affected = this.#invalidate(path)
    this.#entries.delete(path)
    affected.delete(path)
    return [...affected]
  }

  /** Says that a file outside is no longer what it was, or may be there now. Returns who is to be looked at again. */
  forget(path: string): string[] {
    if (this.#entries.has(path)) return []
    return [...this.#invalidate(path)]
  }

  /** Says that limits may be others now. Returns all files. */
  recheck(): string[] {
    for (const entry of this.#entries.values()) entry.checked = null
    return this.paths()
  }

  has(path: string): boolean {
    return this.#entries.has(path)
  }

  paths(): string[] {
    return [...this.#entries.keys()]
  }

  /** Null: there is no such file, or it cannot be read. */
  textOf(path: string): string | null {
    const own = this.#entries.get(path)
    if (own !== undefined) return own.text
    const known = this.#outside.get(path)
    if (known !== undefined) return known
    const text = this.#host.read(path)
    this.#outside.set(path, text)
    return text
  }

  /** The tokens and declarations of a file. */
  document(path: string): Document | null {
    const text = this.textOf(path)
    if (text === null) return null
    const known = this.#documents.get(path)
    if (known?.text === text) return known
    const made = documentOf(path, text)
    this.#documents.set(path, made)
    return made
  }

  /** What is known of a file, and of all that it imports. Of a file outside it is worked out anew on each call. */
  analysis(path: string): Analysis | null {
    const entry = this.#entries.get(path)
    if (entry !== undefined) return this.#check(entry).analysis
    const text = this.textOf(path)
    return text === null ? null : this.#analyse({ path, text }).analysis
  }

  /** The plan of a file and what it imports, to run its tests; null when it is in error. */
  plan(path: string, readTraces: ReadTraces): Plan | null {
    const text = this.textOf(path)
    return text === null ? null : compileProject({ ...this.#input({ path, text }, new Set()), readTraces }).plan
  }

  module(path: string): Module | null {
    return this.analysis(path)?.modules.get(path) ?? null
  }

  /** As `assay check` of the whole project tells them; empty for a file that the workspace was not given. */
  diagnostics(path: string): Diagnostic[] {
    const entry = this.#entries.get(path)
    if (entry === undefined) return []
    const { analysis } = this.#check(entry)
    const own = analysis.diagnostics.filter((diagnostic) => diagnostic.file === path)
    const reporter = new Reporter(new Source(path, entry.text), own)
    this.#ids.report(path, reporter)
    return reporter.diagnostics
  }

  /** Those of a file as if it had another text. */
  diagnosticsOf(path: string, text: string): Diagnostic[] {
    return this.#analyse({ path, text }).analysis.diagnostics.filter((diagnostic) => diagnostic.file === path)
  }

  /** Checks a file that is not checked yet. Returns others whose diagnostics depend on what came out. */
  check(path: string): string[] {
    const entry = this.#entries.get(path)
    if (entry === undefined || entry.checked !== null) return []
    this.#check(entry)
    return this.#ids.sharers(path)
  }

  /** True when an answer about the file needs no work. */
  isChecked(path: string): boolean {
    return this.#entries.get(path)?.checked != null
  }

  #check(entry: Entry): Checked {
    if (entry.checked !== null) return entry.checked
    const checked = this.#analyse(entry)
    entry.checked = checked
    const module = checked.analysis.modules.get(entry.path)
    if (module !== undefined) this.#ids.set(entry.path, entry.project, module, checked.analysis.renamed)
    return checked
  }

  #analyse({ path, text }: SourceText): Checked {
    const reads = new Set<string>()
    const analysis = analyseProject(this.#input({ path, text }, reads))
    return { analysis, reads }
  }

  #input(file: SourceText, reads: Set<string>): ProjectInput {
    const { readTraces, readLabels } = this.#host
    const perEval = this.#host.perEvalLimit?.(this.#entries.get(file.path)?.project ?? '') ?? null
    return {
      ...(perEval === null ? {} : { cost: { limits: { perEval, total: null } } }),
      files: [file],
      readImport: (from, specifier) => {
        const target = this.#host.resolve(from, specifier)
        if (target === null) return null
        reads.add(target)
        const text = this.textOf(target)
        return text === null ? null : { path: target, text }
      },
      parse: (text) => this.#parse(text),
      ...(readTraces === undefined ? {} : { readTraces }),
      ...(readLabels === undefined ? {} : { readLabels }),
    }
  }

  #parse(file: SourceText): Parsed {
    const known = this.#parsed.get(file.path)
    if (known?.source.text === file.text) return known
    const parsed = parseText(file)
    this.#parsed.set(file.path, parsed)
    return parsed
  }

  /** Drops what was known through a file; returns whose diagnostics that concerns. */
  #invalidate(path: string): Set<string> {
    const affected = new Set<string>()
    this.#outside.delete(path)
    for (const entry of this.#entries.values()) {
      if (entry.path !== path && !entry.checked?.reads.has(path)) continue
      for (const other of this.#ids.sharers(entry.path)) affected.add(other)
      this.#ids.remove(entry.path)
      if (entry.path !== path) affected.add(entry.path)
      entry.checked = null
    }
    if (!this.#entries.has(path)) this.#parsed.delete(path)
    affected.delete(path)
    return affected
  }
}
