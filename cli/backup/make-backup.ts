/**
 * A backup of engines that run. The order makes it fit together (docs/operations/backup-and-restore.md): first the positions of those
 * who read the log, then results, then the spans that they are about, then the log. What is behind a position and is copied all the same
 * comes twice after a restore, and is stored once; what is ahead of one would be lost.
 */
import { existsSync, readdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../storage/log/port.ts'
import { AGENT_TRACES, ALERT_STATE, EVAL_RESULTS, REPLAYS } from '../../storage/log/topics.ts'
import { KEPT_TABLES, type KeptTable, TracesExport } from '../../storage/traces/export.ts'
import { MIGRATIONS } from '../../storage/traces/migrations.ts'
import type { Engine } from '../../storage/traces/open.ts'
import { STORE_GROUP } from '../../workers/integrity/verify.ts'
import { backUpByEngine, type EngineTarget } from './by-engine.ts'
import { damageOf, describeFile, FILES, writeManifest } from './files.ts'
import { type Manifest, type ManifestFile, readManifest } from './manifest.ts'
import { RECORD_TOPICS, writeRecords } from './topic-records.ts'

export interface BackupParts {
  readonly log: Log
  /** Of the embedded log and state; null where the log is Kafka. */
  readonly dataDir: string | null
  readonly engine: Engine
  /** Where the server itself puts the tables; null writes them into files. */
  readonly target: EngineTarget | null
  readonly version: string
  readonly nowMs: () => number
}

export interface BackupProgress {
  /** From 0 to 1. */
  readonly done: number
  readonly text: string
}

export interface BackupOptions {
  readonly to: string
  readonly signal: AbortSignal
  readonly onProgress: (progress: BackupProgress) => void
  /** How long the store may take to come to the spans of the results that were copied. */
  readonly waitMs?: number
}

export type BackupOutcome =
  | { ok: true; manifest: Manifest }
  | { ok: false; code: 'refused' | 'failed' | 'stopped'; message: string }

const WAIT_MS = 60_000
const WAIT_POLL_MS = 100
/** In one step: one that is interrupted by writers begins again, and they never pause. Readers hold nobody up in WAL. */
const ALL_PAGES = 2 ** 31 - 1

/** Rejects with what the engines throw; what is done then stays done. */
export async function makeBackup(parts: BackupParts, options: BackupOptions): Promise<BackupOutcome> {
  const begun = await begin(parts, options.to)
  if (!begun.ok) return begun
  return new BackupRun(parts, options, begun.manifest).run()
}

type Begun = { ok: true; manifest: Manifest } | { ok: false; code: 'refused'; message: string }

async function begin({ dataDir, target, version, nowMs }: BackupParts, to: string): Promise<Begun> {
  const refused = (message: string) => ({ ok: false, code: 'refused', message }) as const
  const log = dataDir === null ? 'kafka' : 'embedded'
  if (existsSync(to) && readdirSync(to).length > 0) {
    const read = await readManifest(to)
    const message = `${to} is not empty: a backup goes into a folder of its own`
    if (!read.ok) return refused(read.isMissing ? message : read.message)
    const { manifest } = read
    if (manifest === null || manifest.finishedAt !== null) return refused(`${message} (there is a whole one in it)`)
    const isSame = manifest.log === log && (manifest.engine?.to ?? null) === (target?.shown ?? null)
    if (!isSame) return refused(`${to} holds the beginning of another backup: give this one a folder of its own`)
    if (manifest.version !== version) return refused(`${to} was begun by Assay ${manifest.version}: begin anew`)
    return { ok: true, manifest }
  }
  await mkdir(join(to, FILES), { recursive: true })
  const manifest: Manifest = {
    format: 2,
    version,
    startedAt: new Date(nowMs()).toISOString(),
    finishedAt: null,
    log,
    schemaVersion: MIGRATIONS.at(-1)?.version ?? 0,
    offsets: null,
    resultsUpTo: null,
    areSpansComplete: false,
    columns: {},
    files: [],
    engine: target === null ? null : { to: target.shown, tables: [], attempts: 0 },
  }
  await writeManifest(to, manifest)
  return { ok: true, manifest }
}

class Stopped extends Error {}

class BackupRun {
  readonly #parts: BackupParts
  readonly #options: BackupOptions
  readonly #export: TracesExport
  #manifest: Manifest
  #doneRows = 0
  #totalRows = 1

  constructor(parts: BackupParts, options: BackupOptions, manifest: Manifest) {
    this.#parts = parts
    this.#options = options
    this.#manifest = manifest
    this.#export = new TracesExport(parts.engine)
  }

  async run(): Promise<BackupOutcome> {
    try {
      await this.#dropDamaged()
      await this.#positions()
      await this.#traces()
      await this.#rest()
      await this.#note({ finishedAt: new Date(this.#parts.nowMs()).toISOString() })
      return { ok: true, manifest: this.#manifest }
    } catch (error) {
      const { signal, to } = this.#options
      if (!(error instanceof Stopped) && !signal.aborted) throw error
      return { ok: false, code: 'stopped', message: `stopped; the same command goes on with ${to}` }
    }
  }

  /** What was written before counts only if it is still what was written. */
  async #dropDamaged(): Promise<void> {
    const whole: ManifestFile[] = []
    for (const file of this.#manifest.files) if ((await damageOf(this.#options.to, file)) === null) whole.push(file)
    if (whole.length < this.#manifest.files.length) await this.#note({ files: whole })
  }

  async #positions(): Promise<void> {
    if (this.#manifest.offsets === null) await this.#note({ offsets: await storeOffsets(this.#parts.log) })
    await this.#database('log/groups.db')
    for (const topic of [REPLAYS, ALERT_STATE]) {
      await this.#database(`log/topics/${topic}.db`)
      await this.#records(topic)
    }
  }

  async #traces(): Promise<void> {
    const { target, engine } = this.#parts
    const partitions = new Map<KeptTable, { partition: string; rows: number }[]>()
    for (const table of KEPT_TABLES) partitions.set(table, await this.#export.partitions(table))
    const all = [...partitions.values()].flat()
    this.#totalRows = Math.max(1, sum(all.map(({ rows }) => rows)))
    for (const table of KEPT_TABLES) {
      if (table === 'spans') await this.#untilSpansAreStored()
      if (target === null) await this.#rows(table, partitions.get(table) ?? [])
      else
        await backUpByEngine(engine.client, target, table, {
          rows: sum((partitions.get(table) ?? []).map(({ rows }) => rows)),
          signal: this.#options.signal,
          engine: () => this.#manifest.engine,
          note: (noted) => this.#note({ engine: noted }),
          onText: (text) => this.#show(text),
          stopped: () => new Stopped(),
        })
      if (table === 'results' && this.#manifest.resultsUpTo === null) await this.#noteResultsUpTo()
    }
  }

  /** A result comes from spans that the log took before it: those before the log's end of now. */
  async #noteResultsUpTo(): Promise<void> {
    const ends = await this.#parts.log.endOffsets(AGENT_TRACES)
    await this.#note({ resultsUpTo: ends.map(({ partition, end }) => ({ partition, offset: end })) })
  }

  async #untilSpansAreStored(): Promise<void> {
    if (this.#manifest.areSpansComplete) return
    const { waitMs = WAIT_MS } = this.#options
    const wanted = this.#manifest.resultsUpTo ?? []
    const deadlineMs = performance.now() + waitMs
    for (;;) {
      this.#continueOrStop()
      const committed = await this.#parts.log.committed(STORE_GROUP)
      const starts = await this.#parts.log.endOffsets(AGENT_TRACES)
      const isStored = wanted.every(({ partition, offset }) => {
        const at = committed.find((one) => one.topic === AGENT_TRACES && one.partition === partition)?.offset
        return (at ?? starts.find((one) => one.partition === partition)?.start ?? 0) >= offset
      })
      if (isStored) return this.#note({ areSpansComplete: true })
      if (performance.now() > deadlineMs) return
      this.#show('waiting for the store to come to the spans of these results')
      await sleep(WAIT_POLL_MS, undefined, { signal: this.#options.signal }).catch(() => {})
    }
  }

  async #rows(table: KeptTable, partitions: readonly { partition: string; rows: number }[]): Promise<void> {
    const columns = this.#manifest.columns[table] ?? (await this.#export.columns(table))
    await this.#note({ columns: { ...this.#manifest.columns, [table]: columns } })
    for (const { partition, rows } of partitions) {
      this.#show(`${table} ${partition}, ${rows} rows`)
      const { signal } = this.#options
      await this.#file(`traces/${table}/${partition}.native`, async (file) => {
        await this.#export.write(table, columns, partition, file, signal)
        return { kind: 'rows', table, partition, rows }
      })
      this.#doneRows += rows
    }
  }

  /** What runs on when the traces are copied: what is in the log by now is not before what it is about. */
  async #rest(): Promise<void> {
    for (const { name } of RECORD_TOPICS) if (name !== REPLAYS && name !== ALERT_STATE) await this.#records(name)
    const { dataDir } = this.#parts
    if (dataDir === null) return
    await this.#database('state/state.db')
    const topics = readdirSync(join(dataDir, 'log', 'topics')).filter((name) => name.endsWith('.db'))
    // Results before the spans that they are about, which come last.
    const last = [`${EVAL_RESULTS}.db`, `${AGENT_TRACES}.db`]
    for (const name of [...topics.filter((one) => !last.includes(one)), ...last]) {
      await this.#database(`log/topics/${name}`)
    }
  }

  async #records(topic: string): Promise<void> {
    this.#show(topic)
    await this.#file(`records/${topic}.jsonl`, async (file) => {
      const records = await writeRecords(this.#parts.log, topic, file)
      return records === null ? null : { kind: 'records', topic, records }
    })
  }

  /** A file of the data folder, if there is one. */
  async #database(path: string): Promise<void> {
    const { dataDir } = this.#parts
    if (dataDir === null || !existsSync(join(dataDir, path))) return
    this.#show(path)
    await this.#file(`data/${path}`, async (file) => {
      const source = new DatabaseSync(join(dataDir, path), { readOnly: true, timeout: 10_000 })
      try {
        await copyDatabase(source, file, { rate: ALL_PAGES })
      } finally {
        source.close()
      }
      return { kind: 'sqlite' }
    })
  }

  /** Unless the manifest has it; `write` says what it holds, or null for nothing. */
  async #file(path: string, write: (file: string) => Promise<ManifestFile['holds'] | null>): Promise<void> {
    this.#continueOrStop()
    if (this.#manifest.files.some((file) => file.path === path)) return
    const file = join(this.#options.to, FILES, path)
    await mkdir(dirname(file), { recursive: true })
    const holds = await write(file)
    if (holds === null) return
    const entry = { ...(await describeFile(this.#options.to, path)), holds }
    await this.#note({ files: [...this.#manifest.files, entry] })
  }

  async #note(noted: Partial<Manifest>): Promise<void> {
    this.#manifest = { ...this.#manifest, ...noted }
    await writeManifest(this.#options.to, this.#manifest)
  }

  #continueOrStop(): void {
    if (this.#options.signal.aborted) throw new Stopped()
  }

  #show(text: string): void {
    this.#options.onProgress({ done: Math.min(1, this.#doneRows / this.#totalRows), text })
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Where the store's group is, and by what the log can be known again. */
async function storeOffsets(log: Log): Promise<NonNullable<Manifest['offsets']>> {
  const offsets: NonNullable<Manifest['offsets']> = []
  for (const { topic, partition, offset } of await log.committed(STORE_GROUP)) {
    const [last] = offset === 0 ? [] : await log.read(topic, partition, offset - 1, 1)
    offsets.push({ topic, partition, offset, lastTimeMs: last?.offset === offset - 1 ? last.appendTimeMs : null })
  }
  return offsets
}
