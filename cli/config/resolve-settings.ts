/** The table of settings with what flags, environment and a file on disk say of them. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { reasonOf } from '../reason-of.ts'
import { findConfig, shownPath } from './find-config.ts'
import type { ConfigFile, Flags } from './given.ts'
import type { Environment } from './origin.ts'
import type { Problem } from './problem.ts'
import { readConfig } from './read-file.ts'
import { type Resolved, type ResolveOptions, resolveConfig } from './resolve.ts'
import { type Config, settings } from './settings.ts'

export interface SettingsInputs {
  readonly flags: Flags
  readonly env: Environment
  /** Of the file; null for none. */
  readonly path: string | null
}

/** The configuration that flags, environment and file make; references to secrets are followed. */
export function resolveSettings(inputs: SettingsInputs, options: ResolveOptions = {}): Resolved<Config> {
  const { flags, env, path } = inputs
  if (path === null) return resolveConfig(settings, { flags, env, file: null }, options)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const problem: Problem = {
      source: { kind: 'default' },
      path: null,
      message: `${shownPath(path)} cannot be read: ${reasonOf(error)}`,
    }
    return { ok: false, problems: [problem] }
  }
  const file: ConfigFile = { name: shownPath(path), folder: dirname(resolve(path)), read: readConfig(text, settings) }
  return resolveConfig(settings, { flags, env, file }, options)
}

/** The file that a command runs with: what `--config` or ASSAY_CONFIG names, else the `assay.yaml` of the working directory or above. */
export function configPathOf(flag: string | undefined, env: Environment): string | null {
  return flag ?? (env.ASSAY_CONFIG || findConfig('.'))
}
