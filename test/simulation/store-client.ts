/** The traces store as a process has it: each call is a request, which may fail. */
import type { TracesStore } from '../../storage/traces/port.ts'
import type { SimulatedProcess } from './process.ts'
import type { StoreServer } from './store-server.ts'

export type StoreClient = Pick<TracesStore, 'insertBlocks' | 'getTrace' | 'queryResults' | 'spanIdsOf'>

export function storeClient(server: StoreServer, process: SimulatedProcess): StoreClient {
  const request = <T>(what: string, apply: () => T): Promise<T> => process.request({ what, service: 'store', apply })
  return {
    insertBlocks: (table, blocks, token) =>
      request(`insert ${table} by ${token}`, () => server.insert(table, blocks, token)),
    getTrace: (tenant, traceId) => request(`read trace ${traceId}`, () => server.getTrace(tenant, traceId)),
    spanIdsOf: (tenant, traceIds) =>
      request(
        `ids of spans of ${traceIds.join(' ')}`,
        () => new Map(traceIds.map((id) => [id, server.getTrace(tenant, id).map(({ spanId }) => spanId)])),
      ),
    queryResults: (tenant, { traceId, limit }) =>
      request(`read results of ${traceId}`, () =>
        [...server.visibleResults().values()]
          .filter((result) => result.tenant === tenant && (traceId === undefined || result.traceId === traceId))
          .slice(0, limit),
      ),
  }
}
