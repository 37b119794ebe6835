/**
 * A local server that speaks OpenAI's chat-completions protocol with scripted answers and faults. Tests and the example use
 * it in the place of a provider, over real HTTP, so that the real client with its parsing, timeouts and errors is what runs.
 * Shapes as in https://platform.openai.com/docs/api-reference/chat.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface ChatMessage {
  role: string
  content?: unknown
  tool_calls?: unknown
  tool_call_id?: string
}

/** The request's body as far as it is looked at; the rest is kept as sent. */
export interface ChatRequest {
  model: string
  messages: ChatMessage[]
  stream?: boolean
  temperature?: number
  tools?: unknown[]
  response_format?: { type: string; json_schema?: { name: string; strict?: boolean; schema: Record<string, unknown> } }
  [other: string]: unknown
}

export interface ToolCall {
  name: string
  /** JSON-encoded by the server, as the protocol wants it. */
  arguments: unknown
}

export type Scripted =
  | {
      kind: 'content'
      content: string
      usage?: { input: number; output: number }
      finishReason?: string
      model?: string
      /** Given where they are asked for: the likeliest tokens in the place of each of these, the first at first. */
      logprobs?: { token: string; top: Record<string, number> }[]
    }
  | { kind: 'tool_calls'; calls: ToolCall[]; usage?: { input: number; output: number }; model?: string }
  | { kind: 'refusal'; refusal: string }
  | {
      kind: 'status'
      status: number
      headers?: Record<string, string>
      message?: string
      param?: string
      code?: string
    }
  /** A 200 whose body is not what the protocol says. */
  | { kind: 'raw'; body: string; contentType?: string }
  /** No answer until the client gives up or the server closes. */
  | { kind: 'hang' }
  /** The body begins and does not go on. */
  | { kind: 'stall' }
  /** The connection breaks in the middle of the body. */
  | { kind: 'cut' }

export interface OpenAiServerOptions {
  /** `index` counts the requests that reached it from 0. */
  answer: (request: ChatRequest, index: number) => Scripted | Promise<Scripted>
  /** A bearer token that requests must carry; others get 401. */
  apiKey?: string
  /** What this model's server refuses with 400, in OpenAI's words. All supported by default. */
  supports?: { jsonSchema?: boolean; jsonObject?: boolean; temperature?: boolean; logprobs?: boolean }
  /** 0 takes a free one. */
  port?: number
  /** PEM texts: it speaks TLS then. */
  tls?: { cert: string; key: string }
}

export interface ReceivedRequest {
  body: ChatRequest
  /** With its query, as it was asked for. */
  path: string
  headers: IncomingMessage['headers']
  receivedAtMs: number
}

export interface OpenAiServer {
  /** Base URL as clients want it, ending in `/v1`. */
  url: string
  /** All well-formed chat requests, refused parameters included. */
  requests: ReceivedRequest[]
  close(): Promise<void>
}

/** Azure's: a deployment in the path, the version in the query. */
const AZURE_PATH = /^\/openai\/deployments\/[^/]+\/chat\/completions$/
const MAX_BODY_BYTES = 20 * 1024 * 1024

export async function startOpenAiServer(options: OpenAiServerOptions): Promise<OpenAiServer> {
  const requests: ReceivedRequest[] = []
  let answered = 0
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) sendError(response, 500, error instanceof Error ? error.message : String(error))
      else response.destroy()
    })
  }
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener)

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0]
    const azure = AZURE_PATH.exec(path ?? '')
    const key = azure === null ? request.headers.authorization?.replace(/^Bearer /, '') : request.headers['api-key']
    if (options.apiKey !== undefined && key !== options.apiKey) {
      sendError(response, 401, 'Incorrect API key provided.', { code: 'invalid_api_key' })
      return
    }
    if (path !== '/v1/chat/completions' && azure === null) {
      sendError(response, 404, `Invalid URL (${request.method} ${path})`)
      return
    }
    if (request.method !== 'POST') {
      sendError(response, 405, `Not allowed to ${request.method} on /v1/chat/completions.`)
      return
    }
    const parsed = parseChatRequest(await readBody(request))
    if (!parsed.ok) {
      sendError(response, 400, parsed.message, parsed.param === undefined ? {} : { param: parsed.param })
      return
    }
    requests.push({
      body: parsed.request,
      path: request.url ?? '',
      headers: request.headers,
      receivedAtMs: Date.now(),
    })
    const refusal = unsupported(parsed.request, options.supports ?? {})
    if (refusal !== undefined) {
      sendError(response, 400, refusal.message, refusal)
      return
    }
    const index = answered++
    send(response, parsed.request, await options.answer(parsed.request, index), index)
  }

  await listen(server, options.port ?? 0)
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function send(response: ServerResponse, request: ChatRequest, scripted: Scripted, index: number): void {
  switch (scripted.kind) {
    case 'content':
    case 'tool_calls':
    case 'refusal':
      if (request.stream === true) sendStream(response, request, scripted, index)
      else sendJson(response, 200, completion(request, scripted, index))
      return
    case 'status':
      sendError(
        response,
        scripted.status,
        scripted.message ?? `scripted ${scripted.status}`,
        scripted,
        scripted.headers,
      )
      return
    case 'raw':
      response.writeHead(200, { 'content-type': scripted.contentType ?? 'application/json' }).end(scripted.body)
      return
    case 'hang':
      return
    case 'stall':
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"id":')
      return
    case 'cut':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"id":"chatcmpl-', () => response.destroy())
  }
}

