import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { DEFAULT_SERVER } from '../commands/ask-api.ts'
import { defaults } from '../settings.ts'
import { SourceError, type TraceSource } from './source.ts'

export interface SourceFlags {
  data?: string
  server?: string
}

/** What answers `GET /health` as Assay does. */
const assaySchema = z.looseObject({ status: z.string(), components: z.array(z.unknown()) })
const ASK_MS = 2_000

export type StoredPlace =
  | { readonly kind: 'instance'; readonly server: string }
  | { readonly kind: 'folder'; readonly path: string }

/**
 * `--data` reads a folder, `--server` (or ASSAY_URL) an instance; without either, the instance at the usual place if one answers,
 * and else the usual folder. Throws `SourceError`.
 */
export async function placeOf(flags: SourceFlags, env: NodeJS.ProcessEnv): Promise<StoredPlace> {
  if (flags.data !== undefined && flags.server !== undefined)
    throw new SourceError('--data and --server name two places: leave one out')
  const server = flags.server ?? (env.ASSAY_URL || undefined)
  if (flags.data === undefined && (server !== undefined || (await answers(DEFAULT_SERVER))))
    return { kind: 'instance', server: server ?? DEFAULT_SERVER }
  const path = flags.data ?? (env.ASSAY_DATA || defaults.data)
  // Opening makes a folder where there is none: a wrong path would pass for a folder without traces.
  if (existsSync(join(path, 'traces'))) return { kind: 'folder', path }
  throw new SourceError(
    flags.data === undefined
      ? `no Assay answers, and there are no stored traces in ${path}: start one, or name a data folder with --data`
      : `there are no stored traces in ${path}: --data names the folder of an Assay that has run`,
  )
}

/** Throws `SourceError`. */
export async function openSource(flags: SourceFlags, env: NodeJS.ProcessEnv): Promise<TraceSource> {
  const place = await placeOf(flags, env)
  if (place.kind === 'instance') {
    const { openApiSource } = await import('./api-source.ts')
    return openApiSource(place.server)
  }
  const { openFolderSource } = await import('./folder-source.ts')
  return openFolderSource(place.path)
}

async function answers(server: string): Promise<boolean> {
  try {
    const response = await fetch(`${server}/health`, { signal: AbortSignal.timeout(ASK_MS) })
    return assaySchema.safeParse(await response.json()).success
  } catch {
    // Nothing listens there, or something else does: neither is an Assay.
    return false
  }
}
