/** The definitions of a git revision, compiled as those on the disk are. */
import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, join, posix, relative, resolve, sep } from 'node:path'
import type { Diagnostic } from '../../dsl/diagnostics/diagnostic.ts'
import { diagnosticOfFile } from '../../dsl/diagnostics/reporter.ts'
import { compileProject } from '../../dsl/project.ts'
import type { SourceText } from '../../dsl/resolve.ts'
import { type LoadedEvals, realPath, textOf } from '../load-evals.ts'
import { packFolder } from '../pack-folder.ts'
import { type GitAnswer, type Repository, type Revision, showRevision } from './git.ts'
import { type FilesOfRevision, readFilesOfRevision } from './tree.ts'

const PACK = 'assay:'

/**
 * Files and folders by the paths that they have on the disk; one that the revision does not have holds nothing there. Standard
 * packs come with this program, unless the repository is their home.
 */
export function loadRevision(
  repository: Repository,
  revision: Revision,
  paths: readonly string[],
): GitAnswer<LoadedEvals> {
  const inside: string[] = []
  for (const path of paths) {
    const found = pathInRepository(repository, path)
    if (found === null) return { ok: false, message: `${path} is outside of the repository ${repository.root}` }
    inside.push(found)
  }
  const files = readFilesOfRevision(repository, revision, (path) => path.endsWith('.eval'))
  if (!files.ok) return files
  const reader = new RevisionReader(repository, files.value)
  for (const path of inside) reader.add(path)
  const compiled = compileProject({
    files: [...reader.inputs.values()],
    readImport: (from, specifier) => reader.readImport(from, specifier),
  })
  return {
    ok: true,
    value: {
      plan: reader.diagnostics.length > 0 ? null : compiled.plan,
      diagnostics: [...reader.diagnostics, ...compiled.diagnostics],
      files: [...reader.inputs.keys()],
      sources: reader.sources,
      // What a diagnostic shows is not what lies on the disk.
      labelFiles: [],
      shownAs: new Map([...reader.sources.keys()].map((path) => [path, `${showRevision(revision)}:${path}`])),
    },
  }
}

/** With `/`, empty for the root; null when it is outside. */
function pathInRepository({ root }: Repository, path: string): string | null {
  // The nearest folder that exists tells what links stand for; the file itself may be long gone.
  let base = resolve(path)
  let rest = ''
  while (!existsSync(base)) {
    rest = join(base.slice(base.lastIndexOf(sep) + 1), rest)
    base = resolve(base, '..')
  }
  const found = relative(root, join(realPath(base), rest))
  return found.startsWith('..') || isAbsolute(found) ? null : found.split(sep).join('/')
}

class RevisionReader {
  readonly diagnostics: Diagnostic[] = []
  readonly inputs = new Map<string, SourceText>()
  readonly sources = new Map<string, string>()
  readonly #root: string
  readonly #files: FilesOfRevision
  readonly #packs = realPath(packFolder)

  constructor({ root }: Repository, files: FilesOfRevision) {
    this.#root = root
    this.#files = files
  }

  add(path: string): void {
    if (this.#files.has(path)) this.#input(path)
    const below = path === '' ? '' : `${path}/`
    for (const file of [...this.#files.keys()].sort())
      if (file.startsWith(below) && !isHidden(file.slice(below.length))) this.#input(file)
  }

  #input(path: string): void {
    const file = this.#take(path)
    if (file !== null) this.inputs.set(file.path, file)
  }

  readImport(from: string, specifier: string): SourceText | null {
    if (specifier.startsWith(PACK)) return this.#pack(specifier)
    if (!/^\.\.?\/.*\.eval$/.test(specifier)) return null
    const base = from.startsWith(PACK) ? this.#packs : resolve(from, '..')
    const path = relative(this.#root, resolve(realPath(base), specifier))
      .split(sep)
      .join('/')
    return this.#files.has(path) ? this.#take(path) : null
  }

  #pack(name: string): SourceText | null {
    if (!/^assay:[\w-]+$/.test(name)) return null
    const path = join(this.#packs, `${name.slice(PACK.length)}.eval`)
    const own = relative(this.#root, path).split(sep).join('/')
    if (this.#files.has(own)) return this.#take(own)
    if (!existsSync(path)) return null
    return this.#remember(name, readFileSync(path, 'utf8'))
  }

  #take(path: string): SourceText | null {
    const file = this.#files.get(path)!
    const name = this.#nameOf(file.path)
    const known = this.sources.get(name)
    if (known !== undefined) return { path: name, text: known }
    const read = textOf(file.bytes)
    if (read.kind === 'text') return this.#remember(name, read.text)
    this.diagnostics.push(diagnosticOfFile(name, read.code, read.message))
    return null
  }

  #remember(path: string, text: string): SourceText {
    this.sources.set(path, text)
    return { path, text }
  }

  /** As a person in this folder would write it, and as `assay check` would name the file on the disk. */
  #nameOf(path: string): string {
    const absolute = join(this.#root, path)
    if (posix.dirname(absolute) === this.#packs) return `${PACK}${posix.basename(path, '.eval')}`
    const near = relative(realPath('.'), absolute)
    return near.startsWith('..') ? absolute : near.split(sep).join('/')
  }
}

/** Folders that are not looked into on the disk either. */
function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.') || part === 'node_modules')
}
