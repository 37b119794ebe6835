/**
 * What the traces port has to do, wherever the engine is: run on the engine in process and on one behind ClickHouse's HTTP
 * interface.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AttributeValue } from '../../engine/model/span.ts'
import { full, hex, newTenant, newToken, span, t0Us } from './contract-spans.ts'
import { contrastContract } from './contrast-contract.ts'
import { type TracesStore, UnstorableError } from './port.ts'
import { describeResults } from './results-contract.ts'
import { describeRunQueries } from './runs-contract.ts'
import { describeSearch } from './search-contract.ts'
import { describeSeveralRuns } from './several-runs-contract.ts'
import { describeTallies } from './tallies-contract.ts'
import { describeUsage } from './usage-contract.ts'

let nowMs = Date.UTC(2026, 5, 1, 13)

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

    describeUsage(() => store)
    describeTallies(() => store)
    describeSeveralRuns(() => store)

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
        expect((await store.settledTraceIds(tenant, settled({}))).some).toEqual([hex(32, 1)])
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
      test('lie in the window by their end, by what was stored by then', async () => {
        const tenant = newTenant()
        await store.insertSpans(
          [
            span(tenant, 1, 1, { startTimeUs: t0Us - 60e6, durationNs: 60e9 - 1_000 }),
            span(tenant, 2, 3, { startTimeUs: t0Us - 60e6, durationNs: 60e9 }),
            span(tenant, 3, 4, { startTimeUs: t0Us + 3_590e6, durationNs: 10e9 }),
          ],
          newToken(),
        )
        expect((await store.settledTraceIds(tenant, settled({}))).some).toEqual([hex(32, 2)])
        expect((await store.settledTraceIds(tenant, settled({ settledBeforeMs: nowMs }))).some).toEqual([])
        expect((await store.settledTraceIds(tenant, settled({ toUs: t0Us + 7_200e6 }))).some).toHaveLength(2)
        const thinned = await store.settledTraceIds(tenant, settled({ toUs: t0Us + 7_200e6, limit: 1 }))
        expect(thinned).toMatchObject({ some: [expect.any(String)], population: 2 })
        // What comes later changes nothing of what was so by then.
        const by = { settledBeforeMs: nowMs + 1 }
        nowMs += 60_000
        const earlier = { startTimeUs: t0Us - 100e6, durationNs: 1e9 }
        await store.insertSpans([span(tenant, 2, 5, earlier)], newToken())
        expect((await store.settledTraceIds(tenant, settled(by))).some).toEqual([hex(32, 2)])
        expect((await store.settledTraceIds(tenant, settled({}))).some).toEqual([])
      })

      test('one that grows after its root ended stays of the window in which it did', async () => {
        const tenant = newTenant()
        const next = { fromUs: t0Us + 3_600e6, toUs: t0Us + 7_200e6 }
        await store.insertSpans([span(tenant, 1, 1, { startTimeUs: t0Us + 3_400e6, durationNs: 20e9 })], newToken())
        expect((await store.settledTraceIds(tenant, settled({}))).some).toEqual([hex(32, 1)])
        nowMs += 60_000
        const child = { startTimeUs: t0Us + 3_500e6, durationNs: 200e9, parentSpanId: hex(16, 1) }
        const again = { startTimeUs: t0Us + 3_650e6, durationNs: 1e9 }
        await store.insertSpans([span(tenant, 1, 2, child), span(tenant, 1, 3, again)], newToken())
        expect((await store.settledTraceIds(tenant, settled({}))).some).toEqual([hex(32, 1)])
        expect((await store.settledTraceIds(tenant, settled(next))).some).toEqual([])
      })

      test('one that goes on over the end of a window is of the next one, and none is of no window', async () => {
        const tenant = newTenant()
        const lasting = (trace: number, startS: number, seconds: number) =>
          span(tenant, trace, trace, { startTimeUs: t0Us + startS * 1e6, durationNs: seconds * 1e9 })
        await store.insertSpans([lasting(1, 10, 60), lasting(2, 3_500, 300), lasting(3, 3_700, 60)], newToken())
        const next = settled({ fromUs: t0Us + 3_600e6, toUs: t0Us + 7_200e6 })
        expect((await store.settledTraceIds(tenant, settled({}))).some).toEqual([hex(32, 1)])
        expect((await store.settledTraceIds(tenant, next)).some.sort()).toEqual([hex(32, 2), hex(32, 3)])
      })

      test('without their root they are still open, until nothing went on for 2 min or an hour is over', async () => {
        const tenant = newTenant()
        const part = (trace: number, id: number, startMs: number) =>
          span(tenant, trace, id, { startTimeUs: startMs * 1000, durationNs: 1e9, parentSpanId: hex(16, 99) })
        const settles = { fromUs: 0, toUs: (nowMs + 1) * 1000 }
        await store.insertSpans(
          [
            part(1, 1, nowMs - 5_000),
            part(2, 2, nowMs - 122_000),
            part(3, 3, nowMs - 3_610_000),
            part(3, 4, nowMs - 5_000),
            part(4, 5, nowMs - 5_000),
            span(tenant, 4, 99, { startTimeUs: (nowMs - 6_000) * 1000, durationNs: 3e9 }),
          ],
          newToken(),
        )
        expect((await store.settledTraceIds(tenant, settled(settles))).some.sort()).toEqual(
          [2, 3, 4].map((id) => hex(32, id)),
        )
      })
    })

    describeRunQueries(() => store, {
      nowMs: () => nowMs,
      passed: (ms) => {
        nowMs += ms
      },
    })

    describeResults(
      () => store,
      () => nowMs,
    )
    describeSearch(() => store)

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
