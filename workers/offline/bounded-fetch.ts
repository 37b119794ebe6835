/**
 * `fetch` for the calls of judges. It takes no more of an answer than a judge's can have: a provider gone mad must not fill a worker's memory. And
 * it reads the answer whole before it returns: a stream of the web, with all its promises, costs several times the call itself.
 */
import { Agent, request } from 'undici'

/** An answer of 64,000 characters with all its envelope is far below it. */
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024

export class ResponseTooLarge extends Error {
  override readonly name = 'ResponseTooLarge'
  constructor() {
    super(`the response exceeds ${MAX_RESPONSE_BYTES / 1024 / 1024} MiB`)
  }
}

/** Time limits are the caller's, by `init.signal`. */
const connections = new Agent({ headersTimeout: 0, bodyTimeout: 0 })

/** As the `openai` client calls it: with an address, a text to post and `Headers`. Rejects with `ResponseTooLarge`, and with undici's errors. */
export const boundedFetch: typeof fetch = async (input, init = {}) => {
  const { method = 'GET', body, headers, signal } = init
  const url = input instanceof Request ? input.url : input
  if (body !== undefined && body !== null && typeof body !== 'string')
    throw new TypeError('a call of a judge posts a text')
  const response = await request(url, {
    dispatcher: connections,
    method: method as 'GET' | 'POST',
    headers: Object.fromEntries(new Headers(headers)),
    ...(typeof body === 'string' && { body }),
    ...(signal !== undefined && signal !== null && { signal }),
  })
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    // Leaving the loop breaks the connection off.
    if (sizeBytes > MAX_RESPONSE_BYTES) throw new ResponseTooLarge()
    chunks.push(chunk)
  }
  const head = Object.entries(response.headers).flatMap(([name, value]): [string, string][] =>
    [value ?? []].flat().map((one) => [name, one]),
  )
  // A status that has no body takes none, not even an empty one.
  return new Response(sizeBytes === 0 ? null : Buffer.concat(chunks), { status: response.statusCode, headers: head })
}
