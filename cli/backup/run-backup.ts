/** `assay backup`: of the instance that runs, of a folder in which none does, or of engines of their own. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { messageOf } from '../../engine/message-of.ts'
import type { BackupSummary } from '../../server/schemas.ts'
import { openDataFolder } from '../../storage/data-folder.ts'
import { connectEngine } from '../../storage/traces/open.ts'
import { storeErrorOf } from '../../storage/traces/store-errors.ts'
import type { Answer } from '../commands/ask-api.ts'
import { exitCodes } from '../exit-codes.ts'
import { openLog } from '../log-source.ts'
import { placeOf } from '../stored/open-source.ts'
import { createProgress } from '../stored/progress.ts'
import { SourceError } from '../stored/source.ts'
import { untilInterrupted } from '../stored/until-interrupted.ts'
import { VERSION } from '../version.ts'
import { engineTargetOf } from './by-engine.ts'
import { backUpInstance } from './by-instance.ts'
import { DATABASE, PATIENT_LIMITS } from './engine-options.ts'
import { type EngineUrls, enginesOf, type PlaceFlags } from './engines.ts'
import { backUpFolder } from './folder-backup.ts'
import { makeBackup } from './make-backup.ts'
import { summaryOf, summaryText } from './summary.ts'

export interface BackupFlags extends PlaceFlags {
  to: string
  tracesTo?: string
  json?: boolean
}

/** Of a folder at rest it says how many files. */
type Done = { kind: 'summary'; summary: BackupSummary } | { kind: 'folder'; files: number; sizeBytes: number }

/** The exit code. */
export async function runBackup(flags: BackupFlags): Promise<number> {
  const progress = createProgress(process.stderr)
  const outcome = await untilInterrupted((signal) =>
    backUp(flags, { signal, onProgress: ({ done, text }) => progress.show(done, text) }),
  ).finally(() => progress.clear())
  if (!outcome.ok) {
    process.stderr.write(`assay backup: ${outcome.message}\n`)
    return exitCodes.usage
  }
  const done = outcome.value
  if (done.kind === 'folder') {
    const { files, sizeBytes } = done
    const text = `${files} files, ${(sizeBytes / 1e6).toFixed(1)} MB backed up to ${flags.to}\n`
    process.stdout.write(flags.json ? `${JSON.stringify({ to: flags.to, files, sizeBytes })}\n` : text)
  } else process.stdout.write(flags.json ? `${JSON.stringify(done.summary)}\n` : summaryText(done.summary))
  return exitCodes.ok
}

export interface Watch {
  readonly signal: AbortSignal
  readonly onProgress: (progress: { done: number; text: string }) => void
}

async function backUp(flags: BackupFlags, watch: Watch): Promise<Answer<Done>> {
  const to = resolve(flags.to)
  const found = enginesOf(flags)
  if (!found.ok) return found
  const { engines, dataDir } = found.value
  const isPlaceNamed = flags.data !== undefined || flags.server !== undefined
  if (!isPlaceNamed && engines.log !== null && engines.tracesUrl !== null) {
    return backUpEngines({ ...engines, log: engines.log, tracesUrl: engines.tracesUrl }, to, flags.tracesTo, watch)
  }
  try {
    const place = await placeOf(flags, { ...process.env, ASSAY_DATA: dataDir })
    if (place.kind === 'folder') return await backUpAtRest(flags, place.path, to)
    const summary = await backUpInstance(place.server, { to, tracesTo: flags.tracesTo ?? null }, watch)
    return summary.ok ? { ok: true, value: { kind: 'summary', summary: summary.value } } : summary
  } catch (error) {
    if (error instanceof SourceError) return { ok: false, message: error.message }
    throw error
  }
}

async function backUpAtRest(flags: BackupFlags, path: string, to: string): Promise<Answer<Done>> {
  const from = resolve(path)
  if (flags.tracesTo !== undefined) return { ok: false, message: '--traces-to is for traces on a ClickHouse server' }
  if (!existsSync(join(from, 'format')))
    return { ok: false, message: `${from} is no data folder: name one with --data` }
  if (to === from || to.startsWith(`${from}/`))
    return { ok: false, message: 'a backup cannot lie in the folder itself' }
  const opened = openDataFolder(from)
  if (!opened.ok) return { ok: false, message: `${opened.message}; one that runs is asked with --server` }
  try {
    const about = { version: VERSION, createdAt: new Date().toISOString() }
    const outcome = await backUpFolder(opened.folder.path, to, about)
    if (!outcome.ok) return outcome
    const { files } = outcome.manifest
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0)
    return { ok: true, value: { kind: 'folder', files: files.length, sizeBytes } }
  } finally {
    opened.folder.close()
  }
}

async function backUpEngines(
  { log: settings, tracesUrl, cluster }: EngineUrls & { log: object; tracesUrl: string },
  to: string,
  tracesTo: string | undefined,
  { signal, onProgress }: Watch,
): Promise<Answer<Done>> {
  const layout = { database: DATABASE, cluster, storagePolicy: null }
  const target = tracesTo === undefined ? null : engineTargetOf(tracesTo, process.env, layout)
  if (target !== null && !target.ok) return target
  const closing: (() => Promise<void>)[] = []
  try {
    const engine = await connectEngine({ url: tracesUrl, limits: PATIENT_LIMITS })
    closing.push(() => engine.client.close())
    const say = (text: string): void => void process.stderr.write(`assay backup: ${text}\n`)
    const log = await openLog({ kind: 'kafka', settings }, say)
    closing.push(() => log.close())
    const parts = { log, dataDir: null, engine, target: target?.value ?? null, version: VERSION, nowMs: Date.now }
    const outcome = await makeBackup(parts, { to, signal, onProgress }).catch((error: unknown) => {
      throw storeErrorOf(error, engine.address)
    })
    return outcome.ok ? { ok: true, value: { kind: 'summary', summary: summaryOf(to, outcome.manifest) } } : outcome
  } catch (error) {
    return { ok: false, message: messageOf(error) }
  } finally {
    for (const close of closing.reverse()) await close()
  }
}
