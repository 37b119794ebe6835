/**
 * A local server that speaks Slack's incoming webhooks: it refuses what Slack refuses, with Slack's answers, and fails on demand.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and the limits of
 * https://docs.slack.dev/reference/block-kit/blocks
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

const text = (maxChars: number) =>
  z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('plain_text'),
      text: z.string().min(1).max(maxChars),
      emoji: z.boolean().optional(),
    }),
    z.strictObject({
      type: z.literal('mrkdwn'),
      text: z.string().min(1).max(maxChars),
      verbatim: z.boolean().optional(),
    }),
  ])

const block = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('header'),
    text: text(150).refine(({ type }) => type === 'plain_text'),
    block_id: z.string().max(255).optional(),
  }),
  z
    .strictObject({
      type: z.literal('section'),
      text: text(3000).optional(),
      fields: z.array(text(2000)).min(1).max(10).optional(),
      block_id: z.string().max(255).optional(),
    })
    .refine((section) => section.text !== undefined || section.fields !== undefined),
  z.strictObject({ type: z.literal('context'), elements: z.array(text(3000)).min(1).max(10) }),
  z.strictObject({ type: z.literal('divider') }),
])

const payloadSchema = z.strictObject({
  text: z.string().max(40_000).optional(),
  blocks: z.array(block).max(50).optional(),
})

export type SlackPayload = z.infer<typeof payloadSchema>

export interface ReceivedMessage {
  path: string
  payload: SlackPayload
  /** `performance.now()` of the arrival. */
  atMs: number
}

/** The next requests fail so, one each: an answer, or a connection that breaks off. */
export type Fault = { status: number; retryAfterSeconds?: number } | 'disconnect' | 'accept_then_disconnect'

export interface SlackServer {
  /** A webhook's address; `path` stands for the channel's own. */
  url(path?: string): string
  readonly messages: readonly ReceivedMessage[]
  /** Requests of any outcome. */
  requestCount(): number
  fail(...faults: Fault[]): void
  /** Resolves when that many messages were taken; rejects after `timeoutMs`. */
  waitFor(count: number, timeoutMs?: number): Promise<readonly ReceivedMessage[]>
  close(): Promise<void>
}

const MAX_BODY_BYTES = 1 << 20

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request) {
    sizeBytes += (chunk as Buffer).length
    if (sizeBytes > MAX_BODY_BYTES) return null
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsePayload(body: string | null): { ok: true; payload: SlackPayload } | { ok: false; answer: string } {
  let raw: unknown
  try {
    raw = JSON.parse(body ?? '')
  } catch {
    return { ok: false, answer: 'invalid_payload' }
  }
  const parsed = payloadSchema.safeParse(raw)
  if (!parsed.success) return { ok: false, answer: 'invalid_blocks' }
  if (!parsed.data.text && !parsed.data.blocks?.length) return { ok: false, answer: 'no_text' }
  return { ok: true, payload: parsed.data }
}

/** Listens on loopback; port 0 takes a free one. */
export async function startSlackServer(port = 0): Promise<SlackServer> {
  const messages: ReceivedMessage[] = []
  const faults: Fault[] = []
  const waiting = new Set<() => void>()
  let requestCount = 0

  const answer = (
    response: ServerResponse,
    status: number,
    body: string,
    headers: Record<string, string> = {},
  ): void => {
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body)
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    requestCount++
    const fault = faults.shift()
    if (fault === 'disconnect') {
      request.socket.destroy()
      return
    }
    const body = await readBody(request)
    if (typeof fault === 'object') {
      const retry = fault.retryAfterSeconds
      answer(response, fault.status, fault.status === 429 ? 'rate_limited' : 'rollup_error', {
        ...(retry !== undefined && { 'retry-after': String(retry) }),
      })
      return
    }
    if (request.method !== 'POST') return answer(response, 405, 'method_not_allowed')
    if (!request.url?.startsWith('/services/')) return answer(response, 404, 'no_service')
    if (!request.headers['content-type']?.startsWith('application/json'))
      return answer(response, 400, 'invalid_payload')
    const parsed = parsePayload(body)
    if (!parsed.ok) return answer(response, 400, parsed.answer)
    messages.push({ path: request.url, payload: parsed.payload, atMs: performance.now() })
    for (const wake of waiting) wake()
    if (fault === 'accept_then_disconnect') request.socket.destroy()
    else answer(response, 200, 'ok')
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url: (path = 'T000/B000/secret') => `${base}/services/${path}`,
    messages,
    requestCount: () => requestCount,
    fail: (...more) => {
      faults.push(...more)
    },
    waitFor: (count, timeoutMs = 10_000) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (messages.length < count) return
          clearTimeout(timer)
          waiting.delete(check)
          resolve(messages)
        }
        const timer = setTimeout(() => {
          waiting.delete(check)
          reject(new Error(`${messages.length} of ${count} messages arrived within ${timeoutMs} ms`))
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

/** All text of a message, as a person reads it. */
export function textOf({ payload }: ReceivedMessage): string {
  const parts: string[] = payload.text === undefined ? [] : [payload.text]
  for (const item of payload.blocks ?? []) {
    if (item.type === 'divider') continue
    if (item.type === 'context') parts.push(...item.elements.map((element) => element.text))
    else {
      if (item.text) parts.push(item.text.text)
      if (item.type === 'section' && item.fields) parts.push(...item.fields.map((field) => field.text))
    }
  }
  return parts.join('\n')
}
