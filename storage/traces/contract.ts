/**
 * What the traces port has to do, wherever the engine is: run on the engine in process and on one behind ClickHouse's HTTP
 * interface.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan, type SpanFields } from '../../engine/model/make-span.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { AttributeValue, Span } from '../../engine/model/span.ts'
import { contrastContract } from './contrast-contract.ts'
import { type ResultFilter, type TracesStore, UnstorableError } from './port.ts'
import { describeRunQueries } from './runs-contract.ts'

export const t0Us = Date.UTC(2026, 5, 1, 12) * 1000
let nowMs = Date.UTC(2026, 5, 1, 13)

let tenants = 0
export const newTenant = () => `tenant-${++tenants}`
let tokens = 0
export const newToken = () => `test:${++tokens}`
export const hex = (digits: number, value: number) => value.toString(16).padStart(digits, '0')
export const span = (tenant: string, trace: number, id: number, fields: SpanFields = {}): Span =>
  makeSpan({ tenant, traceId: hex(32, trace), spanId: hex(16, id), name: 's', startTimeUs: t0Us + id, ...fields })

/** Every field, with texts that break careless writers. */
const nasty = 'é😀\n\nINSERT INTO x\n\n\0\t\'"\\ end'
export const full = (tenant: string): Span =>
  span(tenant, 1, 1, {
    parentSpanId: hex(16, 77),
    kind: 'llm',
    name: nasty,
    startTimeSubUs: 999,
    durationNs: Number.MAX_SAFE_INTEGER,
    status: 'error',
    statusMessage: nasty,
    agentName: '',
    agentVersion: '1.0',
    env: 'prod',
    sessionId: '',
    userId: nasty,
    provider: 'openai',
    model: 'm',
    inputText: nasty,
    inputMessages: [
      { role: 'system', parts: [{ type: 'text', content: 'be kind' }] },
      {
        role: 'user',
        parts: [
          { type: 'text', content: nasty },
          { type: 'other', value: { deep: [1, null, { __proto__x: true }] } },
        ],
      },
    ],
    outputText: '',
    outputMessages: [
      {
        role: 'assistant',
        parts: [
          { type: 'text', content: '' },
          { type: 'reasoning', content: 'hm' },
          { type: 'tool_call', id: 'c1', name: 'search', arguments: { q: nasty } },
          { type: 'tool_call_response', id: 'c1', response: [1, 2] },
        ],
        finishReason: 'tool_call',
      },
    ],
    tokensInput: 0,
    tokensOutput: 7,
    tokensTotal: 2 ** 40,
    tokensCachedInput: 1,
    tokensReasoning: 2,
    costMicroUsd: 1234,
    costSource: 'span',
    toolName: 't',
    toolCallId: 'c',
    toolArguments: '{"a":1}',
    toolResult: '',
    retrievalQuery: 'q',
    documents: [
      { id: 'd1', text: nasty, score: 0.25 },
      { id: undefined, text: undefined, score: undefined },
    ],
    finishReason: 'stop',
    timeToFirstTokenMs: 12.5,
    errorMessage: 'boom',
    convention: 'otel_genai',
    attributes: new Map<string, Span['attributes'] extends ReadonlyMap<string, infer V> ? V : never>([
      ['__proto__', 'own'],
      ['n', -0],
      ['nan', Number.NaN],
      ['inf', Number.NEGATIVE_INFINITY],
      ['float', 1e-7],
      ['big', 2n ** 63n - 1n],
      ['bytes', { bytes: 'AAE=' }],
      ['null', null],
      ['list', ['a', 1, false, [null, { bytes: '' }]]],
      ['map', new Map([['int', 'not a tag']])],
      [nasty, nasty],
    ]),
    resource: new Map([['service.name', 'x']]),
    scopeName: 'scope',
    scopeVersion: '',
    events: [{ name: 'e', timeUs: t0Us, attributes: new Map([['k', nasty]]) }],
    links: [{ traceId: hex(32, 9), spanId: hex(16, 9), attributes: new Map() }],
  })

