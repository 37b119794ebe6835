/** One HTTP request to a receiver. Redirects are not followed: they could lead anywhere. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { AddressPolicy } from './private-addresses.ts'
import { ForbiddenAddressError, guardedLookup, type Lookup, literalAddress } from './resolve.ts'

/** Longer than receivers take on a bad day, short enough to try again within the minute. */
const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 1 << 20

export interface OutboundRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

export type OutboundAnswer =
  | { kind: 'answered'; status: number; retryAfter: string | null; text: string }
  /** No answer, so that it is not known whether it arrived. */
  | { kind: 'unanswered'; reason: string }
  /** Nothing was sent. */
  | { kind: 'forbidden'; reason: string }

/** POSTs. Never rejects, and ends within seconds. Reasons never hold the address: a webhook's is a secret. */
export type Send = (request: OutboundRequest) => Promise<OutboundAnswer>

export function createSend(policy: AddressPolicy, lookup?: Lookup): Send {
  return async ({ url, headers, body }) => {
    const parsed = URL.parse(url)
    if (parsed === null) return { kind: 'forbidden', reason: 'the address is no URL' }
    const literal = literalAddress(parsed.hostname)
    // A literal is connected to without a lookup.
    if (literal !== null && !policy(literal, literal))
      return { kind: 'forbidden', reason: new ForbiddenAddressError(literal).message }
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const open = parsed.protocol === 'https:' ? httpsRequest : httpRequest
        const request = open(
          parsed,
          {
            method: 'POST',
            headers: { 'user-agent': 'Assay', ...headers, 'content-length': bytes.length },
            // A connection of its own each time: one that is kept might have been looked up for another policy.
            agent: false,
            lookup: guardedLookup(policy, lookup),
            signal,
          },
          resolve,
        )
        request.on('error', reject)
        request.end(bytes)
      })
      const text = await readText(response)
      return {
        kind: 'answered',
        status: response.statusCode ?? 0,
        retryAfter: response.headers['retry-after'] ?? null,
        text,
      }
    } catch (error) {
      if (error instanceof ForbiddenAddressError) return { kind: 'forbidden', reason: error.message }
      return { kind: 'unanswered', reason: describeNetworkError(error, signal.aborted) }
    }
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes > MAX_ANSWER_BYTES) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

function describeNetworkError(error: unknown, isLate: boolean): string {
  if (isLate) return `no answer within ${TIMEOUT_MS / 1000} s`
  const code = error instanceof Error && 'code' in error ? ` ${String(error.code)}` : ''
  return `network error${code}`
}
