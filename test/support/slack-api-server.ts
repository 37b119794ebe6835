/** Slack's Web API on loopback, as far as a bot posts: it answers 200 to what it refuses, as Slack does. */
import { z } from 'zod'
import {
  jsonOf,
  type ReceiverServer,
  type ServerAnswer,
  type ServerRequest,
  startReceiverServer,
} from './receiver-server.ts'
import { blockSchema, type SlackPayload } from './slack-server.ts'

const postSchema = z.strictObject({
  channel: z.string().min(1),
  text: z.string().max(40_000).optional(),
  blocks: z.array(blockSchema).max(50).optional(),
  thread_ts: z.string().optional(),
  unfurl_links: z.boolean().optional(),
})
const updateSchema = z.strictObject({
  channel: z.string().regex(/^C/, 'channel_not_found'),
  ts: z.string(),
  text: z.string().max(40_000).optional(),
  blocks: z.array(blockSchema).max(50).optional(),
})
const completeSchema = z.strictObject({
  files: z.array(z.strictObject({ id: z.string(), title: z.string().optional() })).min(1),
  channel_id: z.string().optional(),
  thread_ts: z.string().optional(),
  initial_comment: z.string().optional(),
})

export interface Posted {
  channel: string
  ts: string
  threadTs: string | null
  payload: SlackPayload
  /** Of the payload, the first included. */
  versions: number
}

export interface Uploaded {
  name: string
  /** As it was announced. */
  length: number
  bytes: Buffer
  /** Empty until it is shared. */
  channel: string
  threadTs: string | null
}

export interface SlackApiServer extends ReceiverServer {
  readonly baseUrl: string
  readonly posts: readonly Posted[]
  readonly files: readonly Uploaded[]
  /** The next calls are refused so, one each; of one method where it is named. */
  refuse(error: string, method?: string): void
  /** The next calls of the method are answered so, by what stands before it: one each. */
  failCalls(method: string, ...faults: { status: number; retryAfterSeconds?: number }[]): void
}

export const BOT_TOKEN = 'xoxb-local-token'

/** Knows every channel but `#gone`. */
export async function startSlackApiServer(): Promise<SlackApiServer> {
  const posts: Posted[] = []
  const files: Uploaded[] = []
  const ill: { method: string; status: number; retryAfterSeconds?: number }[] = []
  const refusals: { error: string; method: string | undefined }[] = []
  const json = (body: object, status = 200): ServerAnswer => ({
    status,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json; charset=utf-8' },
  })
  const refused = (error: string): ServerAnswer => json({ ok: false, error })
  const idOf = (channel: string): string =>
    channel.startsWith('C') ? channel : `C${channel.replaceAll(/\W/g, '').toUpperCase()}`

  const methods: Readonly<Record<string, (request: ServerRequest) => ServerAnswer>> = {
    'chat.postMessage': (request) => {
      const parsed = postSchema.safeParse(jsonOf(request))
      if (!parsed.success) return refused('invalid_blocks')
      const { channel, thread_ts: threadTs = null, text, blocks } = parsed.data
      if (channel === '#gone') return refused('channel_not_found')
      if (!text && !blocks?.length) return refused('no_text')
      const ts = `1762000000.${String(posts.length + 1).padStart(6, '0')}`
      posts.push({ channel: idOf(channel), ts, threadTs, payload: payloadOf(text, blocks), versions: 1 })
      return json({ ok: true, channel: idOf(channel), ts, message: {} })
    },
    'chat.update': (request) => {
      const parsed = updateSchema.safeParse(jsonOf(request))
      if (!parsed.success) return refused('invalid_arguments')
      const { channel, ts, text, blocks } = parsed.data
      const post = posts.find((one) => one.ts === ts && one.channel === channel)
      if (post === undefined) return refused('message_not_found')
      post.payload = payloadOf(text, blocks)
      post.versions++
      return json({ ok: true, channel, ts })
    },
    'files.getUploadURLExternal': (request) => {
      // Slack takes no JSON here.
      if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
        return refused('invalid_arguments')
      const form = new URLSearchParams(request.body.toString())
      const name = form.get('filename')
      if (!name || !(Number(form.get('length')) > 0)) return refused('invalid_arguments')
      files.push({ name, length: Number(form.get('length')), bytes: Buffer.alloc(0), channel: '', threadTs: null })
      const id = `F${files.length}`
      return json({ ok: true, upload_url: `${server.url}/upload/${id}`, file_id: id })
    },
    'files.completeUploadExternal': (request) => {
      const parsed = completeSchema.safeParse(jsonOf(request))
      if (!parsed.success) return refused('invalid_arguments')
      for (const { id } of parsed.data.files) {
        const file = files[Number(id.slice(1)) - 1]
        if (file === undefined || file.bytes.length === 0) return refused('file_not_found')
        const { channel_id: channel, thread_ts: ts } = parsed.data
        if (channel !== undefined && !channel.startsWith('C')) return refused('channel_not_found')
        if (ts !== undefined && !posts.some((one) => one.ts === ts && one.channel === channel))
          return refused('thread_not_found')
        file.channel = parsed.data.channel_id ?? ''
        file.threadTs = parsed.data.thread_ts ?? null
      }
      return json({ ok: true, files: parsed.data.files })
    },
  }

  const server = await startReceiverServer((request) => {
    if (request.path.startsWith('/upload/')) {
      const file = files[Number(request.path.slice('/upload/F'.length)) - 1]
      if (file === undefined) return { status: 404, body: '' }
      if (request.body.length !== file.length) return { status: 400, body: 'the length is another' }
      file.bytes = request.body
      return { status: 200, body: `OK - ${request.body.length}` }
    }
    if (request.headers.authorization !== `Bearer ${BOT_TOKEN}`) return refused('invalid_auth')
    const name = request.path.slice('/api/'.length)
    const at = ill.findIndex(({ method }) => method === name)
    if (at >= 0) {
      const { status, retryAfterSeconds: seconds } = ill.splice(at, 1)[0]!
      return { status, body: '', ...(seconds !== undefined && { headers: { 'retry-after': String(seconds) } }) }
    }
    const next = refusals.findIndex(({ method }) => method === undefined || method === name)
    if (next >= 0) return refused(refusals.splice(next, 1)[0]!.error)
    const method = methods[name]
    return method === undefined ? refused('unknown_method') : method(request)
  })
  return {
    ...server,
    baseUrl: `${server.url}/api`,
    posts,
    files,
    refuse: (error, method) => refusals.push({ error, method }),
    failCalls: (method, ...faults) => {
      ill.push(...faults.map((fault) => ({ ...fault, method })))
    },
  }
}

const payloadOf = (text: SlackPayload['text'], blocks: SlackPayload['blocks']): SlackPayload => ({
  ...(text !== undefined && { text }),
  ...(blocks !== undefined && { blocks }),
})
