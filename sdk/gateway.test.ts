/** From the agent's code into a real gateway's log, by way of the real OpenTelemetry SDK. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { context, propagation, trace } from '@opentelemetry/api'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { normaliseRecord } from '../engine/conventions/normalise.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { type HttpGateway, startHttpGateway } from '../test/support/http-gateway.ts'
import { type OpenAiServer, startOpenAiServer } from '../test/support/openai-server.ts'
import { agent, assayOpenAI, captureContent, retrieval, startAssay, tool } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-sdk-'))
let log: EmbeddedLog
let gateway: HttpGateway
let model: OpenAiServer

beforeAll(async () => {
  log = await openEmbeddedLog({ dataDir: folder })
  await log.ensureTopics([
    { name: 'agent-traces', partitions: 1, retentionMs: null, retentionBytes: null, compacted: false },
  ])
  gateway = await startHttpGateway({ log })
  model = await startOpenAiServer({
    answer: () => ({ kind: 'content', content: 'It arrives on Monday.', usage: { input: 21, output: 9 } }),
  })
})
afterAll(async () => {
  trace.disable()
  context.disable()
  propagation.disable()
  await gateway.drain()
  await model.close()
  await log.close()
  rmSync(folder, { recursive: true })
})

test('an agent’s run: the agent, its retrieval, its model call and its tool, as Assay reads them', async () => {
  const lines: string[] = []
  const assay = startAssay({
    url: `http://127.0.0.1:${gateway.port}`,
    service: 'shop',
    version: '3.1',
    environment: 'test',
    captureContent: true,
    log: (line) => lines.push(line),
  })
  const client = assayOpenAI(new OpenAI({ apiKey: 'none', baseURL: model.url }))
  await agent({ name: 'support', version: '2.4', sessionId: 's-1', userId: 'u-1', input: 'Where is it?' }, async () => {
    await retrieval({ source: 'help', query: 'orders' }, async () => [
      { id: 'd1', content: 'Orders take two days.', score: 0.9 },
    ])
    tool({ name: 'find_order', callId: 'c-1', arguments: { id: 7 } }, () => ({ state: 'sent' }))
    const answer = await client.chat.completions.create({
      model: 'gpt-5-mini',
      messages: [{ role: 'user', content: 'Where is it?' }],
    })
    return answer.choices[0]?.message.content ?? ''
  })
  await assay.flush()
  expect(assay.stats()).toMatchObject({ deliveredSpans: 4, bufferedSpans: 0 })
  expect(gateway.stats().acceptedSpans).toBe(4)
  await assay.shutdown()
  captureContent(false)
  expect(lines).toEqual([])

  const records = await log.read('agent-traces', 0, 0, 100)
  const spans = new Map(
    records.flatMap(({ value }) => normaliseRecord('default', value)).map((span) => [span.kind, span]),
  )
  expect(spans.get('agent')).toMatchObject({
    name: 'invoke_agent support',
    inputText: 'Where is it?',
    outputText: 'It arrives on Monday.',
  })
  expect(spans.get('llm')).toMatchObject({
    model: 'gpt-5-mini',
    provider: 'openai',
    tokensInput: 21,
    tokensOutput: 9,
    finishReason: 'stop',
    inputText: 'Where is it?',
    outputText: 'It arrives on Monday.',
  })
  expect(spans.get('tool')).toMatchObject({
    toolName: 'find_order',
    toolCallId: 'c-1',
    toolArguments: '{"id":7}',
    toolResult: '{"state":"sent"}',
  })
  expect(spans.get('retriever')).toMatchObject({
    retrievalQuery: 'orders',
    documents: [{ id: 'd1', text: 'Orders take two days.', score: 0.9 }],
  })
  const root = spans.get('agent')?.spanId
  for (const span of spans.values())
    expect(span).toMatchObject({
      agentName: 'support',
      agentVersion: '2.4',
      sessionId: 's-1',
      userId: 'u-1',
      env: 'test',
      parentSpanId: span.kind === 'agent' ? undefined : root,
    })
})
