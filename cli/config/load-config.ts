import { findConfig, shownPath } from './find-config.ts'
import type { Config } from './settings.ts'

export type LoadedConfig =
  /** `config` is null where there is no file: everything has its default. */
  | { readonly ok: true; readonly path: string | null; readonly config: Config | null }
  /** Each problem is a line for people: where, what, and what to write. */
  | { readonly ok: false; readonly problems: readonly string[] }

/**
 * The configuration of the project that files and folders belong to: the `assay.yaml` beside or above them, for what it says by
 * itself. Without one nothing is loaded, so that a check stays as fast.
 */
export async function loadConfig(paths: readonly string[]): Promise<LoadedConfig> {
  const found = new Set(paths.map((path) => findConfig(path)))
  const [path] = found
  if (found.size > 1) {
    const names = [...found].map((file) => (file === null ? 'none' : shownPath(file))).join(', ')
    return { ok: false, problems: [`these paths belong to different configurations (${names}): name them one by one`] }
  }
  if (path === undefined || path === null) return { ok: true, path: null, config: null }
  const { resolveSettings } = await import('./resolve-settings.ts')
  const resolved = resolveSettings({ flags: {}, env: {}, path }, { uses: () => false })
  if (resolved.ok) return { ok: true, path, config: resolved.config }
  const { lineOf } = await import('./problem.ts')
  return { ok: false, problems: resolved.problems.map(lineOf) }
}
