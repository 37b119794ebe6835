/** Stands in for a Slack channel: takes what is posted to its incoming webhook and hands it on as text. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

const textObject = z.looseObject({ text: z.string() })
const payloadSchema = z.looseObject({
  text: z.string(),
  blocks: z.array(
    z.looseObject({
      text: textObject.optional(),
      fields: z.array(textObject).optional(),
      elements: z.array(textObject).optional(),
    }),
  ),
})

export interface ChannelMessage {
  /** As a person reads it, one line a block or field. */
  lines: string[]
  /** `performance.now()`. */
  atMs: number
}

export interface SlackChannel {
  readonly webhookUrl: string
  readonly messages: readonly ChannelMessage[]
  close(): Promise<void>
}

/** Slack's mark-up (`*bold*`, `` `code` ``, `<link|text>`, `:icon:`) as plain text. */
const plain = (text: string): string =>
  text
    .replaceAll(/<([^|>]+)\|([^>]+)>/g, '$2')
    .replaceAll(/:[a-z_]+: /g, '')
    // Evidence is masked with asterisks: only those around words are mark-up.
    .replaceAll('`', '')
    .replaceAll(/^\*([^*]+)\*/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

/** Port 0 takes a free one. Rejects with `EADDRINUSE` where the port is taken. */
export async function startSlackChannel(port = 0): Promise<SlackChannel> {
  const messages: ChannelMessage[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const parsed = payloadSchema.safeParse(tryParse(Buffer.concat(chunks).toString('utf8')))
      if (!parsed.success) {
        response.writeHead(400).end('invalid_payload')
        return
      }
      const texts = parsed.data.blocks.flatMap(({ text, fields = [], elements = [] }) => [
        ...[text, ...elements].flatMap((item) => item?.text.split('\n') ?? []),
        ...fields.map((field) => field.text.replace('\n', ': ')),
      ])
      messages.push({ lines: texts.map(plain), atMs: performance.now() })
      response.writeHead(200).end('ok')
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    webhookUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/example`,
    messages,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function tryParse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
