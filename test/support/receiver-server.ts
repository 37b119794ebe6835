/** What local servers of receivers share: they answer as the real one does, keep what they took, and fail on demand. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The next requests fail so, one each: an answer, or a connection that breaks off before or after the message was taken. */
export type Fault =
  | { status: number; retryAfterSeconds?: number; headers?: Record<string, string>; body?: string }
  | 'disconnect'
  | 'accept_then_disconnect'

export interface ServerRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface ServerAnswer {
  status: number
  body: string
  headers?: Record<string, string>
}

export interface ReceiverServer {
  readonly url: string
  /** Requests of any outcome. */
  requestCount(): number
  fail(...faults: Fault[]): void
  /** Resolves when `look` finds something. It is asked after each request; rejects after `timeoutMs`. */
  waitFor<T>(look: () => T | null | undefined | false, timeoutMs?: number): Promise<T>
  close(): Promise<void>
}

const MAX_BODY_BYTES = 8 << 20

/** Listens on loopback; port 0 takes a free one. `answer` takes the message and says so. */
export async function startReceiverServer(
  answer: (request: ServerRequest) => ServerAnswer,
  port = 0,
): Promise<ReceiverServer> {
  const faults: Fault[] = []
  const waiting = new Set<() => void>()
  let requestCount = 0

  const respond = (response: ServerResponse, { status, body, headers }: ServerAnswer): void => {
    response.writeHead(status, headers).end(body)
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    requestCount++
    const fault = faults.shift()
    if (fault === 'disconnect') {
      request.socket.destroy()
      return
    }
    const chunks: Buffer[] = []
    let sizeBytes = 0
    for await (const chunk of request) {
      chunks.push(chunk as Buffer)
      sizeBytes += (chunk as Buffer).length
      if (sizeBytes > MAX_BODY_BYTES) return respond(response, { status: 413, body: 'too large' })
    }
    if (typeof fault === 'object') {
      const { status, retryAfterSeconds: retry, headers, body = `fault ${status}` } = fault
      const after = retry === undefined ? {} : { 'retry-after': String(retry) }
      return respond(response, { status, body, headers: { ...after, ...headers } })
    }
    const url = new URL(request.url ?? '/', 'http://localhost')
    const given = answer({
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks),
    })
    if (fault === 'accept_then_disconnect') request.socket.destroy()
    else respond(response, given)
    for (const wake of waiting) wake()
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requestCount: () => requestCount,
    fail: (...more) => {
      faults.push(...more)
    },
    waitFor: (look, timeoutMs = 60_000) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = look()
          if (found === null || found === undefined || found === false) return
          clearTimeout(timer)
          waiting.delete(check)
          resolve(found)
        }
        const timer = setTimeout(() => {
          waiting.delete(check)
          reject(new Error(`what was waited for did not arrive within ${timeoutMs} ms`))
        }, timeoutMs)
        waiting.add(check)
        check()
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** JSON of a request; undefined where it is none. */
export function jsonOf({ body }: ServerRequest): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
