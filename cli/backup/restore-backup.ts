/**
 * A backup of running engines into others that have nothing. Every file is looked at before anything is written. Spans come before
 * results, and the positions of the store's group last: who is stopped half-way has no result without its span.
 */
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { messageOf } from '../../engine/message-of.ts'
import type { Log } from '../../storage/log/port.ts'
import { LogError } from '../../storage/log/port.ts'
import { KEPT_TABLES, TracesExport } from '../../storage/traces/export.ts'
import { onCluster, storingTable } from '../../storage/traces/layout.ts'
import { migrate, type SchemaOptions } from '../../storage/traces/migrate.ts'
import { MIGRATIONS } from '../../storage/traces/migrations.ts'
import type { Engine } from '../../storage/traces/open.ts'
import { type EngineTarget, restoreByEngine } from './by-engine.ts'
import { damageOf, FILES } from './files.ts'
import type { Manifest } from './manifest.ts'
import { setStoreOffsets } from './store-offsets.ts'
import { appendRecords, RECORD_TOPICS } from './topic-records.ts'

export interface RestoreProgress {
  readonly done: number
  readonly text: string
}

export interface RestoreRun {
  readonly from: string
  readonly manifest: Manifest
  readonly signal: AbortSignal
  readonly onProgress: (progress: RestoreProgress) => void
}

export type RestoreOutcome = { ok: true; notes: readonly string[] } | { ok: false; message: string }

/** Before anything is written: the first thing that is wrong, or null. */
export async function problemOf(from: string, manifest: Manifest, signal: AbortSignal): Promise<string | null> {
  if (manifest.finishedAt === null) return `the backup in ${from} is not finished: assay backup goes on with it`
  const known = MIGRATIONS.at(-1)?.version ?? 0
  if (manifest.schemaVersion > known) {
    return `the backup's tables are of Assay ${manifest.version}, and this one is older: use the newer Assay`
  }
  for (const file of manifest.files) {
    if (signal.aborted) return 'stopped; nothing was written'
    const damage = await damageOf(from, file)
    if (damage !== null) return damage
  }
  return null
}

/** The embedded log's own files, into a new data folder in which nothing is open. */
export async function restoreDataFiles({ from, manifest }: RestoreRun, dataDir: string): Promise<void> {
  for (const { path, holds } of manifest.files) {
    if (holds.kind !== 'sqlite') continue
    const file = join(dataDir, path.slice('data/'.length))
    await mkdir(dirname(file), { recursive: true })
    await copyFile(join(from, FILES, path), file)
  }
}

/** Rejects with what the engine throws. `isForced` throws away what is there. */
export async function restoreTraces(
  run: RestoreRun,
  engine: Engine,
  { schema, isForced, target }: { schema: SchemaOptions; isForced: boolean; target: EngineTarget | null },
): Promise<RestoreOutcome> {
  const { manifest, from, signal, onProgress } = run
  const tables = new TracesExport(engine)
  const layout = { database: schema.database, cluster: schema.cluster ?? null, storagePolicy: null }
  const drop = async (table: string): Promise<void> => {
    for (const name of new Set([table, storingTable(layout, table)]))
      await engine.client.command({
        query: `DROP TABLE IF EXISTS ${layout.database}.${name}${onCluster(layout)} SYNC`,
      })
  }
  const byEngine = manifest.engine
  if (byEngine !== null && target === null) {
    return {
      ok: false,
      message: `the traces are at ${byEngine.to}, for a ClickHouse server: name one with --traces-url`,
    }
  }
  if (!isForced && !(await tables.isEmpty())) {
    return { ok: false, message: 'there are traces stored already: --force throws them away' }
  }
  // As they are made anew: of another version, or with what a restore before this one has left.
  for (const table of [...KEPT_TABLES, 'schema_migrations']) await drop(table)
  if (byEngine !== null && target !== null) {
    await engine.client.command({ query: `CREATE DATABASE IF NOT EXISTS ${layout.database}${onCluster(layout)}` })
    const order = ['spans', 'messages', 'results', 'integrity_checks']
    const kept = byEngine.tables.toSorted((a, b) => order.indexOf(a.table) - order.indexOf(b.table))
    const stopped = (): Error => new RestoreStopped()
    for (const [i, table] of kept.entries()) {
      const onText = (text: string): void => onProgress({ done: i / kept.length, text })
      await restoreByEngine(engine.client, target, table, { signal, stopped, onText })
    }
    await migrate(engine.client, schema)
    return { ok: true, notes: [] }
  }
  await migrate(engine.client, schema)
  const files = manifest.files.flatMap(({ holds, ...file }) => (holds.kind === 'rows' ? [{ ...file, ...holds }] : []))
  const total = Math.max(
    1,
    files.reduce((sum, { rows }) => sum + rows, 0),
  )
  let done = 0
  for (const table of ['spans', 'messages', 'results', 'integrity_checks'] as const) {
    for (const { path, partition, rows, sha256 } of files.filter((file) => file.table === table)) {
      if (signal.aborted) throw new RestoreStopped()
      onProgress({ done: done / total, text: `${table} ${partition}, ${rows} rows` })
      await tables.read(table, manifest.columns[table] ?? [], join(from, FILES, path), sha256)
      done += rows
    }
  }
  return { ok: true, notes: [] }
}

/** Ctrl-C: what was written so far is no restore. */
export class RestoreStopped extends Error {
  override readonly name = 'RestoreStopped'
}

/**
 * Records into topics that have none, and the position of the store's group. A topic that has records is newer than the backup, and is
 * left as it is: a key that was revoked since stays revoked. Rejects with `LogError`.
 */
export async function restoreLog(run: RestoreRun, log: Log): Promise<RestoreOutcome> {
  const { manifest, from, signal, onProgress } = run
  const notes: string[] = []
  await log.ensureTopics(RECORD_TOPICS)
  for (const { path, holds } of manifest.files) {
    if (holds.kind !== 'records') continue
    if (signal.aborted) throw new RestoreStopped()
    onProgress({ done: 1, text: holds.topic })
    const extents = await log.endOffsets(holds.topic)
    if (extents.some(({ end }) => end > 0)) {
      if (holds.records > 0) notes.push(`${holds.topic} has records and was left as it is`)
      continue
    }
    await appendRecords(log, holds.topic, join(from, FILES, path))
  }
  try {
    notes.push(...(await setStoreOffsets(log, manifest.offsets ?? [])))
  } catch (error) {
    if (error instanceof LogError) throw error
    return { ok: false, message: messageOf(error) }
  }
  return { ok: true, notes }
}
