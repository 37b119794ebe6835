/** The real openai client, wrapped, against servers that speak its protocols. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SpanStatusCode } from '@opentelemetry/api'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type OpenAiServer, type Scripted, startOpenAiServer } from '../../test/support/openai-server.ts'
import { type Recorded, recordSpans } from '../testing/recorded.ts'
import { assayOpenAI, type OpenAiOptions } from './wrap.ts'

let recorded: Recorded
let server: OpenAiServer
let script: Scripted
/** Answers of the responses API: JSON, or the events of a stream. */
let scripted: { status?: number; json?: unknown; events?: readonly { type: string; [field: string]: unknown }[] }
let responsesServer: Server
let responsesUrl: string

beforeAll(async () => {
  recorded = recordSpans()
  server = await startOpenAiServer({ answer: () => script })
  responsesServer = createServer((_, response) => {
    const { status = 200, json, events } = scripted
    if (events === undefined) {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''))
  })
  await new Promise<void>((resolve) => responsesServer.listen(0, '127.0.0.1', resolve))
  responsesUrl = `http://127.0.0.1:${(responsesServer.address() as AddressInfo).port}/v1`
})
beforeEach(() => recorded.reset())
afterAll(async () => {
  await recorded.stop()
  await server.close()
  responsesServer.closeAllConnections()
  await new Promise((resolve) => responsesServer.close(resolve))
})

const client = (options: OpenAiOptions = {}, baseURL = server.url): OpenAI =>
  assayOpenAI(new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 }), options)

const question = { model: 'gpt-5-mini', messages: [{ role: 'user' as const, content: 'Where is my order?' }] }
const content: Scripted = { kind: 'content', content: 'On its way to you.', usage: { input: 21, output: 9 } }

function onlySpan() {
  const spans = recorded.spans()
  expect(spans.length).toBe(1)
  return spans[0]!
}
const json = (value: unknown): unknown => JSON.parse(String(value))

