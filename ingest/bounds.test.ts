/** What clients hear, and counters say, of spans that were not kept as they came; and that bombs are refused. */
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DEFAULT_BOUNDS } from '../engine/bounds/bounds.ts'
import { normaliseRecord } from '../engine/conventions/normalise.ts'
import type { Span } from '../engine/model/span.ts'
import { NO_RULES } from '../engine/privacy/policy.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { AGENT_TRACES } from '../storage/log/topics.ts'
import { type HttpGateway, startHttpGateway } from '../test/support/http-gateway.ts'
import { createEdges } from './edges.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const CANARY = { name: 'canary', source: 'canary-[0-9]+', caseInsensitive: false, check: null, builtin: null }
let log: EmbeddedLog
let server: HttpGateway

beforeEach(async () => {
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([
    { name: AGENT_TRACES, partitions: 1, retentionMs: null, retentionBytes: null, compacted: false },
  ])
  server = await startHttpGateway({
    log,
    nowMs: () => nowMs,
    bounds: { ...DEFAULT_BOUNDS, maxTextBytes: 100, maxAttributes: 20 },
    edges: createEdges({ key: null, everyone: { ...NO_RULES, mask: [CANARY] }, tenants: new Map() }),
  })
})
afterEach(async () => {
  await server.drain()
  await log.close()
})

const post = (body: string | Uint8Array<ArrayBuffer>, path = '/v1/traces', encoding?: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(encoding !== undefined && { 'content-encoding': encoding }) },
    body,
  })

const requestOf = (span: object): string =>
  JSON.stringify({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              {
                traceId: 'ab'.repeat(16),
                spanId: 'cd'.repeat(8),
                name: 'one',
                startTimeUnixNano: `${nowMs}000000`,
                endTimeUnixNano: `${nowMs}000000`,
                ...span,
              },
            ],
          },
        ],
      },
    ],
  })

async function stored(): Promise<Span[]> {
  const records = await log.read(AGENT_TRACES, 0, 0, 100)
  return records.flatMap(({ value }) => normaliseRecord('default', value))
}

test('what was cut, left out or clamped is on the span, in the answer and in the counters', async () => {
  const attributes = Array.from({ length: 25 }, (_, i) => ({
    key: `key-${i}`,
    value: { stringValue: i === 0 ? 'é'.repeat(100) : 'x' },
  }))
  const response = await post(requestOf({ attributes, startTimeUnixNano: '1', endTimeUnixNano: '2' }))
  expect([response.status, await response.json()]).toEqual([
    200,
    {
      partialSuccess: {
        rejectedSpans: '0',
        errorMessage:
          "1 text longer than 100 bytes cut; 5 attributes beyond 20 of a span left out; the times of 1 span changed: the sender's clock is wrong",
      },
    },
  ])
  expect((await post(requestOf({}))).status).toBe(200)
  const [odd, fine] = await stored()
  expect(odd!.startTimeUs).toBe(nowMs * 1_000 - 1)
  expect(Object.fromEntries(odd!.attributes)).toMatchObject({
    'key-0': `${'é'.repeat(50)} …[cut by Assay: 100 of 200 bytes kept]`,
    'assay.limits.cut_texts': 1,
    'assay.limits.dropped_attributes': 5,
    'assay.clock.sent_start_unix_nano': '1',
  })
  expect(fine!.attributes.size).toBe(0)
  expect(server.stats()).toMatchObject({
    acceptedSpans: 2,
    rejectedSpans: 0,
    cutTexts: 1,
    droppedAttributes: 5,
    clampedSpans: 1,
  })
})

test('the native form is held to the same', async () => {
  const span = { name: 'one', startTime: '2199-01-01T00:00:00Z', durationMs: 5, output: { text: 'x'.repeat(200) } }
  const response = await post(JSON.stringify({ spans: [span] }), '/v1/spans')
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    spans: [{ spanId: expect.any(String) }],
    partial: { rejected: 0, message: expect.stringMatching(/longer than 100 bytes cut; the times of 1 span changed/) },
  })
  const [kept] = await stored()
  expect(kept).toMatchObject({ startTimeUs: nowMs * 1_000 - 5_000, durationNs: 5_000_000 })
  expect(server.stats()).toMatchObject({ clampedSpans: 1 })
  expect(server.stats().cutTexts).toBeGreaterThan(0)
})

test('fields that a span does not have are named, and the rest is taken', async () => {
  const spans = [
    { name: 'one', status: 'ok', agent: { name: 'support', nme: 'x' } },
    { name: 'two', modle: 'gpt-5-mini', attributes: { own: 1 }, results: [] },
  ]
  const response = await post(JSON.stringify({ spans }), '/v1/spans')
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    partial: { rejected: 0, message: expect.stringContaining('left out: spans[0].agent.nme, spans[1].modle; ') },
  })
  expect(await stored()).toHaveLength(2)
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`field${index}`, index]))
  const answer: unknown = await (await post(JSON.stringify({ spans: [many] }), '/v1/spans')).json()
  expect(answer).toMatchObject({ partial: { message: expect.stringContaining('spans[0].field4, and others; ') } })
})

test('messages in log records are held to the same, and their sender hears it', async () => {
  const message = {
    eventName: 'gen_ai.user.message',
    traceId: 'ab'.repeat(16),
    spanId: 'cd'.repeat(8),
    timeUnixNano: `${nowMs}000000`,
    body: { kvlistValue: { values: [{ key: 'content', value: { stringValue: 'x'.repeat(200) } }] } },
  }
  const logRecords = [message, { ...message, eventName: 'login' }]
  const response = await post(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }), '/v1/logs')
  expect([response.status, await response.json()]).toEqual([
    200,
    {
      partialSuccess: {
        rejectedLogRecords: '1',
        errorMessage: expect.stringMatching(
          /^log records were left out: 1 of no event .*; 1 text longer than 100 bytes cut$/,
        ),
      },
    },
  ])
})

test('a text is masked before it is cut: no half of a match is left', async () => {
  const attributes = [{ key: 'a', value: { stringValue: `${'x'.repeat(90)}canary-12345678901234567890` } }]
  expect((await post(requestOf({ attributes }))).status).toBe(200)
  const [record] = await log.read(AGENT_TRACES, 0, 0, 1)
  expect(Buffer.from(record!.value).toString('latin1')).not.toContain('canary')
  expect(server.stats().cutTexts).toBe(1)
})

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['zstd', zstdCompressSync],
] as const)('a bomb of %s is given up at the limit, and memory with it', async (encoding, compress) => {
  const bomb = new Uint8Array(compress(Buffer.alloc(300 << 20)))
  expect(bomb.length).toBeLessThan(1 << 20)
  const before = process.memoryUsage()
  let peak = 0
  const watch = setInterval(() => {
    const { rss } = process.memoryUsage()
    peak = Math.max(peak, rss - before.rss)
  }, 2)
  for (let times = 0; times < 5; times++) expect((await post(bomb, '/v1/traces', encoding)).status).toBe(413)
  clearInterval(watch)
  // One of them is 300 MiB inflated, all of them 1.5 GiB.
  expect(peak).toBeLessThan(200 << 20)
  expect(server.stats().rejected.too_large).toBe(5)
  expect((await post(requestOf({}))).status).toBe(200)
})
