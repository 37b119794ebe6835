import { readFileSync } from 'node:fs'
import { isAbsolute, relative } from 'node:path'
import { reasonOf } from '../load-evals.ts'
import { findConfig } from './find-config.ts'
import type { AssayConfig } from './schema.ts'

export type LoadedConfig =
  /** `config` is null where there is no file: everything has its default. */
  | { readonly ok: true; readonly path: string | null; readonly config: AssayConfig | null }
  /** Each problem is a line for people: where, what, and what to write. */
  | { readonly ok: false; readonly problems: readonly string[] }

/**
 * The configuration of the project that files and folders belong to: the `assay.yaml` beside or above them. Without one nothing
 * is loaded, so that a check stays as fast.
 */
export async function loadConfig(paths: readonly string[]): Promise<LoadedConfig> {
  const found = new Set(paths.map((path) => findConfig(path)))
  const [path] = found
  if (found.size > 1) {
    const names = [...found].map((file) => (file === null ? 'none' : shown(file))).join(', ')
    return { ok: false, problems: [`these paths belong to different configurations (${names}): name them one by one`] }
  }
  if (path === undefined || path === null) return { ok: true, path: null, config: null }
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    return { ok: false, problems: [`${shown(path)} cannot be read: ${reasonOf(error)}`] }
  }
  const { parseConfig } = await import('./parse-config.ts')
  const parsed = parseConfig(text)
  if (parsed.ok) return { ok: true, path, config: parsed.config }
  return {
    ok: false,
    problems: parsed.problems.map(({ line, column, message }) => `${shown(path)}:${line}:${column}: ${message}`),
  }
}

function shown(path: string): string {
  const near = relative('.', path)
  return near.startsWith('..') || isAbsolute(near) ? path : near
}
