/** For commands that run definitions: the plan, or the diagnostics on the user's screen and an exit code. */
import { renderDiagnostics } from '../dsl/diagnostics/render.ts'
import type { Plan } from '../dsl/plan.ts'
import { exitCodes } from './exit-codes.ts'
import { type LoadedEvals, type LoadOptions, loadEvals } from './load-evals.ts'

export type LoadedPlan = { loaded: LoadedEvals } & ({ ok: true; plan: Plan } | { ok: false; exitCode: number })

/** Warnings are `assay check`'s to tell. Files that do not check exit with 1, nothing to read with 2; both are told on stderr. */
export function loadPlan(paths: readonly string[], options: LoadOptions = {}): LoadedPlan {
  const loaded = loadEvals(paths, options)
  const { plan, files } = loaded
  const errors = loaded.diagnostics.filter((diagnostic) => diagnostic.severity === 'error')
  if (plan === null) {
    const shown = errors.map((diagnostic) => ({ ...diagnostic, file: shownPath(loaded, diagnostic.file) }))
    const sources = new Map([...loaded.sources].map(([path, text]) => [shownPath(loaded, path), text]))
    process.stderr.write(`${renderDiagnostics(shown, sources)}\n`)
    return { ok: false, exitCode: exitCodes.findings, loaded }
  }
  if (files.length === 0) {
    process.stderr.write('no .eval files found: name a file or a folder that has some\n')
    return { ok: false, exitCode: exitCodes.usage, loaded }
  }
  return { ok: true, plan, loaded }
}

/** Packs as the file that people can open, where they named it so. */
export function shownPath({ shownAs }: LoadedEvals, path: string): string {
  return shownAs.get(path) ?? path
}
