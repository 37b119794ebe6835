/**
 * Stands in for a model provider: a local server that speaks the chat-completions protocol
 * (https://platform.openai.com/docs/api-reference/chat) and answers by script, so that the example needs no key and costs
 * nothing. It plays the agent's model, and the judge: a request with a JSON schema is a judge's.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type Conversation, conversations } from './conversations.ts'

const requestSchema = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })).min(1),
  response_format: z.looseObject({ type: z.string() }).optional(),
})

type ChatRequest = z.infer<typeof requestSchema>

interface Reply {
  delayMs: number
  message: Record<string, unknown>
  finishReason: 'stop' | 'tool_calls'
}

const textOf = ({ messages }: ChatRequest): string =>
  messages.map(({ content }) => (typeof content === 'string' ? content : JSON.stringify(content ?? ''))).join('\n')

/** The next turn of the conversation that the question belongs to. */
function agentTurn(request: ChatRequest, script: readonly Conversation[]): Reply | null {
  const text = textOf(request)
  const conversation = script.find(({ question }) => text.includes(question))
  const step = conversation?.steps[request.messages.filter(({ role }) => role === 'assistant').length]
  if (!step) return null
  if ('answer' in step)
    return { delayMs: step.delayMs, message: { role: 'assistant', content: step.answer }, finishReason: 'stop' }
  const calls = step.calls.map((call, index) => ({
    id: `call_${request.messages.length}_${index}`,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }))
  return {
    delayMs: step.delayMs,
    message: { role: 'assistant', content: null, tool_calls: calls },
    finishReason: 'tool_calls',
  }
}

/** A score with its reasons, as the schema of Assay's judge wants it. */
function judgeTurn(request: ChatRequest, script: readonly Conversation[]): Reply {
  const text = textOf(request)
  const conversation = script.find(({ question }) => text.includes(question))
  const judgement = conversation
    ? { evidence: [conversation.question], ...conversation.judgement, abstain: false }
    : { evidence: [], reasoning: 'I do not know this conversation.', abstain: true, score: null }
  return { delayMs: 50, message: { role: 'assistant', content: JSON.stringify(judgement) }, finishReason: 'stop' }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}

/** About four characters a token, as a rule of thumb has it. */
const tokensOf = (value: unknown): number => Math.ceil(JSON.stringify(value).length / 4)

async function answer(raw: unknown, script: readonly Conversation[]): Promise<{ status: number; body: unknown }> {
  const parsed = requestSchema.safeParse(raw)
  const refuse = (status: number, message: string) => ({
    status,
    body: { error: { message, type: 'invalid_request_error', param: null, code: null } },
  })
  if (!parsed.success) return refuse(400, 'the request is no chat completion')
  const request = parsed.data
  const reply =
    request.response_format?.type === 'json_schema' ? judgeTurn(request, script) : agentTurn(request, script)
  if (!reply) return refuse(400, 'there is no script for this conversation')
  await sleep(reply.delayMs)
  const input = tokensOf(request.messages)
  const output = tokensOf(reply.message)
  return {
    status: 200,
    body: {
      id: `chatcmpl-${Math.random().toString(36).slice(2)}`,
      object: 'chat.completion',
      created: Math.floor(Date.now() / 1000),
      model: `${request.model}-2026-01-01`,
      choices: [{ index: 0, message: reply.message, finish_reason: reply.finishReason }],
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    },
  }
}

export interface ModelServer {
  /** As `OPENAI_BASE_URL` wants it, ending in `/v1`. */
  readonly baseUrl: string
  close(): Promise<void>
}

/** Port 0 takes a free one. Rejects with `EADDRINUSE` where the port is taken. */
/** `script`: asked for at each call, so that what the model says may change as it runs. */
export async function startModelServer(
  port = 0,
  script: () => readonly Conversation[] = () => conversations,
): Promise<ModelServer> {
  const server = createServer((request, response) => {
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
      send(404, { error: { message: `there is no ${request.url}`, type: 'invalid_request_error' } })
      return
    }
    readJson(request)
      .then((raw) => answer(raw, script()))
      .then(({ status, body }) => send(status, body))
      .catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
