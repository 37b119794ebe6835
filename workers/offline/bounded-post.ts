/**
 * Posts the call of a judge and reads its answer whole, within bounds of size and time: a provider gone mad must not fill a worker's memory,
 * and one that stalls in the middle of its answer must not hold a run for ever. It is as near to the socket as `undici` lets one come: a
 * `fetch` with its streams, headers and signals costs several times the call itself.
 */
import { Agent } from 'undici'

/** An answer of 64,000 characters with all its envelope is far below it. */
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024

export class ResponseTooLarge extends Error {
  override readonly name = 'ResponseTooLarge'
  constructor() {
    super(`the response exceeds ${MAX_RESPONSE_BYTES / 1024 / 1024} MiB`)
  }
}

/** No answer, or not all of it, in time. */
export class CallTimedOut extends Error {
  override readonly name = 'CallTimedOut'
}

export interface PostedCall {
  readonly url: URL
  readonly headers: Record<string, string>
  readonly body: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export interface PostAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** Time limits are the call's own. */
const connections = new Agent({ headersTimeout: 0, bodyTimeout: 0, allowH2: false })

const decoder = new TextDecoder()

/** Rejects with `ResponseTooLarge`, `CallTimedOut`, the signal's reason, and undici's errors. */
export function post({ url, headers, body, timeoutMs, signal }: PostedCall): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    let breakOff: ((reason: Error) => void) | null = null
    let ended: Error | 'answered' | null = null
    /** Once; true where the answer is wanted. */
    const end = (how: Error | 'answered'): boolean => {
      if (ended !== null) return false
      ended = how
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      if (how === 'answered') return true
      reject(how)
      breakOff?.(how)
      return false
    }
    const onAbort = (): void => {
      end(signal.reason instanceof Error ? signal.reason : new Error('broken off'))
    }
    const timer = setTimeout(() => end(new CallTimedOut(`no answer in ${timeoutMs} ms`)), timeoutMs)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)

    let head: Pick<PostAnswer, 'status' | 'headers'> = { status: 0, headers: {} }
    const chunks: Buffer[] = []
    let sizeBytes = 0
    connections.dispatch(
      { origin: url.origin, path: url.pathname + url.search, method: 'POST', headers, body },
      {
        onRequestStart(controller) {
          breakOff = (reason) => controller.abort(reason)
          // It may have waited for a connection until now.
          if (ended instanceof Error) controller.abort(ended)
        },
        onResponseStart(_, status, given) {
          head = { status, headers: given }
        },
        onResponseData(_, chunk) {
          sizeBytes += chunk.length
          if (sizeBytes > MAX_RESPONSE_BYTES) end(new ResponseTooLarge())
          else chunks.push(chunk)
        },
        onResponseEnd() {
          const [first] = chunks
          const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
          // As `fetch` reads a text: without the mark that some put before it.
          if (end('answered')) resolve({ ...head, text: decoder.decode(bytes) })
        },
        onResponseError(_, error) {
          end(error)
        },
      },
    )
  })
}