type Completed = Extract<Scripted, { kind: 'content' | 'tool_calls' | 'refusal' }>

function completion(request: ChatRequest, scripted: Completed, index: number): Record<string, unknown> {
  return {
    ...envelope(request, scripted, index, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', ...messageOf(scripted) },
        logprobs: request.logprobs === true && 'logprobs' in scripted ? logprobsOf(scripted.logprobs) : null,
        finish_reason: finishOf(scripted),
      },
    ],
    usage: usageOf(request, scripted),
  }
}

/** Server-sent events: role, text in pieces or the tool calls, the finish reason, usage where asked for, `[DONE]`. */
function sendStream(response: ServerResponse, request: ChatRequest, scripted: Completed, index: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const head = envelope(request, scripted, index, 'chat.completion.chunk')
  const event = (fields: Record<string, unknown>) =>
    response.write(`data: ${JSON.stringify({ ...head, ...fields })}\n\n`)
  const delta = (fields: Record<string, unknown>, finish: string | null = null) =>
    event({ choices: [{ index: 0, delta: fields, finish_reason: finish }] })
  delta({ role: 'assistant' })
  if (scripted.kind === 'content')
    for (const piece of scripted.content.match(/\S+\s*|\s+/g) ?? []) delta({ content: piece })
  else delta(messageOf(scripted))
  delta({}, finishOf(scripted))
  const streamOptions = request.stream_options
  if (typeof streamOptions === 'object' && streamOptions !== null && 'include_usage' in streamOptions)
    event({ choices: [], usage: usageOf(request, scripted) })
  response.end('data: [DONE]\n\n')
}

function envelope(request: ChatRequest, scripted: Completed, index: number, object: string): Record<string, unknown> {
  const model = ('model' in scripted ? scripted.model : undefined) ?? `${request.model}-2026-01-01`
  return {
    id: `chatcmpl-${index}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model,
    system_fingerprint: 'fp_scripted',
  }
}

function messageOf(scripted: Completed): Record<string, unknown> {
  switch (scripted.kind) {
    case 'content':
      return { content: scripted.content, refusal: null }
    case 'refusal':
      return { content: null, refusal: scripted.refusal }
    case 'tool_calls': {
      const calls = scripted.calls.map((call, i) => ({
        index: i,
        id: `call_${i}_${call.name}`,
        type: 'function',
        function: { name: call.name, arguments: JSON.stringify(call.arguments) },
      }))
      return { content: null, refusal: null, tool_calls: calls }
    }
  }
}

function logprobsOf(tokens: { token: string; top: Record<string, number> }[] = []): Record<string, unknown> {
  return {
    content: tokens.map(({ token, top }) => ({
      token,
      logprob: top[token] ?? 0,
      bytes: null,
      top_logprobs: Object.entries(top).map(([other, logprob]) => ({ token: other, logprob, bytes: null })),
    })),
  }
}

function finishOf(scripted: Completed): string {
  if (scripted.kind === 'tool_calls') return 'tool_calls'
  return scripted.kind === 'content' ? (scripted.finishReason ?? 'stop') : 'stop'
}

function usageOf(request: ChatRequest, scripted: Completed): Record<string, number> {
  const given = 'usage' in scripted ? scripted.usage : undefined
  const input = given?.input ?? Math.ceil(JSON.stringify(request.messages).length / 4)
  const output = given?.output ?? Math.ceil(JSON.stringify(messageOf(scripted)).length / 4)
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
}

type ParsedRequest = { ok: true; request: ChatRequest } | { ok: false; message: string; param?: string }

function parseChatRequest(text: string): ParsedRequest {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return { ok: false, message: 'We could not parse the JSON body of your request.' }
  }
  if (typeof body !== 'object' || body === null) return { ok: false, message: 'The body is not an object.' }
  if (!('model' in body) || typeof body.model !== 'string')
    return { ok: false, message: 'you must provide a model parameter', param: 'model' }
  if (!('messages' in body) || !Array.isArray(body.messages) || body.messages.length === 0)
    return { ok: false, message: "Missing required parameter: 'messages'.", param: 'messages' }
  return { ok: true, request: body as ChatRequest }
}

function unsupported(
  request: ChatRequest,
  supports: NonNullable<OpenAiServerOptions['supports']>,
): { message: string; param: string; code?: string } | undefined {
  const format = request.response_format?.type
  if (
    (format === 'json_schema' && supports.jsonSchema === false) ||
    (format === 'json_object' && supports.jsonObject === false)
  )
    return {
      message: `Invalid parameter: 'response_format' of type '${format}' is not supported with this model.`,
      param: 'response_format',
    }
  if (request.logprobs === true && supports.logprobs === false)
    return { message: "Unsupported parameter: 'logprobs' is not supported with this model.", param: 'logprobs' }
  if (request.temperature !== undefined && request.temperature !== 1 && supports.temperature === false)
    return {
      message: `Unsupported value: 'temperature' does not support ${request.temperature} with this model. Only the default (1) value is supported.`,
      param: 'temperature',
      code: 'unsupported_value',
    }
  return undefined
}

function sendError(
  response: ServerResponse,
  status: number,
  message: string,
  detail: { param?: string; code?: string } = {},
  headers: Record<string, string> = {},
): void {
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error'
  sendJson(
    response,
    status,
    { error: { message, type, param: detail.param ?? null, code: detail.code ?? null } },
    headers,
  )
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_BODY_BYTES) throw new Error('the request is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve())
  })
}
