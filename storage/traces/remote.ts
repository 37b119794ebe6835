/**
 * The traces port across threads: the engine in process lives on the main thread, and other threads ask it by messages over a
 * `MessagePort`. Spans and results pass by structured clone, which keeps maps and big integers.
 */
import type { MessagePort } from 'node:worker_threads'
import { DEFAULT_LIMITS, requestTimeoutMs } from './limits.ts'
import { QueryLimitError, type TracesStore, UnstorableError } from './port.ts'

type Method = Exclude<keyof TracesStore, 'close'>

interface Request {
  id: number
  method: Method
  args: unknown[]
}

type Reply = { id: number; ok: true; value: unknown } | ({ id: number; ok: false } & Failure)

interface Failure {
  name: string
  message: string
  limit?: QueryLimitError['limit']
}

/** A request had no answer in time. It may still be carried out. */
export class RemoteTimeoutError extends Error {
  override readonly name = 'RemoteTimeoutError'
}

const DEFAULT_TIMEOUT_MS = requestTimeoutMs(DEFAULT_LIMITS)

const METHODS: Readonly<Record<Method, true>> = {
  migrate: true,
  insertSpans: true,
  insertResults: true,
  insertBlocks: true,
  getTrace: true,
  getTraces: true,
  spanIdsOf: true,
  queryResults: true,
  queryVerdicts: true,
  ledger: true,
  settledTraceIds: true,
  settledSessions: true,
  flaggedSubjects: true,
  spanPages: true,
  readSpanPage: true,
  resultsOfPage: true,
  countSpans: true,
  countWindow: true,
  compareRun: true,
  usage: true,
  searchTraces: true,
  listSessions: true,
  evalSeries: true,
  evalTrends: true,
  evalFlips: true,
  resultHistory: true,
  contrastTraces: true,
  judgeSpend: true,
  resultTallies: true,
  worstResults: true,
  ping: true,
}

/** Answers the requests that come through `port` until it closes. The store stays its owner's to close. */
export function serveTraces(port: MessagePort, store: TracesStore): void {
  port.on('message', (request: Request) => {
    void answer(request, store).then((reply) => port.postMessage(reply))
  })
}

async function answer({ id, method, args }: Request, store: TracesStore): Promise<Reply> {
  try {
    if (!Object.hasOwn(METHODS, method)) throw new Error(`the traces store has no method ${method}`)
    const call = store[method] as (...args: unknown[]) => Promise<unknown>
    return { id, ok: true, value: await call.apply(store, args) }
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    return { id, ok: false, name, message, ...(error instanceof QueryLimitError && { limit: error.limit }) }
  }
}

/** Rejects with an Error of the store's own message, or with `RemoteTimeoutError`. `close` closes the port alone. */
export function connectTraces(port: MessagePort, options: { timeoutMs?: number } = {}): TracesStore {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let nextId = 1
  let closed = false

  const settle = (id: number) => {
    const call = waiting.get(id)
    waiting.delete(id)
    return call
  }
  port.on('message', (reply: Reply) => {
    const call = settle(reply.id)
    if (reply.ok) call?.resolve(reply.value)
    else call?.reject(errorOf(reply))
  })
  port.on('close', () => {
    closed = true
    for (const id of [...waiting.keys()]) settle(id)?.reject(new Error('the traces store was closed'))
  })

  // The wire carries what the port's types say on both ends: the two sides are one build.
  const call = <Value>(method: Method, ...args: unknown[]): Promise<Value> =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new Error('the traces store was closed'))
      const id = nextId++
      const timer = setTimeout(() => {
        settle(id)?.reject(new RemoteTimeoutError(`${method} of the traces store had no answer in ${timeoutMs} ms`))
      }, timeoutMs)
      const done = <A>(then: (value: A) => void) => {
        return (value: A) => {
          clearTimeout(timer)
          then(value)
        }
      }
      waiting.set(id, { resolve: done((value: unknown) => resolve(value as Value)), reject: done(reject) })
      const request: Request = { id, method, args }
      port.postMessage(request)
    })

  return {
    migrate: () => call('migrate'),
    insertSpans: (spans, token) => call('insertSpans', spans, token),
    insertResults: (results, token) => call('insertResults', results, token),
    insertBlocks: (table, blocks, token) => call('insertBlocks', table, blocks, token),
    getTrace: (tenant, traceId) => call('getTrace', tenant, traceId),
    getTraces: (tenant, traceIds) => call('getTraces', tenant, traceIds),
    spanIdsOf: (tenant, traceIds) => call('spanIdsOf', tenant, traceIds),
    queryResults: (tenant, filter) => call('queryResults', tenant, filter),
    queryVerdicts: (tenant, filter) => call('queryVerdicts', tenant, filter),
    ledger: (tenant, ledgerOptions) => call('ledger', tenant, ledgerOptions),
    settledTraceIds: (tenant, query) => call('settledTraceIds', tenant, query),
    settledSessions: (tenant, query) => call('settledSessions', tenant, query),
    flaggedSubjects: (tenant, query) => call('flaggedSubjects', tenant, query),
    spanPages: (tenant, window, spansPerPage) => call('spanPages', tenant, window, spansPerPage),
    readSpanPage: (tenant, query) => call('readSpanPage', tenant, query),
    resultsOfPage: (tenant, page, evalIds) => call('resultsOfPage', tenant, page, evalIds),
    countSpans: (tenant) => call('countSpans', tenant),
    countWindow: (tenant, window) => call('countWindow', tenant, window),
    compareRun: (tenant, runId) => call('compareRun', tenant, runId),
    usage: (tenant, window) => call('usage', tenant, window),
    searchTraces: (tenant, search) => call('searchTraces', tenant, search),
    listSessions: (tenant, search) => call('listSessions', tenant, search),
    evalSeries: (tenant, series) => call('evalSeries', tenant, series),
    evalTrends: (tenant, query) => call('evalTrends', tenant, query),
    evalFlips: (tenant, query) => call('evalFlips', tenant, query),
    resultHistory: (tenant, query) => call('resultHistory', tenant, query),
    contrastTraces: (tenant, query) => call('contrastTraces', tenant, query),
    judgeSpend: (tenant, sinceMs) => call('judgeSpend', tenant, sinceMs),
    resultTallies: (tenant, query) => call('resultTallies', tenant, query),
    worstResults: (tenant, query) => call('worstResults', tenant, query),
    ping: () => call('ping'),
    close: async () => {
      port.close()
    },
  }
}

function errorOf({ name, message, limit }: Failure): Error {
  if (limit !== undefined) return new QueryLimitError(limit, message)
  return name === 'UnstorableError' ? new UnstorableError(message) : new Error(message)
}
