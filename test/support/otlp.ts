/** OTLP/JSON as a client sends it, and what the API then says of it. */
import { expect } from 'vitest'
import { traceResponseSchema } from '../../server/schemas.ts'
import type { AssayProcess } from './assay-process.ts'

export interface ChatSpan {
  traceId: string
  spanId?: string
  output?: string
  durationMs?: number
  /** Any other attributes, of strings. */
  attributes?: Readonly<Record<string, string>>
}

export const traceIdOf = (index: number): string => index.toString(16).padStart(32, '0')

/** A request with one chat span each, ended just now. */
export function chatRequest(spans: readonly ChatSpan[]): unknown {
  const endNs = BigInt(Date.now()) * 1_000_000n
  return { resourceSpans: [{ scopeSpans: [{ spans: spans.map((span) => spanJson(span, endNs)) }] }] }
}

function spanJson({ traceId, spanId, output, durationMs, attributes }: ChatSpan, endNs: bigint): unknown {
  const texts = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'gpt-5-mini',
    'gen_ai.output.messages': JSON.stringify([
      { role: 'assistant', parts: [{ type: 'text', content: output ?? 'Your order is on its way.' }] },
    ]),
    ...attributes,
  }
  return {
    traceId,
    spanId: spanId ?? '00000000000000aa',
    name: 'chat gpt-5-mini',
    kind: 3,
    startTimeUnixNano: String(endNs - BigInt(durationMs ?? 5) * 1_000_000n),
    endTimeUnixNano: String(endNs),
    attributes: Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  }
}

export function post(assay: AssayProcess, body: unknown, contentType = 'application/json'): Promise<Response> {
  return fetch(assay.tracesUrl, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body: typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body),
  })
}

/** Fails the test unless the spans were taken. */
export async function send(assay: AssayProcess, ...spans: ChatSpan[]): Promise<void> {
  const response = await post(assay, chatRequest(spans))
  expect(response.status, await response.text()).toBe(200)
}

export async function getJson(assay: AssayProcess, path: string): Promise<unknown> {
  return (await fetch(`${assay.apiUrl}${path}`)).json()
}

type Trace = ReturnType<typeof traceResponseSchema.parse>

/** Null while there is none. */
export async function getTrace(assay: AssayProcess, traceId: string): Promise<Trace | null> {
  const response = await fetch(`${assay.apiUrl}/v1/traces/${traceId}`)
  if (response.status === 404) return null
  return traceResponseSchema.parse(await response.json())
}

/** Asks until there is an answer. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  timeoutMs = 10_000,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > deadlineMs) throw new Error(`${what} did not happen within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
