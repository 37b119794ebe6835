/** For commands that run definitions: the plan, or the diagnostics on the user's screen and an exit code. */
import type { Plan } from '../dsl/plan.ts'
import { diagnosticsText } from './diagnostics-text.ts'
import { exitCodes } from './exit-codes.ts'
import { type LoadedEvals, type LoadOptions, loadEvals } from './load-evals.ts'

export type LoadedPlan = { loaded: LoadedEvals } & ({ ok: true; plan: Plan } | { ok: false; exitCode: number })

export interface PlanOptions extends LoadOptions {
  /** What to say first where the files do not check. */
  readonly hint?: string
}

/** Warnings are `assay check`'s to tell. Files that do not check exit with 1, nothing to read with 2; both are told on stderr. */
export function loadPlan(paths: readonly string[], options: PlanOptions = {}): LoadedPlan {
  const loaded = loadEvals(paths, options)
  const { plan, files } = loaded
  const errors = loaded.diagnostics.filter((diagnostic) => diagnostic.severity === 'error')
  if (plan === null) {
    const text = diagnosticsText({ ...loaded, diagnostics: errors }, process.stderr)
    const count = `${errors.length} ${errors.length === 1 ? 'error' : 'errors'}`
    if (options.hint !== undefined) process.stderr.write(`${options.hint}\n\n`)
    process.stderr.write(`${text}\n${isNothingThere(loaded) ? '' : `the definitions do not check: ${count}\n`}`)
    return { ok: false, exitCode: isNothingThere(loaded) ? exitCodes.usage : exitCodes.findings, loaded }
  }
  if (files.length === 0) {
    process.stderr.write('no .eval files found: name a file or a folder that has some\n')
    return { ok: false, exitCode: exitCodes.usage, loaded }
  }
  return { ok: true, plan, loaded }
}

/** Not a file could be read, so that it is the command line which is wrong. */
export function isNothingThere({ files, diagnostics }: Pick<LoadedEvals, 'files' | 'diagnostics'>): boolean {
  return files.length === 0 && diagnostics.length > 0 && diagnostics.every(({ code }) => code === 'E0001')
}

/** Packs as the file that people can open, where they named it so. */
export function shownPath({ shownAs }: LoadedEvals, path: string): string {
  return shownAs.get(path) ?? path
}
