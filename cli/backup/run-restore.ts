/** `assay restore`: into the engines that the configuration names, as `assay up` would find them. */
import { existsSync, readdirSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { messageOf } from '../../engine/message-of.ts'
import { openDataFolder } from '../../storage/data-folder.ts'
import { onlineTopics } from '../../storage/log/topics.ts'
import { connectEngine } from '../../storage/traces/open.ts'
import { storeErrorOf } from '../../storage/traces/store-errors.ts'
import type { Answer } from '../commands/ask-api.ts'
import { exitCodes } from '../exit-codes.ts'
import { type LogSource, openLog } from '../log-source.ts'
import { createProgress } from '../stored/progress.ts'
import { untilInterrupted } from '../stored/until-interrupted.ts'
import { type EngineTarget, engineTargetOf } from './by-engine.ts'
import { DATABASE, PATIENT_LIMITS } from './engine-options.ts'
import { enginesOf, type FoundEngines, type PlaceFlags } from './engines.ts'
import { restoreFolder } from './folder-backup.ts'
import { readManifest } from './manifest.ts'
import {
  problemOf,
  type RestoreRun,
  RestoreStopped,
  restoreDataFiles,
  restoreLog,
  restoreTraces,
} from './restore-backup.ts'
import type { Watch } from './run-backup.ts'
import { summaryOf } from './summary.ts'

export interface RestoreFlags extends Omit<PlaceFlags, 'server'> {
  from: string
  force?: boolean
  json?: boolean
}

interface Done {
  readonly what: string
  readonly notes: readonly string[]
  readonly json: object
}

/** The exit code. */
export async function runRestore(flags: RestoreFlags): Promise<number> {
  const progress = createProgress(process.stderr)
  const outcome = await untilInterrupted((signal) =>
    restore(flags, { signal, onProgress: ({ done, text }) => progress.show(done, text) }),
  ).finally(() => progress.clear())
  if (!outcome.ok) {
    process.stderr.write(`assay restore: ${outcome.message}\n`)
    return exitCodes.usage
  }
  const { what, notes, json } = outcome.value
  if (flags.json) process.stdout.write(`${JSON.stringify({ ...json, notes })}\n`)
  else process.stdout.write([what, ...notes].map((line) => `${line}\n`).join(''))
  return exitCodes.ok
}

async function restore(flags: RestoreFlags, watch: Watch): Promise<Answer<Done>> {
  const from = resolve(flags.from)
  const found = enginesOf(flags)
  if (!found.ok) return found
  const path = resolve(found.value.dataDir)
  const { log, tracesUrl } = found.value.engines
  const needsFolder = log === null || tracesUrl === null
  const read = await readManifest(from)
  if (!read.ok) return read
  if (needsFolder) {
    const refusal = refuseFolder(path, read.manifest === null ? true : (flags.force ?? false))
    if (refusal !== null) return { ok: false, message: refusal }
  }
  if (read.manifest === null) {
    if (!needsFolder) return { ok: false, message: `${from} is a copy of a data folder: name one to make with --data` }
    const outcome = await restoreFolder(from, path, flags.force ?? false)
    if (!outcome.ok) return outcome
    const { files } = outcome.manifest
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0)
    const what = `${files.length} files, ${(sizeBytes / 1e6).toFixed(1)} MB restored to ${path}`
    return { ok: true, value: { what, notes: [], json: { from, files: files.length, sizeBytes } } }
  }
  const { manifest } = read
  const problem = await problemOf(from, manifest, watch.signal)
  if (problem !== null) return { ok: false, message: problem }
  try {
    const notes = await restoreRunning({ from, manifest, ...watch }, found.value, path, flags.force ?? false)
    if (!notes.ok) return notes
    const { files, sizeBytes, tables } = summaryOf(from, manifest)
    const rows = Object.entries(tables).map(([table, { rows: count }]) => `${count} ${table.replace('_', ' ')}`)
    const where = needsFolder ? path : 'the log and the traces store'
    const what = `${rows.length === 0 ? 'no rows' : rows.join(', ')} restored to ${where}`
    return { ok: true, value: { what, notes: notes.value, json: { from, files, sizeBytes, tables } } }
  } catch (error) {
    const isStopped = error instanceof RestoreStopped || watch.signal.aborted
    const again = needsFolder && tracesUrl === null ? '' : ' with --force'
    return { ok: false, message: isStopped ? `stopped half-way: begin again${again}` : messageOf(error) }
  }
}

/** Why a folder cannot be made or replaced, or null. Never from under a process that runs on it. */
function refuseFolder(path: string, isForced: boolean): string | null {
  if (existsSync(join(path, 'format'))) {
    const opened = openDataFolder(path)
    if (!opened.ok) return opened.message
    opened.folder.close()
  }
  if (isForced || !existsSync(path) || readdirSync(path).length === 0) return null
  return `${path} is not empty: name another folder with --data, or replace it with --force`
}

/** The folder appears whole, when everything else is done. */
async function restoreRunning(
  run: RestoreRun,
  { engines, tables }: FoundEngines,
  path: string,
  isForced: boolean,
): Promise<Answer<readonly string[]>> {
  const { manifest } = run
  const half = `${path}.restoring`
  const needsFolder = engines.log === null || engines.tracesUrl === null
  let target: EngineTarget | null = null
  if (manifest.engine !== null && engines.tracesUrl !== null) {
    const layout = { database: DATABASE, cluster: engines.cluster, storagePolicy: null }
    const parsed = engineTargetOf(manifest.engine.to, process.env, layout)
    if (!parsed.ok) return parsed
    target = parsed.value
  }
  const closing: (() => Promise<void> | void)[] = []
  const notes: string[] = []
  try {
    if (needsFolder) {
      await rm(half, { recursive: true, force: true })
      const opened = openDataFolder(half)
      if (!opened.ok) return { ok: false, message: opened.message }
      closing.push(() => opened.folder.close())
    }
    const isCopied = engines.log === null && manifest.log === 'embedded'
    if (isCopied) await restoreDataFiles(run, half)
    const source: LogSource =
      engines.log === null ? { kind: 'embedded', dataDir: half } : { kind: 'kafka', settings: engines.log }
    // Before the traces: where no broker answers nothing is thrown away.
    const log = await openLog(source, (text) => void notes.push(text))
    closing.push(() => log.close())
    const engine = await connectEngine({
      ...(engines.tracesUrl === null ? { dataDir: half } : { url: engines.tracesUrl }),
      limits: PATIENT_LIMITS,
    })
    closing.push(() => engine.client.close())
    const { cluster, retention } = tables
    const schema = { database: DATABASE, cluster, retention }
    const traces = await restoreTraces(run, engine, { schema, isForced, target }).catch((error: unknown) => {
      throw storeErrorOf(error, engine.address)
    })
    if (!traces.ok) return traces
    notes.push(...traces.notes)
    if (!isCopied) {
      if (engines.log === null) await log.ensureTopics(onlineTopics)
      const restored = await restoreLog(run, log)
      if (!restored.ok) return restored
      notes.push(...restored.notes)
    }
  } finally {
    for (const close of closing.reverse()) await close()
  }
  if (needsFolder) {
    await rm(path, { recursive: true, force: true })
    await rename(half, path)
  }
  return { ok: true, value: notes }
}
