/** The ids of each project, over all of its files: who declares them, and who had them before (`was:`). */
import { Reporter } from '../diagnostics/reporter.ts'
import { checkFormerIds, type Renamed } from '../former-ids.ts'
import type { Module } from '../module.ts'
import { Source } from '../source.ts'
import type { Ident } from '../syntax/ast.ts'

interface FileIds {
  readonly project: string
  readonly declared: ReadonlyMap<string, Ident>
  readonly renamed: readonly Renamed[]
}

export class IdTable {
  readonly #files = new Map<string, FileIds>()
  /** Files that declare an id or had it before, by project and id. */
  readonly #sharers = new Map<string, Set<string>>()

  set(path: string, project: string, module: Module, renamed: readonly Renamed[]): void {
    this.remove(path)
    const declared = new Map<string, Ident>()
    // Without a package there are no ids, which is told already.
    if (module.packageName !== '')
      for (const [name, decl] of module.names.rules) declared.set(`${module.packageName}/${name}`, decl.name)
    const own = renamed.filter((one) => one.reporter.source.path === path)
    const file = { project, declared, renamed: own }
    this.#files.set(path, file)
    for (const key of keysOf(file)) this.#sharers.set(key, (this.#sharers.get(key) ?? new Set()).add(path))
  }

  remove(path: string): void {
    const file = this.#files.get(path)
    this.#files.delete(path)
    for (const key of file === undefined ? [] : keysOf(file)) this.#sharers.get(key)?.delete(path)
  }

  /** Other files whose diagnostics depend on the ids of this one. */
  sharers(path: string): string[] {
    const file = this.#files.get(path)
    const found = new Set(
      (file === undefined ? [] : keysOf(file)).flatMap((key) => [...(this.#sharers.get(key) ?? [])]),
    )
    found.delete(path)
    return [...found]
  }

  /** Tells of ids of the file that another one has as well, as `assay check` of the whole project does. */
  report(path: string, reporter: Reporter): void {
    const file = this.#files.get(path)
    if (file === undefined) return
    for (const [id, name] of file.declared) {
      const first = this.#declaring(file.project, id)[0]
      if (first === undefined || first === path) continue
      reporter.report('E0119', name.span, `\`${id}\` is declared in another file as well`, {
        label: 'again',
        notes: ['an id is package/name, and results are stored by it', `it is declared in ${first}`],
      })
    }
    this.#reportFormer(path, file, reporter)
  }

  #reportFormer(path: string, file: FileIds, reporter: Reporter): void {
    if (file.renamed.length === 0) return
    const paths = [...this.#files].filter(([, other]) => other.project === file.project).map(([name]) => name)
    // What is told of other files is theirs to tell.
    const elsewhere = new Reporter(new Source(path, ''))
    const renamed = paths.sort().flatMap((name) =>
      (this.#files.get(name)?.renamed ?? []).map((one) => ({
        ...one,
        reporter: name === path ? reporter : elsewhere,
      })),
    )
    checkFormerIds(renamed, (id) => this.#declaring(file.project, id).length > 0)
  }

  #declaring(project: string, id: string): string[] {
    const sharing = [...(this.#sharers.get(`${project}\n${id}`) ?? [])]
    return sharing.filter((path) => this.#files.get(path)?.declared.has(id)).sort()
  }
}

function keysOf({ project, declared, renamed }: FileIds): string[] {
  return [...declared.keys(), ...renamed.flatMap((one) => one.was)].map((id) => `${project}\n${id}`)
}
