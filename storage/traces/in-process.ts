/** The client of the engine in process. */
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'

type InjectedConnection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>

/** Every error is thrown as well: whoever catches it says it once, in his own words. */
export const QUIET = { level: ClickHouseLogLevel.OFF }

/** Of the engine's files in a folder; the process is bound to it until the last client of it is closed. */
export async function connectInProcess(folder: string): Promise<ClickHouseClient> {
  // Loaded when needed: a role that talks to a server must not load the engine.
  const { createChdbConnection } = await import('chdb/connection')
  // The client bundles its own copy of the types that chdb implements; they differ in a private member alone.
  const connection = createChdbConnection({ path: folder }) as unknown as InjectedConnection
  return createClient({ connection: withoutRemains(connection), log: QUIET })
}

/** Answers nothing, and takes with it what an answer before has left. */
const SWEEP = { query: 'SELECT 1 FORMAT Null' }

/**
 * A query that fails while it writes its answer leaves what it has written on the connection, and the next answer begins with it,
 * whoever asked (chdb 3.4). So after a failure a query that answers nothing takes it away, before any other is let in. The engine
 * works on one query of a connection at a time anyway: to wait for one's turn here costs nothing.
 */
function withoutRemains(connection: InjectedConnection): InjectedConnection {
  let last: Promise<unknown> = Promise.resolve()
  let isClean = true
  const inTurn = <Params, Value>(run: (params: Params) => Promise<Value>) => {
    return (params: Params): Promise<Value> => {
      const turn = last.then(async () => {
        if (!isClean) await connection.command(SWEEP)
        isClean = false
        const value = await run(params)
        isClean = true
        return value
      })
      last = turn.catch(() => {})
      return turn
    }
  }
  return {
    ping: inTurn((params: Parameters<InjectedConnection['ping']>[0]) => connection.ping(params)),
    close: () => connection.close(),
    query: inTurn((params: Parameters<InjectedConnection['query']>[0]) => connection.query(params)),
    insert: inTurn((params: Parameters<InjectedConnection['insert']>[0]) => connection.insert(params)),
    exec: inTurn((params: Parameters<InjectedConnection['exec']>[0]) => connection.exec(params)),
    command: inTurn((params: Parameters<InjectedConnection['command']>[0]) => connection.command(params)),
  }
}
