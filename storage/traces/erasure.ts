/**
 * Deletes traces from the store. A mutation writes the parts that hold them anew: a lightweight DELETE would only mark rows, and leave
 * their texts in the files until a merge comes by. It names traces, so that no user's id gets into the files that tell of mutations.
 */
import type { ClickHouseClient } from '@clickhouse/client'
import type { TracesTable } from './encode.ts'
import { type Layout, onCluster, quoted, storingTable } from './layout.ts'
import { CHECK_LIMITS, limitSettings } from './limits.ts'

export interface StoredCounts {
  readonly spans: number
  readonly results: number
}

const TABLES: readonly TracesTable[] = ['spans', 'messages', 'results']
const COUNTED = ['spans', 'results'] as const
const COLUMN = { user: 'user_id', session: 'session_id' } as const
/** A mutation reads the sorting key of every part of the tenant's: few with many traces are cheaper than many with few. */
const TRACES_OF_MUTATION = 20_000
const SETTINGS = `${limitSettings(CHECK_LIMITS)}, max_query_size = 16777216`

export class TracesErasure {
  readonly #client: ClickHouseClient
  readonly #layout: Layout

  constructor(client: ClickHouseClient, { database, cluster }: { database: string; cluster: string | null }) {
    this.#client = client
    this.#layout = { database, cluster, storagePolicy: null }
  }

  /** Traces with a span of one of these users or sessions. */
  async tracesOf(tenant: string, kind: 'user' | 'session', ids: readonly string[]): Promise<string[]> {
    const answer = await this.#client.query({
      query: `SELECT DISTINCT lower(hex(trace_id)) AS trace FROM ${this.#layout.database}.spans
WHERE tenant = {tenant:String} AND ${COLUMN[kind]} IN {ids:Array(String)} SETTINGS ${SETTINGS}`,
      query_params: { tenant, ids: [...ids] },
      format: 'JSONEachRow',
    })
    return (await answer.json<{ trace: string }>()).map(({ trace }) => trace)
  }

  /** Rows that are there, of spans that were stored twice both. */
  async count(tenant: string, traceIds: readonly string[]): Promise<StoredCounts> {
    const counts = { spans: 0, results: 0 }
    for (const part of chunks(traceIds)) {
      for (const table of COUNTED) {
        const answer = await this.#client.query({
          query: `SELECT count() AS n FROM ${this.#layout.database}.${table} WHERE ${among(tenant, part)} SETTINGS ${SETTINGS}`,
          format: 'JSONEachRow',
        })
        counts[table] += Number((await answer.json<{ n: number | string }>())[0]?.n ?? 0)
      }
    }
    return counts
  }

  /** Resolves when no query finds them any more, on any replica. */
  async erase(tenant: string, traceIds: readonly string[]): Promise<void> {
    const { database } = this.#layout
    for (const part of chunks(traceIds)) {
      for (const table of TABLES) {
        await this.#client.command({
          query: `ALTER TABLE ${database}.${storingTable(this.#layout, table)}${onCluster(this.#layout)} DELETE WHERE ${among(tenant, part)}
SETTINGS mutations_sync = 2, max_query_size = 16777216`,
        })
      }
    }
  }
}

const TRACE_ID = /^[0-9a-f]{32}$/

/** In the words of the query itself: a mutation is kept as text, and has no parameters. */
function among(tenant: string, traceIds: readonly string[]): string {
  const ids = traceIds.filter((id) => TRACE_ID.test(id)).map((id) => `unhex('${id}')`)
  return `tenant = ${quoted(tenant)} AND trace_id IN (${ids.join(', ')})`
}

function* chunks(traceIds: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < traceIds.length; at += TRACES_OF_MUTATION) yield traceIds.slice(at, at + TRACES_OF_MUTATION)
}
