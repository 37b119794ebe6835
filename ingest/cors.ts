/** Pages in browsers may send spans from origins that are named; nobody else's. https://fetch.spec.whatwg.org/#http-cors-protocol */
import type { IncomingMessage, ServerResponse } from 'node:http'

const MAX_AGE_SECONDS = 3_600

/** True if it was a preflight, and is answered. Other requests of a page get the header that lets it read the answer. */
export function answerCors(request: IncomingMessage, response: ServerResponse, allowed: ReadonlySet<string>): boolean {
  const { origin } = request.headers
  if (origin === undefined) return false
  const isAllowed = allowed.has(origin)
  response.setHeader('vary', 'origin')
  if (isAllowed) {
    response.setHeader('access-control-allow-origin', origin)
    response.setHeader('access-control-expose-headers', 'retry-after')
  }
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false
  if (isAllowed) {
    response.setHeader('access-control-allow-methods', 'POST')
    response.setHeader('access-control-allow-headers', 'authorization, content-encoding, content-type, x-api-key')
    response.setHeader('access-control-max-age', String(MAX_AGE_SECONDS))
  }
  response.writeHead(isAllowed ? 204 : 403)
  response.end()
  return true
}
