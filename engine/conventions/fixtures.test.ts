/** Golden spans of requests that real instrumentations sent (`test/fixtures/otlp/capture_*.py`, `capture/make.ts`) and of hand-made ones. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { spanToJson } from '../model/span-json.ts'
import { transcodeJson } from '../otlp/json.ts'
import { readLogs } from '../otlp/logs.ts'
import { scanRequest } from '../otlp/scan.ts'
import { normaliseRecord } from './normalise.ts'
import { bySpan, decodeMessages, lacksMessages, withAllMessages } from './span-messages.ts'

const folder = join(import.meta.dirname, '../../test/fixtures/otlp')

function requestOf(file: string): Uint8Array {
  const bytes = readFileSync(join(folder, file))
  if (!file.endsWith('.json')) return bytes
  const outcome = transcodeJson(bytes)
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.request
}

test.each([
  'openai_openinference.bin',
  'openai_otel_default.bin',
  'genai_otel_latest.bin',
  'openinference_agent.json',
  'otel_genai_events.json',
  'ai_sdk_4.bin',
  'ai_sdk_5.bin',
  'ai_sdk_6.bin',
  'ai_sdk_7.bin',
  'ai_sdk_7_legacy.bin',
  'langfuse.json',
  'langfuse_python.bin',
  'openllmetry.bin',
  'openllmetry_indexed.bin',
  'llamaindex_openinference.bin',
  'pydantic_ai.bin',
  'openai_agents.bin',
  'langgraph_langsmith.bin',
  'langgraph_openinference.bin',
  'mcp.bin',
])('%s', async (file) => {
  const request = requestOf(file)
  expect(scanRequest(request).ok).toBe(true)
  const spans = normaliseRecord('default', request).map((span) => spanToJson(span))
  const golden = join(folder, file.replace(/\.(bin|json)$/, '.spans.golden'))
  await expect(`${JSON.stringify(spans, null, 2)}\n`).toMatchFileSnapshot(golden)
})

test('openai_otel_events.logs.bin: messages that Python sends as log events are in their spans', async () => {
  const read = readLogs(readFileSync(join(folder, 'openai_otel_events.logs.bin')), 'protobuf', 0)
  if (!read.ok) throw new Error(read.message)
  expect(read.leftOut).toEqual({ others: 0, withoutSpan: 0 })
  const decoded = decodeMessages('default', read.request)
  if (!decoded.ok) throw new Error(decoded.message)
  const spans = normaliseRecord('default', requestOf('openai_otel_events.bin'))
  expect(spans.some(lacksMessages)).toBe(true)
  const joined = withAllMessages(spans, bySpan(decoded.messages)).map((span) => spanToJson(span))
  await expect(`${JSON.stringify(joined, null, 2)}\n`).toMatchFileSnapshot(
    join(folder, 'openai_otel_events.spans.golden'),
  )
})
