/** Asking ClickHouse: every query within the limits of whom it is for, and what goes wrong in words that help. */
import type { ClickHouseClient } from '@clickhouse/client'
import { limitSettings, type QueryLimits } from './limits.ts'
import type { Query } from './queries.ts'
import { type StoreAddress, storeErrorOf } from './store-errors.ts'

export class Questions {
  readonly #client: ClickHouseClient
  readonly #address: StoreAddress

  constructor(client: ClickHouseClient, address: StoreAddress) {
    this.#client = client
    this.#address = address
  }

  rows<Row>(limits: QueryLimits, query: Query): Promise<Row[]> {
    return this.explained(async () => {
      const answer = await this.#client.query({
        query: bounded(query, limits),
        query_params: query.query_params,
        format: 'JSONEachRow',
      })
      return answer.json<Row>()
    }, limits)
  }

  async each<Row, T>(limits: QueryLimits, query: Query, of: (row: Row) => T): Promise<T[]> {
    return (await this.rows<Row>(limits, query)).map((row) => of(row))
  }

  /** A list of values for each column. The client's own formats are by row, which takes twice the time and text. */
  columns(limits: QueryLimits, query: Query): Promise<unknown[][]> {
    return this.explained(async () => {
      const { stream } = await this.#client.exec({
        query: `${bounded(query, limits)} FORMAT JSONCompactColumns`,
        query_params: query.query_params,
        decompress_response_stream: true,
      })
      const chunks: Uint8Array[] = []
      for await (const chunk of stream) chunks.push(chunk as Uint8Array)
      const text = Buffer.concat(chunks).toString()
      return text === '' ? [] : (JSON.parse(text) as unknown[][])
    }, limits)
  }

  async explained<Value>(work: () => Promise<Value>, limits?: QueryLimits): Promise<Value> {
    try {
      return await work()
    } catch (error) {
      throw storeErrorOf(error, this.#address, limits)
    }
  }
}

/**
 * The third time that a query comes, the engine compiles its arithmetic for the processor, for a tenth of a second: so long as most of them take
 * as a whole. None of a million spans is faster for it afterwards.
 */
const UNCOMPILED = 'compile_expressions = 0, compile_aggregate_expressions = 0, compile_sort_description = 0'

function bounded({ query, settings }: Query, limits: QueryLimits): string {
  return `${query}\nSETTINGS ${limitSettings(limits)}, ${UNCOMPILED}${settings === undefined ? '' : `, ${settings}`}`
}
