/**
 * A local server that speaks Slack's incoming webhooks: it refuses what Slack refuses, with Slack's answers, and fails on demand.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and the limits of
 * https://docs.slack.dev/reference/block-kit/blocks
 */
import { z } from 'zod'
import { type Fault, jsonOf, type ReceiverServer, startReceiverServer } from './receiver-server.ts'

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

export const blockSchema = z.discriminatedUnion('type', [
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
  blocks: z.array(blockSchema).max(50).optional(),
})

export type SlackPayload = z.infer<typeof payloadSchema>

export interface ReceivedMessage {
  path: string
  payload: SlackPayload
  /** `performance.now()` of the arrival. */
  atMs: number
}

export interface SlackServer extends Omit<ReceiverServer, 'url' | 'waitFor'> {
  /** A webhook's address; `path` stands for the channel's own. */
  url(path?: string): string
  readonly messages: readonly ReceivedMessage[]
  fail(...faults: Fault[]): void
  /** From now on it fails with such messages, and with no others. */
  refuse(isRefused: (message: ReceivedMessage) => boolean): void
  /** Resolves when that many messages were taken; rejects after `timeoutMs`. */
  waitFor(count: number, timeoutMs?: number): Promise<readonly ReceivedMessage[]>
}

/** Listens on loopback; port 0 takes a free one. */
export async function startSlackServer(port = 0): Promise<SlackServer> {
  const messages: ReceivedMessage[] = []
  let isRefused = (_: ReceivedMessage): boolean => false
  const server = await startReceiverServer((request) => {
    const html = { 'content-type': 'text/html' }
    const refused = (status: number, body: string) => ({ status, body, headers: html })
    if (request.method !== 'POST') return refused(405, 'method_not_allowed')
    if (!request.path.startsWith('/services/')) return refused(404, 'no_service')
    if (!request.headers['content-type']?.startsWith('application/json')) return refused(400, 'invalid_payload')
    const raw = jsonOf(request)
    if (raw === undefined) return refused(400, 'invalid_payload')
    const parsed = payloadSchema.safeParse(raw)
    if (!parsed.success) return refused(400, 'invalid_blocks')
    if (!parsed.data.text && !parsed.data.blocks?.length) return refused(400, 'no_text')
    const message = { path: request.path, payload: parsed.data, atMs: performance.now() }
    if (isRefused(message)) return refused(500, 'internal_error')
    messages.push(message)
    return { status: 200, body: 'ok', headers: html }
  }, port)
  return {
    ...server,
    url: (path = 'T000/B000/secret') => `${server.url}/services/${path}`,
    messages,
    refuse: (look) => {
      isRefused = look
    },
    waitFor: (count, timeoutMs = 10_000) => server.waitFor(() => messages.length >= count && messages, timeoutMs),
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
