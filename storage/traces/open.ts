/** The traces port on ClickHouse: a server by URL, or the engine in process (chDB). */
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { ClickHouseTraces } from './clickhouse-traces.ts'
import { connectInProcess, QUIET } from './in-process.ts'
import { createFileInsert, createHttpInsert, type InsertBlocks } from './insert.ts'
import { DEFAULT_LIMITS, requestTimeoutMs, type TracesLimits } from './limits.ts'
import type { TracesStore } from './port.ts'
import type { RetentionSettings } from './retention.ts'
import type { StoreAddress } from './store-errors.ts'

export interface OpenTracesOptions {
  /** Of a ClickHouse server, with user and password: `http://user:password@host:8123`. */
  url?: string
  /** Of the engine in process, when there is no `url`: its files and the staging of inserts are kept below. */
  dataDir?: string
  /** Letters, digits and underscores. */
  database?: string
  /** That the server is of, as it names it: the schema is then the cluster's. */
  cluster?: string | null
  /** Put in force by `migrate`; without it the tables keep what they have. */
  retention?: RetentionSettings | null
  limits?: TracesLimits
  /** Milliseconds since the epoch: when rows were stored. */
  nowMs?: () => number
}

/**
 * Opens the store; `migrate` has to be called before its first use. In process it must be opened on the main thread (the engine
 * dies or deadlocks in a worker), and a process can have one data folder at a time.
 */
export async function openTraces(options: OpenTracesOptions): Promise<TracesStore> {
  const { client, insert, address, database } = await connectEngine(options)
  return new ClickHouseTraces({
    client,
    insert,
    address,
    schema: { database, cluster: options.cluster ?? null, retention: options.retention ?? null },
    limits: options.limits ?? DEFAULT_LIMITS,
    nowMs: options.nowMs ?? Date.now,
  })
}

/** The engine itself, for what is asked of no store: its schema. */
export interface Engine {
  readonly client: ClickHouseClient
  readonly insert: InsertBlocks
  readonly address: StoreAddress
  readonly database: string
}

/** As `openTraces` does; the client is the caller's to close. */
export async function connectEngine(options: OpenTracesOptions): Promise<Engine> {
  const database = options.database ?? 'assay'
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(database)) {
    throw new RangeError(`${JSON.stringify(database)} is not a name for a database`)
  }
  const { url, dataDir, limits = DEFAULT_LIMITS } = options
  if (url === undefined) {
    return { ...(await openInProcess(dataDir)), address: { host: null, user: 'default', database }, database }
  }
  const { host, username } = new URL(url)
  const user = username === '' ? 'default' : decodeURIComponent(username)
  return { ...openServer(url, requestTimeoutMs(limits)), address: { host, user, database }, database }
}

function openServer(url: string, timeoutMs: number): { client: ClickHouseClient; insert: InsertBlocks } {
  const client = createClient({
    url,
    application: 'assay',
    log: QUIET,
    compression: { request: false, response: true },
    request_timeout: timeoutMs,
    max_open_connections: 8,
  })
  return { client, insert: createHttpInsert(client) }
}

async function openInProcess(dataDir: string | undefined): Promise<{ client: ClickHouseClient; insert: InsertBlocks }> {
  if (dataDir === undefined) throw new RangeError('a traces store needs a url or a data folder')
  if (!isMainThread) throw new Error('the engine in process can be opened on the main thread only')
  const folder = join(dataDir, 'traces')
  const client = await connectInProcess(join(folder, 'chdb'))
  return { client, insert: createFileInsert(client, join(folder, 'staging')) }
}
