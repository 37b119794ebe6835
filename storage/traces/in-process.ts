/** The client of the engine in process. */
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { createTurnstile } from '../turnstile.ts'
import { withLiterals } from './literals.ts'

type InjectedConnection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>

/** Every error is thrown as well: whoever catches it says it once, in his own words. */
export const QUIET = { level: ClickHouseLogLevel.OFF }

/** So many questions of a client at a time, besides what it writes. */
const READERS = 2
/** Of all clients. Each takes one of the four threads by which the process reads and writes its files: the log must not wait for questions. */
const turnstile = createTurnstile(3)

/**
 * Options of the engine's allocator (jemalloc(3)), read once, when the engine is loaded. It keeps what was freed for 5 s unless told: 60 to 100 MB
 * under load; half a second costs 2% more CPU. 0 would cost a fifth.
 */
const ENGINE_MEMORY = 'dirty_decay_ms:500'

/** Of the engine's files in a folder; the process is bound to it until the last client of it is closed. */
export async function connectInProcess(folder: string): Promise<ClickHouseClient> {
  process.env.JE_MALLOC_CONF ??= ENGINE_MEMORY
  // Loaded when needed: a role that talks to a server must not load the engine.
  const { createChdbConnection } = await import('chdb/connection')
  // The client bundles its own copy of the types that chdb implements; they differ in a private member alone.
  const connect = (): InTurn => new InTurn(createChdbConnection({ path: folder }) as unknown as InjectedConnection)
  return createClient({ connection: sideBySide(connect), log: QUIET })
}

/** Writes go by a connection of their own, so that they wait for no question; questions by that of the others which has least to do. */
function sideBySide(connect: () => InTurn): InjectedConnection {
  const writer = connect()
  const readers: InTurn[] = []
  let isClosed = false
  const reader = (): InTurn => {
    // Which says so; another connection would bind the process to the folder again.
    if (isClosed) return writer
    const idle = readers.find(({ waiting }) => waiting === 0)
    if (idle !== undefined) return idle
    if (readers.length < READERS) {
      const more = connect()
      readers.push(more)
      return more
    }
    return readers.reduce((least, one) => (one.waiting < least.waiting ? one : least))
  }
  return {
    ping: (params: Parameters<InjectedConnection['ping']>[0]) => writer.run((connection) => connection.ping(params)),
    close: async () => {
      isClosed = true
      for (const one of [...readers, writer]) await one.close()
    },
    query: (params: Parameters<InjectedConnection['query']>[0]) =>
      reader().run((connection) => connection.query(literal(params))),
    exec: (params: Parameters<InjectedConnection['exec']>[0]) =>
      reader().run((connection) => connection.exec(literal(params))),
    insert: (params: Parameters<InjectedConnection['insert']>[0]) =>
      writer.run((connection) => connection.insert(literal(params))),
    command: (params: Parameters<InjectedConnection['command']>[0]) =>
      writer.run((connection) => connection.command(literal(params))),
  }
}

function literal<Params extends { query: string; query_params?: Record<string, unknown> }>({
  query_params,
  ...params
}: Params): Omit<Params, 'query_params'> & { query: string } {
  return { ...params, query: withLiterals(params.query, query_params) }
}

/** Answers nothing, and takes with it what an answer before has left. */
const SWEEP = { query: 'SELECT 1 FORMAT Null' }
/** Values are part of the statement: as long as a list of them may be. */
const PREPARE = { query: 'SET max_query_size = 67108864' }

/**
 * A connection, which works on one query at a time. A query that fails while it writes its answer leaves what it has written on the
 * connection, and the next answer begins with it, whoever asked (chdb 3.4). So after a failure a query that answers nothing takes it
 * away, before any other is let in.
 */
class InTurn {
  readonly #connection: InjectedConnection
  #last: Promise<unknown>
  #isClean = true
  #waiting = 0

  constructor(connection: InjectedConnection) {
    this.#connection = connection
    // Where it fails, the first question does too, and says why.
    this.#last = connection.command(PREPARE).catch(() => {})
  }

  /** How many, with the one that is being worked on. */
  get waiting(): number {
    return this.#waiting
  }

  run<Value>(ask: (connection: InjectedConnection) => Promise<Value>): Promise<Value> {
    this.#waiting++
    const turn = this.#last.then(() => this.#asked(ask))
    this.#last = turn.catch(() => {}).then(() => this.#waiting--)
    return turn
  }

  async #asked<Value>(ask: (connection: InjectedConnection) => Promise<Value>): Promise<Value> {
    const leave = await turnstile.enter()
    try {
      if (!this.#isClean) await this.#connection.command(SWEEP)
      this.#isClean = false
      const value = await ask(this.#connection)
      this.#isClean = true
      return value
    } finally {
      leave()
    }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}
