/** Backups of the instance that this process is, on a connection of their own to the engine. */
import { randomUUID } from 'node:crypto'
import { resolve, sep } from 'node:path'
import { messageOf } from '../../engine/message-of.ts'
import type { BackupStart, Backups } from '../../server/api-context.ts'
import type { BackupJson } from '../../server/schemas.ts'
import type { Log } from '../../storage/log/port.ts'
import { connectEngine, type Engine, type OpenTracesOptions } from '../../storage/traces/open.ts'
import { VERSION } from '../version.ts'
import { type EngineTarget, engineTargetOf } from './by-engine.ts'
import { DATABASE, PATIENT_LIMITS } from './engine-options.ts'
import { makeBackup } from './make-backup.ts'
import { summaryOf } from './summary.ts'

export interface BackupServiceParts {
  readonly log: Log
  /** Of the embedded log; null where the log is Kafka. */
  readonly dataDir: string | null
  readonly engine: OpenTracesOptions
  readonly cluster: string | null
  readonly nowMs: () => number
}

/** `close` stops the one that runs, and waits for it. */
export type BackupService = Backups & { close(): Promise<void> }

/** Of ended ones it remembers the last few. */
const REMEMBERED = 20

export function openBackups(parts: BackupServiceParts): BackupService {
  const { log, dataDir, nowMs, cluster } = parts
  const jobs = new Map<string, BackupJson>()
  let running: { id: string; stop: AbortController; ended: Promise<void> } | null = null

  const change = (id: string, changes: Partial<BackupJson>): void => {
    const job = jobs.get(id)
    if (job !== undefined) jobs.set(id, { ...job, ...changes })
  }
  const run = async (id: string, to: string, target: EngineTarget | null, signal: AbortSignal): Promise<void> => {
    let engine: Engine | null = null
    try {
      engine = await connectEngine({ ...parts.engine, limits: PATIENT_LIMITS })
      const made = { log, dataDir, engine, target, version: VERSION, nowMs }
      const onProgress = ({ done, text }: { done: number; text: string }): void => change(id, { progress: done, text })
      const outcome = await makeBackup(made, { to, signal, onProgress })
      if (outcome.ok) change(id, { state: 'done', progress: 1, text: 'done', summary: summaryOf(to, outcome.manifest) })
      else change(id, { state: outcome.code === 'stopped' ? 'stopped' : 'failed', text: outcome.message })
    } catch (error) {
      change(id, { state: 'failed', text: messageOf(error) })
    } finally {
      await engine?.client.close()
    }
  }

  const start = async (wanted: { to: string; tracesTo: string | null }): Promise<BackupStart> => {
    const to = resolve(wanted.to)
    if (running !== null) return { ok: false, message: `a backup to ${jobs.get(running.id)?.to} is under way` }
    if (dataDir !== null && `${to}${sep}`.startsWith(`${dataDir}${sep}`)) {
      return { ok: false, message: 'a backup cannot lie in the data folder itself' }
    }
    let target: EngineTarget | null = null
    if (wanted.tracesTo !== null) {
      if (parts.engine.url === undefined) return { ok: false, message: 'tracesTo is for traces on a ClickHouse server' }
      const layout = { database: DATABASE, cluster, storagePolicy: null }
      const parsed = engineTargetOf(wanted.tracesTo, process.env, layout)
      if (!parsed.ok) return parsed
      target = parsed.value
    }
    const id = randomUUID()
    const startedAt = new Date(nowMs()).toISOString()
    jobs.set(id, { id, to, state: 'running', startedAt, progress: 0, text: 'begins' })
    if (jobs.size > REMEMBERED) jobs.delete([...jobs.keys()][0]!)
    const stop = new AbortController()
    const ended = run(id, to, target, stop.signal).finally(() => {
      running = null
    })
    running = { id, stop, ended }
    return { ok: true, backup: jobs.get(id)! }
  }

  return {
    start,
    get: (id) => jobs.get(id) ?? null,
    stop: (id) => {
      if (running?.id === id) running.stop.abort()
      return jobs.get(id) ?? null
    },
    close: async () => {
      running?.stop.abort()
      await running?.ended
    },
  }
}
