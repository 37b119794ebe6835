import { z } from 'zod'
import { DEFAULT_SERVER } from '../commands/ask-api.ts'
import { defaults } from '../settings.ts'
import type { TraceSource } from './source.ts'

export interface SourceFlags {
  data?: string
  server?: string
}

/** What answers `GET /health` as Assay does. */
const assaySchema = z.looseObject({ status: z.string(), components: z.array(z.unknown()) })
const ASK_MS = 2_000

/**
 * `--data` reads a folder, `--server` (or ASSAY_URL) an instance; without either, the instance at the usual place if one answers,
 * and else the usual folder. Throws `SourceError`.
 */
export async function openSource(flags: SourceFlags, env: NodeJS.ProcessEnv): Promise<TraceSource> {
  const server = flags.server ?? (env.ASSAY_URL || undefined)
  if (flags.data === undefined && (server !== undefined || (await answers(DEFAULT_SERVER)))) {
    const { openApiSource } = await import('./api-source.ts')
    return openApiSource(server ?? DEFAULT_SERVER)
  }
  const { openFolderSource } = await import('./folder-source.ts')
  return openFolderSource(flags.data ?? (env.ASSAY_DATA || defaults.data))
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