/** `open` gives a store that is not migrated yet. */
export function describeTracesContract(
  name: string,
  open: (nowMs: () => number) => Promise<TracesStore>,
  { drawnBatches = 25 }: { drawnBatches?: number } = {},
): void {
  describe(`traces contract: ${name}`, () => {
    let store: TracesStore
    beforeAll(async () => {
      store = await open(() => nowMs)
      await store.migrate()
    }, 60_000)
    afterAll(() => store?.close())

    describe('usage', () => {
      const day = (daysAfter: number) => t0Us + daysAfter * 86_400_000_000
      const window = { fromMs: Date.UTC(2026, 5, 1), toMs: Date.UTC(2026, 5, 3) }
      const nothing = { judgeInputTokens: 0, judgeOutputTokens: 0, judgeCostMicroUsd: 0 }

      test('is counted by day and agent, what was stored twice once', async () => {
        const tenant = newTenant()
        const spans = [
          span(tenant, 1, 1, { agentName: 'a', inputText: 'ä'.repeat(50), startTimeUs: day(0) }),
          span(tenant, 1, 2, { agentName: 'a', startTimeUs: day(0) }),
          span(tenant, 2, 1, { agentName: 'b', startTimeUs: day(1) }),
          span(tenant, 3, 1, { startTimeUs: day(1) }),
          // Outside.
          span(tenant, 4, 1, { agentName: 'a', startTimeUs: day(-1) }),
          span(tenant, 5, 1, { agentName: 'a', startTimeUs: day(2) }),
        ]
        for (let times = 0; times < 2; times++) await store.insertSpans(spans, newToken())
        const usage = await store.usage(tenant, window)
        const [b, none, a] = usage
        expect(usage).toMatchObject([
          { tenant, day: '2026-06-02', agent: 'b', spans: 1, ...nothing },
          { tenant, day: '2026-06-02', agent: null, spans: 1, ...nothing },
          { tenant, day: '2026-06-01', agent: 'a', spans: 2, ...nothing },
        ])
        // The name is a letter; the second span of `a` is as large as the others.
        expect(none!.bytes).toBe(b!.bytes)
        expect(a!.bytes).toBe(2 * b!.bytes + 100)
        expect(await store.usage(newTenant(), window)).toEqual([])
      })

      test('each answer of a judge counts, and once, of all tenants together for whoever runs them', async () => {
        const [one, other] = [newTenant(), newTenant()]
        const judged = (tenant: string, revision: number, fields: Partial<EvalResult> = {}) =>
          makeResult({
            tenant,
            traceId: hex(32, 1),
            evalId: 'shop/helpful',
            agentName: 'a',
            judgeModel: 'openai/x',
            judgeInputTokens: 100,
            judgeOutputTokens: 10,
            costMicroUsd: 2.5,
            revision,
            evaluatedAtMs: day(0) / 1_000,
            ...fields,
          })
        const results = [judged(one, 1), judged(one, 2), judged(other, 1, { runId: 'replay@x' })]
        results.push(
          makeResult({ tenant: one, traceId: hex(32, 1), evalId: 'shop/fast', evaluatedAtMs: day(0) / 1_000 }),
        )
        for (let times = 0; times < 2; times++) await store.insertResults(results, newToken())
        await store.insertSpans([span(one, 1, 1, { agentName: 'a', startTimeUs: day(0) })], newToken())
        const of = (tenant: string, times: number, spans: number) => ({
          tenant,
          day: '2026-06-01',
          agent: 'a',
          spans,
          judgeInputTokens: 100 * times,
          judgeOutputTokens: 10 * times,
          judgeCostMicroUsd: 2.5 * times,
        })
        expect(await store.usage(one, window)).toMatchObject([of(one, 2, 1)])
        const all = await store.usage(null, window)
        expect(all.filter(({ tenant }) => tenant === one || tenant === other)).toMatchObject([
          of(one, 2, 1),
          of(other, 1, 0),
        ])
      })
    })

    describe('spans', () => {
      test('come back as they were stored, every field and every odd value', async () => {
        const tenant = newTenant()
        const spans = [full(tenant), span(tenant, 1, 2)]
        await store.insertSpans(spans, newToken())
        expect(await store.getTrace(tenant, hex(32, 1))).toEqual(spans)
      })

      test('a text of several megabytes and ten thousand spans in one batch', async () => {
        const tenant = newTenant()
        const huge = 'ä\n\n'.repeat(1_000_000)
        const spans = Array.from({ length: 10_000 }, (_, i) =>
          span(tenant, 2 + (i % 5000), i + 1, { name: `n${i % 700}` }),
        )
        spans.push(span(tenant, 1, 1, { inputText: huge, resource: new Map([['r', 'x'.repeat(300)]]) }))
        await store.insertSpans(spans, newToken())
        expect(await store.countSpans(tenant)).toBe(10_001)
        expect((await store.getTrace(tenant, hex(32, 1)))[0]?.inputText).toBe(huge)
        expect((await store.getTrace(tenant, hex(32, 6)))[0]?.name).toBe('n4')
      })

      test.each([255, 256, 257, 70_000])('a column of %i distinct values keeps each at its row', async (distinct) => {
        const tenant = newTenant()
        const spans = Array.from({ length: distinct }, (_, i) =>
          span(tenant, 1 + (i % 997), i + 1, { name: `name ${i}`, model: i % 3 === 0 ? undefined : `model ${i}` }),
        )
        await store.insertSpans(spans, newToken())
        const trace = await store.getTrace(tenant, hex(32, 5))
        expect(trace).toEqual(spans.filter((s) => s.traceId === hex(32, 5)))
        expect(await store.countSpans(tenant)).toBe(distinct)
      })

      test('of a trace with too many, the root and the earliest are read, and one more to tell', async () => {
        const tenant = newTenant()
        const many = Array.from({ length: 10_005 }, (_, i) =>
          span(tenant, 1, i + 1, { startTimeUs: 2_000_000 + i, parentSpanId: hex(16, 99_999) }),
        )
        const root = span(tenant, 1, 99_999, { startTimeUs: 3_000_000, parentSpanId: undefined })
        await store.insertSpans([...many.reverse(), root], newToken())
        const found = await store.getTrace(tenant, hex(32, 1))
        expect(found).toHaveLength(10_001)
        expect([found[0]?.spanId, found.at(-1)?.spanId]).toEqual([hex(16, 1), root.spanId])
      })

      test('are seen once however often they were stored, before any merge', async () => {
        const tenant = newTenant()
        const spans = [1, 2, 3, 4].map((id) => span(tenant, 1, id, { durationNs: id }))
        await store.insertSpans(spans, newToken())
        await store.insertSpans(spans.slice(1, 3), newToken())
        nowMs += 1
        await store.insertSpans([span(tenant, 1, 4, { durationNs: 99 }), span(tenant, 1, 5)], newToken())
        expect(await store.countSpans(tenant)).toBe(5)
        expect((await store.getTrace(tenant, hex(32, 1))).map((s) => s.durationNs)).toEqual([1, 2, 3, 99, 0])
        expect(await store.settledTraceIds(tenant, settled({}))).toEqual([hex(32, 1)])
      })

      test('an insert with a token that was written is dropped', async () => {
        const tenant = newTenant()
        const token = newToken()
        await store.insertSpans([span(tenant, 1, 1)], token)
        await store.insertSpans([span(tenant, 1, 2)], token)
        expect((await store.getTrace(tenant, hex(32, 1))).map((s) => s.spanId)).toEqual([hex(16, 1)])
      })

      test('several traces at once are each as they are alone', async () => {
        const tenant = newTenant()
        const spans = [1, 2, 3].flatMap((trace) =>
          [3, 1, 2].map((id) => span(tenant, trace, id, { startTimeUs: t0Us + id })),
        )
        await store.insertSpans(spans, newToken())
        nowMs += 1
        await store.insertSpans([span(tenant, 2, 3, { durationNs: 9 })], newToken())
        const asked = [hex(32, 1), hex(32, 2), hex(32, 99), 'no id']
        const found = await store.getTraces(tenant, asked)
        expect([...found.keys()].sort()).toEqual([hex(32, 1), hex(32, 2)])
        for (const [traceId, trace] of found) expect(trace).toEqual(await store.getTrace(tenant, traceId))
        expect(await store.getTraces(newTenant(), asked)).toEqual(new Map())
      })

      test('tenants do not see each other', async () => {
        const [a, b] = [newTenant(), newTenant()]
        await store.insertSpans([span(a, 1, 1), span(b, 1, 1, { name: 'other' })], newToken())
        expect((await store.getTrace(b, hex(32, 1))).map((s) => s.name)).toEqual(['other'])
        expect(await store.countSpans(a)).toBe(1)
      })

      test('wild clocks do not make a batch fail', async () => {
        const tenant = newTenant()
        const months = Array.from({ length: 150 }, (_, i) => span(tenant, 1, i + 1, { startTimeUs: i * 31 * 86_400e6 }))
        await store.insertSpans([...months, span(tenant, 1, 999, { startTimeUs: 18_446_744_073_709_000 })], newToken())
        expect(await store.countSpans(tenant)).toBe(151)
        expect(await store.getTrace(tenant, hex(32, 1))).toHaveLength(151)
      })

      test.each([
        ['an id that is not hex', { spanId: 'zz' }],
        ['a negative time', { startTimeUs: -1 }],
        ['a fraction of a token', { tokensInput: 1.5 }],
        ['a duration that is no number', { durationNs: Number.NaN }],
      ])('%s is refused for good, with nothing written', async (_what, fields) => {
        const tenant = newTenant()
        const refused = store.insertSpans([span(tenant, 1, 1), span(tenant, 1, 2, fields)], newToken())
        await expect(refused).rejects.toThrow(UnstorableError)
        expect(await store.countSpans(tenant)).toBe(0)
      })

      test('their ids are told of many traces at once, each once, and of no other tenant', async () => {
        const tenant = newTenant()
        const spans = [1, 2, 3].map((id) => span(tenant, 1, id))
        await store.insertSpans([...spans, span(tenant, 2, 9), span(tenant, 3, 1)], newToken())
        await store.insertSpans(spans, newToken())
        await store.insertSpans([span(newTenant(), 4, 1)], newToken())
        const asked = [hex(32, 1), hex(32, 2), hex(32, 4), 'not hex']
        const found = await store.spanIdsOf(tenant, asked)
        expect([...found].map(([trace, ids]) => [trace, [...ids].sort()]).sort()).toEqual([
          [hex(32, 1), [1, 2, 3].map((id) => hex(16, id))],
          [hex(32, 2), [hex(16, 9)]],
        ])
        expect(await store.spanIdsOf(tenant, [])).toEqual(new Map())
      })

      test('ids that end in zero bytes are found as all others', async () => {
        const tenant = newTenant()
        const traceId = hex(32, 0x0a00)
        await store.insertSpans([span(tenant, 0x0a00, 0x0b00)], newToken())
        expect(await store.getTrace(tenant, traceId)).toHaveLength(1)
        expect([...(await store.getTraces(tenant, [traceId])).keys()]).toEqual([traceId])
        expect([...(await store.spanIdsOf(tenant, [traceId]))]).toEqual([[traceId, [hex(16, 0x0b00)]]])
        const window = { fromUs: t0Us - 60e6, toUs: t0Us + 60e6, limit: 10 }
        expect((await store.searchTraces(tenant, window)).map((found) => found.traceId)).toEqual([traceId])
      })

      test('unknown traces and texts that are no trace id are empty', async () => {
        expect(await store.getTrace('default', hex(32, 404))).toEqual([])
        expect(await store.getTrace('default', "' OR 1=1 --")).toEqual([])
      })
    })

    const settled = (over: Partial<Parameters<TracesStore['settledTraceIds']>[1]>) => ({
      fromUs: t0Us,
      toUs: t0Us + 3_600e6,
      settledBeforeMs: nowMs + 1,
      limit: 10,
      ...over,
    })

    describe('settled traces', () => {
      test('lie in the window by their first span, and have not grown of late', async () => {
        const tenant = newTenant()
        await store.insertSpans(
          [
            span(tenant, 1, 1, { startTimeUs: t0Us - 1 }),
            span(tenant, 1, 2, { startTimeUs: t0Us + 5 }),
            span(tenant, 2, 3, { startTimeUs: t0Us }),
            span(tenant, 3, 4, { startTimeUs: t0Us + 3_600e6 }),
          ],
          newToken(),
        )
        expect(await store.settledTraceIds(tenant, settled({}))).toEqual([hex(32, 2)])
        expect(await store.settledTraceIds(tenant, settled({ settledBeforeMs: nowMs }))).toEqual([])
        expect(await store.settledTraceIds(tenant, settled({ toUs: t0Us + 7_200e6 }))).toHaveLength(2)
        expect(await store.settledTraceIds(tenant, settled({ toUs: t0Us + 7_200e6, limit: 1 }))).toHaveLength(1)
      })
    })

    describeRunQueries(() => store, {
      nowMs: () => nowMs,
      passed: (ms) => {
        nowMs += ms
      },
    })

    describe('results', () => {
      const result = (tenant: string, fields: Partial<Parameters<typeof makeResult>[0]> = {}) =>
        makeResult({
          tenant,
          evalId: 'p/e',
          measureHash: 'm',
          verdictHash: 'v',
          subjectKind: 'llm_call',
          traceId: hex(32, 1),
          spanId: hex(16, 1),
          subjectTimeUs: t0Us,
          evaluatedAtMs: nowMs,
          ...fields,
        })

      test('come back as they were stored', async () => {
        const tenant = newTenant()
        const all = [
          result(tenant, { evaluatedAtMs: nowMs + 1, evalId: nasty, score: 0, verdict: 'fail' }),
          result(tenant, {
            mode: 'shadow',
            subjectKind: 'trace',
            spanId: '',
            revision: 3,
            verdict: 'unknown',
            score: -1.5,
            reason: { code: 'not_captured', field: 'output.text' },
            evidence: [
              { field: 'output.text', start: 1, end: 4, pattern: 'pii.email', masked: nasty, spanId: hex(16, 2) },
            ],
            judgements: [
              { kind: 'claim', about: nasty, verdict: 'supported', quote: nasty },
              { kind: 'document', about: '1', verdict: 'grade 2', value: 2, detail: nasty },
            ],
            explanation: nasty,
            agentName: '',
            agentVersion: '1',
            env: 'e',
            judgeModel: 'j',
            judgeInputTokens: 0,
            judgeOutputTokens: 5,
            costMicroUsd: 7,
            runId: 'r@1',
            inclusionProbability: 0.125,
          }),
        ]
        await store.insertResults(all, newToken())
        expect(await store.queryResults(tenant, { limit: 10 })).toEqual(all)
      })

      test('the latest revision counts, once, whatever the order of writing', async () => {
        const tenant = newTenant()
        await store.insertResults([result(tenant, { revision: 2, verdict: 'pass' })], newToken())
        await store.insertResults([result(tenant, { revision: 1, verdict: 'fail' })], newToken())
        await store.insertResults([result(tenant, { revision: 1, verdict: 'fail' })], newToken())
        await store.insertResults([result(tenant, { spanId: hex(16, 2), verdict: 'unknown' })], newToken())
        await store.insertResults([result(tenant, { runId: 'run 2', verdict: 'error' })], newToken())
        const counts = { evalId: 'p/e', measureHash: 'm', pass: 1, fail: 0, unknown: 1, error: 1 }
        expect(await store.ledger(tenant)).toEqual([counts])
        await store.insertResults([result(tenant, { spanId: hex(16, 3), measureHash: 'n' })], newToken())
        expect(await store.ledger(tenant)).toEqual([
          counts,
          { evalId: 'p/e', measureHash: 'n', pass: 1, fail: 0, unknown: 0, error: 0 },
        ])
        expect(await store.ledger(tenant, { sinceMs: nowMs + 1 })).toEqual([])
        expect(await store.queryResults(tenant, { limit: 10, verdict: 'fail' })).toEqual([])
        expect(await store.queryResults(tenant, { limit: 10 })).toHaveLength(4)
      })

      test('filters', async () => {
        const tenant = newTenant()
        const rows = [1, 2, 3].map((i) =>
          result(tenant, { traceId: hex(32, i), evalId: `p/e${i}`, evaluatedAtMs: nowMs + i }),
        )
        await store.insertResults(rows, newToken())
        const ids = async (filter: Parameters<TracesStore['queryResults']>[1]) =>
          (await store.queryResults(tenant, filter)).map((r) => r.evalId)
        expect(await ids({ limit: 2 })).toEqual(['p/e3', 'p/e2'])
        expect(await ids({ limit: 9, evalId: 'p/e1' })).toEqual(['p/e1'])
        expect(await ids({ limit: 9, traceId: hex(32, 2) })).toEqual(['p/e2'])
        expect(await ids({ limit: 9, sinceMs: nowMs + 2 })).toEqual(['p/e3', 'p/e2'])
        expect(await ids({ limit: 9, traceId: 'no id' })).toEqual([])
        await store.insertResults([result(tenant, { evalId: 'p/e9', agentName: 'support' })], newToken())
        expect(await ids({ limit: 9, agent: 'support' })).toEqual(['p/e9'])
        expect(await ids({ limit: 9, agent: 'other' })).toEqual([])
      })

      test('what people say, and what judges say of anchors, is for who asks for it', async () => {
        const tenant = newTenant()
        const runs = ['', 'label@ana', 'anchor@p/e@1', 'replay@1'].map((runId) => result(tenant, { runId }))
        await store.insertResults(runs, newToken())
        const runIds = async (filter: Partial<ResultFilter>) =>
          (await store.queryResults(tenant, { limit: 9, ...filter })).map(({ runId }) => runId)
        expect(await runIds({})).toEqual([''])
        expect(await runIds({ labels: true })).toEqual(['label@ana'])
        expect(await runIds({ anchors: true })).toEqual(['anchor@p/e@1'])
        expect(await store.ledger(tenant)).toMatchObject([{ pass: 1 }])
      })
    })

    contrastContract(() => store, newTenant, newToken)

    describe('the store', () => {
      test('migrates again without harm and answers a ping', async () => {
        await store.migrate()
        await store.ping()
      })
    })

    describe('properties', () => {
      const text = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.constantFrom('', '\n\n', "'", '\\', '{"int":"1"}', 'x'.repeat(127), 'x'.repeat(128), 'ä'.repeat(70)),
      )
      // Backslashes and quotes often, which Node's own parser confuses in keys (`engine/parse-json.ts`).
      const key = fc.oneof(text, fc.constantFrom('\\', '"', '\\"', '\n', '\\n', 'a'))
      const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
      const attribute: fc.Arbitrary<AttributeValue> = fc.letrec<{ value: AttributeValue }>((tie) => ({
        value: fc.oneof(
          { maxDepth: 3 },
          text,
          fc.double(),
          fc.integer(),
          fc.boolean(),
          fc.constant(null),
          fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
          fc.record({ bytes: fc.base64String() }, { noNullPrototype: true }),
          fc.array(tie('value'), { maxLength: 3 }),
          fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
        ),
      })).value
      const fields = fc.record({
        name: text,
        durationNs: fc.maxSafeNat(),
        agentName: maybe(text),
        sessionId: maybe(text),
        inputText: maybe(text),
        inputMessages: maybe(
          fc.array(
            fc.record({
              role: text,
              parts: fc.array(fc.record({ type: fc.constant('text' as const), content: text })),
            }),
            { maxLength: 3 },
          ),
        ),
        tokensInput: maybe(fc.maxSafeNat()),
        timeToFirstTokenMs: maybe(fc.double({ noNaN: true, noDefaultInfinity: true })),
        attributes: fc.array(fc.tuple(key, attribute), { maxLength: 4 }).map((entries) => new Map(entries)),
      })

      test('any spans come back as they were stored', async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(fields, { minLength: 1, maxLength: 60 }), async (many) => {
            const tenant = newTenant()
            const spans = many.map((one, i) => span(tenant, 1, i + 1, one))
            await store.insertSpans(spans, newToken())
            expect(await store.getTrace(tenant, hex(32, 1))).toEqual(spans)
          }),
          { numRuns: drawnBatches },
        )
      })
    })
  })
}