describe('chat completions', () => {
  test('a call: request, answer, usage, finish reason, and no content unless asked for', async () => {
    script = content
    const answer = await client().chat.completions.create({
      ...question,
      temperature: 0.2,
      max_tokens: 50,
      stop: 'END',
    })
    expect(answer.choices[0]?.message.content).toBe('On its way to you.')
    const span = onlySpan()
    expect(span.name).toBe('chat gpt-5-mini')
    expect(span.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(server.url).port),
      'gen_ai.request.model': 'gpt-5-mini',
      'gen_ai.request.temperature': 0.2,
      'gen_ai.request.max_tokens': 50,
      'gen_ai.request.stop_sequences': ['END'],
      'gen_ai.response.id': answer.id,
      'gen_ai.response.model': 'gpt-5-mini-2026-01-01',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 21,
      'gen_ai.usage.output_tokens': 9,
    })
  })

  test('with content: messages, tool calls and pictures by reference', async () => {
    script = { kind: 'tool_calls', calls: [{ name: 'find_order', arguments: { id: 7 } }] }
    await client({ captureContent: true }).chat.completions.create({
      model: 'gpt-5-mini',
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'This one?' },
            { type: 'image_url', image_url: { url: 'https://shop.example/7.png' } },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          ],
        },
        {
          role: 'assistant',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":1}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'nothing' },
      ],
    })
    const { attributes } = onlySpan()
    expect(json(attributes['gen_ai.input.messages'])).toEqual([
      { role: 'system', parts: [{ type: 'text', content: 'Be brief.' }] },
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'This one?' },
          { type: 'uri', modality: 'image', uri: 'https://shop.example/7.png' },
          { type: 'blob', modality: 'image' },
        ],
      },
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'c1', name: 'look', arguments: { at: 1 } }] },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', response: 'nothing' }] },
    ])
    expect(json(attributes['gen_ai.output.messages'])).toEqual([
      {
        role: 'assistant',
        parts: [{ type: 'tool_call', id: 'call_0_find_order', name: 'find_order', arguments: { id: 7 } }],
        finish_reason: 'tool_calls',
      },
    ])
  })

  test('a stream: the pieces together, usage, time to the first chunk; the agent sees every piece', async () => {
    script = content
    const stream = await client({ captureContent: true }).chat.completions.create({
      ...question,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('On its way to you.')
    const { attributes } = onlySpan()
    expect(attributes).toMatchObject({
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.response.model': 'gpt-5-mini-2026-01-01',
      'gen_ai.usage.input_tokens': 21,
      'gen_ai.usage.output_tokens': 9,
    })
    expect(attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThan(0)
    expect(json(attributes['gen_ai.output.messages'])).toEqual([
      { role: 'assistant', parts: [{ type: 'text', content: 'On its way to you.' }], finish_reason: 'stop' },
    ])
  })

  test('streamed tool calls', async () => {
    script = {
      kind: 'tool_calls',
      calls: [
        { name: 'a', arguments: { x: 1 } },
        { name: 'b', arguments: {} },
      ],
    }
    const stream = await client({ captureContent: true }).chat.completions.create({ ...question, stream: true })
    for await (const _ of stream);
    const messages = json(onlySpan().attributes['gen_ai.output.messages'])
    expect(messages).toMatchObject([
      {
        parts: [
          { name: 'a', arguments: { x: 1 } },
          { name: 'b', arguments: {} },
        ],
      },
    ])
  })

  test('a stream that the agent leaves early ends its span there', async () => {
    script = content
    const stream = await client({ captureContent: true }).chat.completions.create({ ...question, stream: true })
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
    expect(onlySpan().attributes['gen_ai.output.messages']).toContain('On ')
  })

  test('tee() and the stream helper are seen once', async () => {
    script = content
    const [left, right] = (await client().chat.completions.create({ ...question, stream: true })).tee()
    for await (const _ of left);
    for await (const _ of right);
    expect(onlySpan().attributes['gen_ai.response.finish_reasons']).toEqual(['stop'])
    recorded.reset()
    const final = await client().chat.completions.stream(question).finalChatCompletion()
    expect(final.choices[0]?.message.content).toBe('On its way to you.')
    expect(onlySpan().attributes['gen_ai.response.finish_reasons']).toEqual(['stop'])
  })

  test('the promise is still the client’s: withResponse, asResponse, parse', async () => {
    script = content
    const { data, response } = await client().chat.completions.create(question).withResponse()
    expect([data.choices.length, response.status]).toEqual([1, 200])
    expect(onlySpan().attributes['gen_ai.usage.input_tokens']).toBe(21)
    recorded.reset()
    const raw = await client().chat.completions.create(question).asResponse()
    expect(await raw.json()).toMatchObject({ object: 'chat.completion' })
    expect(onlySpan().attributes['gen_ai.usage.input_tokens']).toBeUndefined()
    recorded.reset()
    const parsed = await client().chat.completions.parse(question)
    expect(parsed.choices[0]?.message.content).toBe('On its way to you.')
    expect(onlySpan().attributes['gen_ai.usage.input_tokens']).toBe(21)
  })

  test.each<[string, Scripted, string]>([
    ['a refusal', { kind: 'status', status: 429, message: 'slow down' }, '429'],
    ['a broken connection', { kind: 'cut' }, ''],
    ['a body that is no JSON', { kind: 'raw', body: '<html>' }, 'SyntaxError'],
  ])('%s reaches the agent as ever, and is on the span', async (_, fault, errorType) => {
    script = fault
    await expect(client().chat.completions.create(question)).rejects.toThrow()
    const span = onlySpan()
    expect(span.status.code).toBe(SpanStatusCode.ERROR)
    if (errorType !== '') expect(span.attributes['error.type']).toBe(errorType)
    expect(span.events.map(({ name }) => name)).toEqual(['exception'])
  })

  test('an answer of a strange shape stays the agent’s affair', async () => {
    script = { kind: 'raw', body: '{"choices":{"0":null},"usage":7}' }
    const answer: unknown = await client({ captureContent: true }).chat.completions.create(question)
    expect(answer).toMatchObject({ usage: 7 })
    expect(onlySpan().status.code).toBe(SpanStatusCode.UNSET)
  })

  test('wrapped twice is wrapped once', async () => {
    script = content
    await assayOpenAI(client()).chat.completions.create(question)
    expect(recorded.spans().length).toBe(1)
  })

  test('clients that are none, and other promises', async () => {
    expect(assayOpenAI({})).toEqual({})
    const other = assayOpenAI({ chat: { completions: { create: async () => ({ model: 'm', choices: [] }) } } })
    await other.chat.completions.create()
    expect(onlySpan().attributes['gen_ai.response.model']).toBe('m')
    recorded.reset()
    const throwing = assayOpenAI({
      responses: {
        create: () => {
          throw new TypeError('no')
        },
      },
    })
    expect(() => throwing.responses.create()).toThrow('no')
    expect(onlySpan().attributes['error.type']).toBe('TypeError')
  })
})

describe('responses', () => {
  const usage = {
    input_tokens: 30,
    output_tokens: 12,
    input_tokens_details: { cached_tokens: 20 },
    output_tokens_details: { reasoning_tokens: 8 },
  }
  const whole = {
    id: 'resp_1',
    object: 'response',
    model: 'gpt-5-2026-01-01',
    status: 'completed',
    output: [
      { type: 'reasoning', id: 'r', summary: [] },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Tomorrow.', annotations: [] }] },
    ],
    usage,
  }
  const ask = { model: 'gpt-5', instructions: 'Be brief.', input: 'When?', conversation: 'conv_9' }

  test('a call', async () => {
    scripted = { json: whole }
    const answer = await client({ captureContent: true }, responsesUrl).responses.create(ask)
    expect(answer.output_text).toBe('Tomorrow.')
    const { attributes } = onlySpan()
    expect(attributes).toMatchObject({
      'gen_ai.request.model': 'gpt-5',
      'gen_ai.response.model': 'gpt-5-2026-01-01',
      'gen_ai.response.id': 'resp_1',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.conversation.id': 'conv_9',
      'gen_ai.usage.input_tokens': 30,
      'gen_ai.usage.output_tokens': 12,
      'gen_ai.usage.cache_read.input_tokens': 20,
      'gen_ai.usage.reasoning.output_tokens': 8,
    })
    expect(json(attributes['gen_ai.system_instructions'])).toEqual([{ type: 'text', content: 'Be brief.' }])
    expect(json(attributes['gen_ai.input.messages'])).toEqual([
      { role: 'user', parts: [{ type: 'text', content: 'When?' }] },
    ])
    expect(json(attributes['gen_ai.output.messages'])).toEqual([
      { role: 'assistant', parts: [{ type: 'text', content: 'Tomorrow.' }], finish_reason: 'stop' },
    ])
  })

  test('a stream', async () => {
    scripted = {
      events: [
        { type: 'response.created', response: { ...whole, status: 'in_progress', output: [] } },
        { type: 'response.output_text.delta', delta: 'Tomorrow.' },
        { type: 'response.completed', response: whole },
      ],
    }
    const stream = await client({}, responsesUrl).responses.create({ ...ask, stream: true })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(types.length).toBe(3)
    const { attributes } = onlySpan()
    expect(attributes).toMatchObject({ 'gen_ai.usage.output_tokens': 12, 'gen_ai.response.finish_reasons': ['stop'] })
    expect(attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThan(0)
    expect(attributes['gen_ai.output.messages']).toBeUndefined()
  })

  test.each([
    [{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, 'length', SpanStatusCode.UNSET],
    [{ status: 'failed', error: { message: 'overloaded' } }, 'error', SpanStatusCode.ERROR],
    [
      { output: [{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }] },
      'tool_call',
      SpanStatusCode.UNSET,
    ],
  ])('%j', async (fields, reason, status) => {
    scripted = { json: { ...whole, ...fields } }
    await client({}, responsesUrl).responses.create(ask)
    const span = onlySpan()
    expect(span.attributes['gen_ai.response.finish_reasons']).toEqual([reason])
    expect(span.status.code).toBe(status)
  })
})
