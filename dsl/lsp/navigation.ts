/** From a name to where it is declared and used, across files. */
import type { Span } from '../source.ts'
import { type Meaning, meaningAt, meaningsIn, sameTarget, type Target } from './names.ts'
import type { Workspace } from './workspace.ts'

export interface Location {
  readonly path: string
  readonly span: Span
}

export interface Use extends Location {
  readonly declares: boolean
}

/** What the name at a place stands for; null when it is no name. */
export function targetAt(workspace: Workspace, path: string, offset: number): { target: Target; span: Span } | null {
  const meaning = meaningIn(workspace, path, offset)
  return meaning?.kind === 'declared' ? { target: meaning.target, span: meaning.span } : null
}

export function meaningIn(workspace: Workspace, path: string, offset: number): Meaning | null {
  const document = workspace.document(path)
  const module = workspace.module(path)
  return document === null || module === null ? null : meaningAt(document, module, offset)
}

/** Where the name at a place is declared; for an import, the file that it names. */
export function definitionAt(workspace: Workspace, path: string, offset: number): Location | null {
  const meaning = meaningIn(workspace, path, offset)
  if (meaning === null) return null
  const module = workspace.module(path)
  const start = { start: 0, end: 0 }
  if (meaning.kind === 'file') {
    const link = [...(module?.imports.values() ?? [])].find((one) => one.decl.specifier.value === meaning.specifier)
    return link?.module == null ? null : { path: link.module.path, span: start }
  }
  if (meaning.kind !== 'declared') return null
  const { target } = meaning
  if (target.space === 'import' && meaning.declares) {
    const link = module?.imports.get(target.name)
    return link?.module == null ? null : { path: link.module.path, span: start }
  }
  return { path: target.path, span: target.span }
}

/** Every use of a declaration in the workspace, and in its own file; by file, in order. */
export function usesOf(workspace: Workspace, target: Target): Use[] {
  const paths = new Set([target.path, ...workspace.paths()])
  const needle = target.space === 'test' ? '' : target.name
  return [...paths].sort().flatMap((path) => {
    if (workspace.textOf(path)?.includes(needle) !== true) return []
    return usesIn(workspace, path, target)
  })
}

export function usesIn(workspace: Workspace, path: string, target: Target): Use[] {
  const document = workspace.document(path)
  const module = workspace.module(path)
  if (document === null || module === null) return []
  const uses: Use[] = []
  for (const meaning of meaningsIn(document, module)) {
    if (meaning.kind === 'declared' && sameTarget(meaning.target, target))
      uses.push({ path, span: meaning.span, declares: meaning.declares })
  }
  return uses
}
