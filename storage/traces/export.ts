/** The stored rows as files in the Native format, a partition each, and back: for engines whose own BACKUP is not to be had. */
import { createReadStream, createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { buffer, text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { EXCEPTION_TAG_HEADER_NAME, extractErrorAtTheEndOfChunk } from '@clickhouse/client'
import type { Engine } from './open.ts'

/** In the order in which they are exported: a result that is there has its spans behind it. */
export const KEPT_TABLES = ['results', 'spans', 'messages', 'integrity_checks'] as const
export type KeptTable = (typeof KEPT_TABLES)[number]

/** What tells the partitions of a table apart; a table without has one. */
const PARTITION: Readonly<Record<KeptTable, string>> = {
  results: 'toString(toYYYYMM(subject_time))',
  spans: 'toString(toYYYYMM(start_time))',
  messages: 'toString(toYYYYMM(said_at))',
  integrity_checks: "'all'",
}
const BY_MONTH: Readonly<Record<KeptTable, string | null>> = {
  results: 'toYYYYMM(subject_time)',
  spans: 'toYYYYMM(start_time)',
  messages: 'toYYYYMM(said_at)',
  integrity_checks: null,
}

export interface StoredPartition {
  /** `202611`, or `all`. */
  readonly partition: string
  readonly rows: number
}

/** A backup runs beside the product: on few threads, in little memory, as long as it takes. */
const SETTINGS = 'max_threads = 2, max_execution_time = 0, max_memory_usage = 2000000000'
/** Rows come as they were stored; a file is known by its checksum, so that the same one twice writes once. */
const insertSettings = (token: string): string =>
  `${SETTINGS}, insert_deduplication_token = '${token}', throw_on_max_partitions_per_insert_block = 0, optimize_on_insert = 0, distributed_foreground_insert = 1`

const TAIL_BYTES = 64 << 10

async function tailOf(file: string): Promise<Buffer> {
  const { size } = await stat(file)
  return buffer(createReadStream(file, { start: Math.max(0, size - TAIL_BYTES) }))
}

/** What a server that failed in the middle of its answer says after the rows; `tag` is in the answer's headers. */
export function errorAtTheEnd(tail: Buffer, tag: string): Error | null {
  if (!tail.subarray(-200).toString('latin1').endsWith(` ${tag}\r\n__exception__\r\n`)) return null
  return extractErrorAtTheEndOfChunk(tail, tag)
}

export class TracesExport {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async partitions(table: KeptTable): Promise<StoredPartition[]> {
    return this.#rows<StoredPartition>(
      `SELECT ${PARTITION[table]} AS partition, count() AS rows FROM ${this.#name(table)} GROUP BY partition ORDER BY partition
SETTINGS ${SETTINGS}, output_format_json_quote_64bit_integers = 0`,
    )
  }

  async columns(table: KeptTable): Promise<string[]> {
    const found = await this.#rows<{ name: string }>(
      `SELECT name FROM system.columns WHERE database = '${this.#engine.database}' AND table = '${table}' AND default_kind NOT IN ('MATERIALIZED', 'ALIAS') ORDER BY position`,
    )
    return found.map(({ name }) => name)
  }

  /** Into a file that is replaced; whole when it resolves. */
  async write(table: KeptTable, columns: readonly string[], partition: string, file: string, signal: AbortSignal) {
    const month = BY_MONTH[table]
    const where = month === null ? '' : ` WHERE ${month} = ${Number(partition)}`
    const select = `SELECT ${columns.join(', ')} FROM ${this.#name(table)}${where}`
    await rm(file, { force: true })
    const { client, address } = this.#engine
    if (address.host === null) {
      await client.command({
        query: `INSERT INTO FUNCTION file({file:String}, 'Native') ${select} SETTINGS ${SETTINGS}, max_insert_threads = 1`,
        query_params: { file },
      })
      return
    }
    const { stream, response_headers } = await client.exec({
      query: `${select} SETTINGS ${SETTINGS} FORMAT Native`,
      abort_signal: signal,
    })
    await pipeline(stream, createWriteStream(file), { signal })
    const tag = response_headers[EXCEPTION_TAG_HEADER_NAME]
    const error = typeof tag === 'string' ? errorAtTheEnd(await tailOf(file), tag) : null
    if (error !== null) throw error
  }

  /** `token`: of letters and digits. */
  async read(table: KeptTable, columns: readonly string[], file: string, token: string): Promise<void> {
    const into = `INSERT INTO ${this.#name(table)} (${columns.join(', ')}) SETTINGS ${insertSettings(token)}`
    const { client, address } = this.#engine
    if (address.host === null) {
      await client.command({
        query: `${into}, max_insert_threads = 1 SELECT ${columns.join(', ')} FROM file({file:String}, 'Native')`,
        query_params: { file },
      })
      return
    }
    const { stream } = await client.exec({ query: `${into} FORMAT Native`, values: createReadStream(file) })
    await text(stream)
  }

  /** Of all tenants; a table that is not there has none. */
  async isEmpty(): Promise<boolean> {
    const tables = await this.tables()
    for (const table of KEPT_TABLES) {
      if (!tables.includes(table) || table === 'integrity_checks') continue
      if ((await this.#rows(`SELECT 1 FROM ${this.#name(table)} LIMIT 1`)).length > 0) return false
    }
    return true
  }

  async tables(): Promise<string[]> {
    const found = await this.#rows<{ name: string }>(
      `SELECT name FROM system.tables WHERE database = '${this.#engine.database}' ORDER BY name`,
    )
    return found.map(({ name }) => name)
  }

  #name(table: KeptTable): string {
    return `${this.#engine.database}.${table}`
  }

  async #rows<Row>(query: string): Promise<Row[]> {
    return (await this.#engine.client.query({ query, format: 'JSONEachRow' })).json<Row>()
  }
}
