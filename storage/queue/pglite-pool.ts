/**
 * PGlite behind the small part of node-postgres' pool that BullMQ's PostgreSQL backend uses.
 *
 * PGlite is PostgreSQL in one process with a single session. All clients of this pool share that session, so a client
 * that has begun a transaction holds it alone until COMMIT, ROLLBACK or release; statements of the others wait their turn.
 * BullMQ takes transaction-scoped advisory locks only, within one statement or one such transaction, so exclusive
 * transactions are all the isolation it needs.
 */
import { EventEmitter } from 'node:events'
import type { PGlite, Results } from '@electric-sql/pglite'

export interface PoolQueryResult<R> {
  rows: R[]
  rowCount: number
}

export interface Notification {
  channel: string
  payload: string
}

/** OID of PostgreSQL's int8, which node-postgres hands over as text (it may exceed 2^53). */
const INT8_OID = 20

/** First in, first out; `acquire` resolves to the release function. */
class Mutex {
  #tail: Promise<void> = Promise.resolve()

  async acquire(): Promise<() => void> {
    const before = this.#tail
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#tail = promise
    await before
    return resolve
  }
}

export class PglitePool extends EventEmitter {
  readonly #db: PGlite
  readonly #mutex = new Mutex()
  readonly #clients = new Set<PglitePoolClient>()
  readonly #unsubscribe: () => void
  #ended = false

  /** The caller keeps owning `db`: `end()` detaches from it and leaves it open. */
  constructor(db: PGlite) {
    super()
    this.#db = db
    this.#unsubscribe = db.onNotification((channel, payload) => {
      for (const client of this.#clients) client.emit('notification', { channel, payload } satisfies Notification)
    })
  }

  // BullMQ declares the row type as a free parameter of `query`, as node-postgres does; nothing can check it here.
  async query<R = Record<string, unknown>>(text: string, params?: readonly unknown[]): Promise<PoolQueryResult<R>> {
    this.#assertOpen()
    const release = await this.#mutex.acquire()
    try {
      return await this.#run<R>(text, params)
    } finally {
      release()
    }
  }

  async connect(): Promise<PglitePoolClient> {
    this.#assertOpen()
    await this.#db.waitReady
    const client = new PglitePoolClient({
      acquire: () => this.#mutex.acquire(),
      run: (text, params) => this.#run(text, params),
      forget: (gone) => this.#clients.delete(gone),
    })
    this.#clients.add(client)
    this.emit('connect', client)
    return client
  }

  /** Waits for what is running, then refuses further statements. */
  async end(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    ;(await this.#mutex.acquire())()
    this.#unsubscribe()
    this.#clients.clear()
  }

  #assertOpen(): void {
    // BullMQ recognises these words and treats a straggler's query as cancelled.
    if (this.#ended) throw new Error('Cannot use a pool after calling end on the pool')
  }

  async #run<R>(text: string, params: readonly unknown[] | undefined): Promise<PoolQueryResult<R>> {
    const options = { parsers: { [INT8_OID]: (value: string) => value } }
    // Only the simple protocol takes several statements in one text (migrations), only the extended one takes parameters.
    const result =
      params === undefined || params.length === 0
        ? (await this.#db.exec(text, options)).at(-1)
        : await this.#db.query(text, [...params], options)
    return { rows: (result?.rows ?? []) as R[], rowCount: countRows(result) }
  }
}

function countRows(result: Results<unknown> | undefined): number {
  if (result === undefined) return 0
  return result.rows.length > 0 ? result.rows.length : (result.affectedRows ?? 0)
}

interface ClientHost {
  acquire(): Promise<() => void>
  run<R>(text: string, params: readonly unknown[] | undefined): Promise<PoolQueryResult<R>>
  forget(client: PglitePoolClient): void
}

/** A checked-out client: exclusive between BEGIN and COMMIT or ROLLBACK, and a subscriber of notifications. */
export class PglitePoolClient extends EventEmitter {
  readonly #host: ClientHost
  #endTransaction: (() => void) | undefined

  constructor(host: ClientHost) {
    super()
    // Each blocked worker and event reader listens here.
    this.setMaxListeners(0)
    this.#host = host
  }

  async query<R = Record<string, unknown>>(text: string, params?: readonly unknown[]): Promise<PoolQueryResult<R>> {
    const command = firstWord(text)
    if (this.#endTransaction === undefined) {
      const release = await this.#host.acquire()
      try {
        const result = await this.#host.run<R>(text, params)
        if (command === 'BEGIN' || command === 'START') this.#endTransaction = release
        else release()
        return result
      } catch (error) {
        release()
        throw error
      }
    }
    try {
      return await this.#host.run<R>(text, params)
    } finally {
      if (command === 'COMMIT' || command === 'END' || command === 'ROLLBACK') this.#leaveTransaction()
    }
  }

  /** Gives the client back; an open transaction is rolled back. */
  release(): void {
    this.#host.forget(this)
    if (this.#endTransaction === undefined) return
    void this.#host.run('ROLLBACK', undefined).then(
      () => this.#leaveTransaction(),
      () => this.#leaveTransaction(),
    )
  }

  #leaveTransaction(): void {
    this.#endTransaction?.()
    this.#endTransaction = undefined
  }
}

function firstWord(sql: string): string {
  return /^\s*([a-zA-Z]+)/.exec(sql)?.[1]?.toUpperCase() ?? ''
}
