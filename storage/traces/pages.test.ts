import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan, type SpanFields } from '../../engine/model/make-span.ts'
import type { Span } from '../../engine/model/span.ts'
import { openTraces } from './open.ts'
import { pagesOf, SPAN_PAGE_FIELDS } from './pages.ts'
import type { SpanPage, TracesStore } from './port.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'assay-pages-'))
const HOUR_US = 3_600_000_000
const t0Us = Date.UTC(2026, 5, 1, 12) * 1000
const settledMs = Date.UTC(2026, 5, 1, 14)
let nowMs = settledMs - 3_600_000
let store: TracesStore

const hex = (digits: number, value: number): string => value.toString(16).padStart(digits, '0')
const span = (trace: number, id: number, fields: SpanFields = {}): Span =>
  makeSpan({
    tenant: 'pages',
    traceId: hex(32, trace),
    spanId: hex(16, id),
    parentSpanId: id === 1 ? undefined : hex(16, 1),
    name: 's',
    startTimeUs: t0Us + id,
    ...fields,
  })
const text = 'é "quoted"\n\0 end'

beforeAll(async () => {
  store = await openTraces({ dataDir, nowMs: () => nowMs })
  await store.migrate()
  const many = Array.from({ length: 20 }, (_, trace) => [1, 2, 3, 4, 5].map((id) => span(trace + 1, id))).flat()
  await store.insertSpans(many, 'many')
  // Stored twice, and changed meanwhile: the later one counts.
  nowMs += 1
  await store.insertSpans([span(3, 2, { name: 'again' })], 'again')
  const every = span(100, 1, {
    ...{ sessionId: 's', userId: 'u', provider: 'p', model: 'm', inputText: text, outputText: '' },
    ...{ tokensInput: 1, tokensOutput: 2, tokensTotal: 2 ** 53 - 1, tokensCachedInput: 0, tokensReasoning: 5 },
    ...{
      costMicroUsd: 0.5,
      toolName: 't',
      toolCallId: 'c',
      toolArguments: '{}',
      toolResult: text,
      retrievalQuery: 'q',
    },
    ...{ documents: [{ id: 'd', text, score: 1 }], finishReason: 'stop', timeToFirstTokenMs: 1.5, errorMessage: 'e' },
    ...{
      startTimeSubUs: 999,
      durationNs: 2 ** 52,
      status: 'error',
      kind: 'llm',
      agentName: 'a',
      agentVersion: '1',
      env: '',
    },
    attributes: new Map([['acme.tier', 'gold']]),
    resource: new Map([['service.name', 'shop']]),
  })
  await store.insertSpans([every], 'every')
  // One that began before the window, one that is still coming in, and one whose root has not come.
  await store.insertSpans([span(200, 1, { startTimeUs: t0Us - 2 * HOUR_US }), span(200, 2)], 'early')
  nowMs = settledMs - 1_000
  await store.insertSpans([span(300, 1)], 'open')
  nowMs = settledMs - 60_000
  await store.insertSpans([span(400, 2)], 'rootless')
  nowMs = settledMs
}, 60_000)
afterAll(async () => {
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const window = { fromUs: t0Us - HOUR_US, toUs: t0Us + HOUR_US }
const pagesBy = (spansPerPage: number): Promise<SpanPage[]> => store.spanPages('pages', window, spansPerPage)

describe('pages', () => {
  test.each([[1], [7], [10], [1000]])(
    'of %d spans hold every settled trace of the window once, whole',
    async (size) => {
      const counts = new Map<string, number>()
      let open = 0
      for (const page of await pagesBy(size)) {
        const { traces, openTraces } = await store.readSpanPage('pages', { ...window, ...page, fields: [] })
        open += openTraces
        for (const spans of traces) {
          expect(counts.has(spans[0]!.traceId)).toBe(false)
          counts.set(spans[0]!.traceId, spans.length)
        }
      }
      expect(counts.size).toBe(21)
      expect([...counts.values()].filter((count) => count === 5)).toHaveLength(20)
      expect(open).toBe(2)
    },
  )

  test('are as few as the size allows, and none where nothing is', async () => {
    expect(await pagesBy(10_000)).toHaveLength(1)
    expect((await pagesBy(20)).length).toBeGreaterThan(4)
    expect(await store.spanPages('nobody', window, 10)).toEqual([])
    expect(await store.spanPages('pages', { fromUs: 0, toUs: 1 }, 10)).toEqual([])
  })

  test('a trace that fills several is one', () => {
    expect(pagesOf(['a', 'a', 'a', 'b'])).toEqual([
      { fromTraceId: 'a', toTraceId: 'b' },
      { fromTraceId: 'b', toTraceId: null },
    ])
  })
})

describe('spans of a page', () => {
  const only = (trace: number): SpanPage => ({ fromTraceId: hex(32, trace), toTraceId: hex(32, trace + 1) })

  test('are what was stored last, with the fields asked for and no others', async () => {
    const query = { ...window, ...only(100) }
    const { traces } = await store.readSpanPage('pages', { ...query, fields: SPAN_PAGE_FIELDS })
    const [whole] = await store.getTrace('pages', hex(32, 100))
    expect(traces).toEqual([[whole]])
    const bare = await store.readSpanPage('pages', { ...query, fields: ['model'] })
    expect(bare.traces[0]?.[0]).toMatchObject({ model: 'm', env: '', startTimeSubUs: 999, inputText: undefined })
    const twice = await store.readSpanPage('pages', { ...window, ...only(3), fields: [] })
    expect(twice.traces[0]?.map(({ name }) => name).sort()).toEqual(['again', 's', 's', 's', 's'])
  })
})

test('results of a page are the latest, of the evals asked for', async () => {
  const result = (trace: number, evalId: string, revision: number) =>
    makeResult({
      tenant: 'pages',
      evalId,
      traceId: hex(32, trace),
      subjectTimeUs: t0Us,
      evaluatedAtMs: revision,
      revision,
      verdict: 'pass',
    })
  const all = [result(1, 'a/b', 1), result(1, 'a/b', 2), result(2, 'a/b', 1), result(2, 'a/c', 1), result(9, 'a/b', 1)]
  await store.insertResults(all, 'results')
  const page = { fromTraceId: hex(32, 1), toTraceId: hex(32, 9) }
  const found = await store.resultsOfPage('pages', page, ['a/b'])
  expect(found.map(({ traceId, revision }) => [traceId, revision]).sort()).toEqual([
    [hex(32, 1), 2],
    [hex(32, 2), 1],
  ])
  expect(await store.resultsOfPage('pages', { ...page, toTraceId: null }, ['a/b', 'a/c'])).toHaveLength(4)
  expect(await store.resultsOfPage('pages', page, [])).toEqual([])
})
