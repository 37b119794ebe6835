/** A part of the contract of the traces port: what pages search and list, and how evals went. */
import { beforeAll, describe, expect, test } from 'vitest'
import { makeResult, type ResultFields } from '../../engine/model/make-result.ts'
import type { SpanFields } from '../../engine/model/make-span.ts'
import { hex, newTenant, newToken, span, t0Us } from './contract-spans.ts'
import type { TracesStore } from './port.ts'
import type { TraceSearch } from './search-port.ts'

const TRACES = 12
const MINUTE_US = 60_000_000
const t0Ms = t0Us / 1_000
const window = { fromUs: t0Us, toUs: t0Us + 60 * MINUTE_US }

/** Traces of two spans, a minute apart; every third fails, and every fourth was judged twice, the other way before. */
export function describeSearch(open: () => TracesStore): void {
  describe('searches', () => {
    const tenant = newTenant()
    const traces = Array.from({ length: TRACES }, (_, n) => n)
    const isFailing = (n: number): boolean => n % 3 === 0

    beforeAll(async () => {
      const spans = traces.flatMap((n) => {
        const startTimeUs = t0Us + n * MINUTE_US
        return [
          span(tenant, n + 1, 1, { startTimeUs, kind: 'agent', sessionId: `s${n % 4}`, userId: `u${n % 2}` }),
          span(tenant, n + 1, 2, { startTimeUs, kind: 'llm', model: 'm', outputText: `answer ${n}`, costMicroUsd: n }),
        ]
      })
      await open().insertSpans(spans, newToken())
      await open().insertSpans(spans.slice(0, 4), newToken())
      const result = (n: number, more: ResultFields) =>
        makeResult({
          tenant,
          evalId: 'p/e',
          measureHash: 'm',
          traceId: hex(32, n + 1),
          subjectTimeUs: t0Us + n * MINUTE_US,
          score: n,
          ...more,
        })
      const verdictOf = (n: number) => (isFailing(n) ? 'fail' : 'pass')
      const judged = traces.map((n) =>
        result(n, { verdict: verdictOf(n), revision: 2, evaluatedAtMs: t0Ms + Math.floor(n / 2) * 1_000 }),
      )
      const before = traces
        .filter((n) => n % 4 === 0)
        .map((n) => result(n, { verdict: verdictOf(n + 1), revision: 1, evaluatedAtMs: t0Ms - 1_000 }))
      await open().insertResults([...before, ...judged], newToken())
    })

    const found = async (more: Partial<TraceSearch>): Promise<number[]> =>
      (await open().searchTraces(tenant, { ...window, limit: 50, ...more })).map(
        ({ traceId }) => Number.parseInt(traceId, 16) - 1,
      )

    test('find traces by spans and verdicts of theirs', async () => {
      const newest = traces.toReversed()
      expect(await found({ verdict: 'fail' })).toEqual(newest.filter(isFailing))
      expect(await found({ evalId: 'p/e', verdict: 'fail', user: 'u0' })).toEqual([6, 0])
      expect(await found({ model: 'm', text: 'ANSWER 7' })).toEqual([7])
      expect(await found({ session: 's1', status: 'ok' })).toEqual([9, 5, 1])
      expect(await found({ minCostMicroUsd: 10 })).toEqual([11, 10])
    })

    test('page by page are what they are at once', async () => {
      const all = await open().searchTraces(tenant, { ...window, limit: 50 })
      const paged = []
      for (let after: TraceSearch['after'] | null; after !== null; ) {
        const page = await open().searchTraces(tenant, { ...window, limit: 5, ...(after && { after }) })
        paged.push(...page)
        const last = page.at(-1)
        after = last === undefined ? null : { startUs: last.startUs, traceId: last.traceId }
      }
      expect(paged).toEqual(all)
      expect(all.at(-1)).toMatchObject({ spans: 2, llmCalls: 1 })
    })

    test('list sessions, page by page', async () => {
      const all = await open().listSessions(tenant, { ...window, limit: 50 })
      expect(all.map(({ sessionId, traces: of }) => [sessionId, of])).toEqual(
        ['s3', 's2', 's1', 's0'].map((s) => [s, 3]),
      )
      const paged = []
      for (let last = all[0]; last !== undefined; ) {
        paged.push(last)
        const after = { lastUs: last.lastUs, sessionId: last.sessionId }
        ;[last] = await open().listSessions(tenant, { ...window, limit: 1, after })
      }
      expect(paged).toEqual(all)
    })

    test('tell of a session what all spans of its traces used, whichever of them name it', async () => {
      const other = newTenant()
      const at = (minute: number) => ({ startTimeUs: t0Us + minute * MINUTE_US })
      const call = { kind: 'llm', model: 'm', tokensInput: 10, tokensOutput: 2, costMicroUsd: 5 } as const
      const of = (trace: number, id: number, fields: SpanFields) =>
        span(other, trace, id, { ...(id > 1 && { parentSpanId: hex(16, 1) }), ...fields })
      const stored = [
        of(1, 1, { ...at(0), kind: 'agent', sessionId: 'a' }),
        of(1, 2, { ...at(1), ...call }),
        of(1, 3, { ...at(2), ...call, status: 'error' }),
        // Of a trace that begins a session and ends in another, each has what names it, and the first the rest.
        of(2, 1, { ...at(3), kind: 'agent', sessionId: 'a' }),
        of(2, 2, { ...at(4), ...call, sessionId: 'b' }),
        of(2, 3, { ...at(5), ...call }),
        // Of no session, and after the window.
        of(3, 1, { ...at(6), ...call }),
        of(1, 4, { ...at(61), ...call }),
        of(4, 1, { ...at(62), kind: 'agent', sessionId: 'a' }),
        of(4, 2, { ...at(63), ...call }),
      ]
      await open().insertSpans(stored, newToken())
      await open().insertSpans(stored.slice(0, 3), newToken())
      const found = await open().listSessions(other, { ...window, limit: 50 })
      const [a, b] = found.toSorted((one, two) => (one.sessionId < two.sessionId ? -1 : 1))
      expect(found).toHaveLength(2)
      expect(a).toMatchObject({ sessionId: 'a', traces: 2, failedSpans: 1, firstUs: t0Us })
      expect(a).toMatchObject({ lastUs: t0Us + 3 * MINUTE_US, inputTokens: 40, outputTokens: 8, costMicroUsd: 20 })
      expect(b).toMatchObject({ sessionId: 'b', traces: 1, inputTokens: 10, outputTokens: 2, costMicroUsd: 5 })
      expect(await open().listSessions(other, { ...window, limit: 50, session: 'b' })).toEqual([b])
    })

    test('tell what is free from what nobody knows the price of', async () => {
      const other = newTenant()
      const call = { kind: 'llm', model: 'm', tokensInput: 10, tokensOutput: 2 } as const
      const of = (trace: number, id: number, fields: SpanFields) =>
        span(other, trace, id, { ...call, startTimeUs: t0Us + trace * MINUTE_US, sessionId: `c${trace}`, ...fields })
      await open().insertSpans(
        [
          of(1, 1, { costMicroUsd: 0 }),
          of(2, 1, { costMicroUsd: undefined }),
          of(3, 1, { costMicroUsd: undefined }),
          of(3, 2, { costMicroUsd: 4 }),
          // What is no call repeats what its calls cost.
          of(4, 1, { kind: 'agent', costMicroUsd: 9 }),
        ],
        newToken(),
      )
      const costs = [null, 4, null, 0]
      const found = await open().searchTraces(other, { ...window, limit: 50 })
      expect(found.map(({ costMicroUsd }) => costMicroUsd)).toEqual(costs)
      const sessions = await open().listSessions(other, { ...window, limit: 50 })
      expect(sessions.map(({ costMicroUsd }) => costMicroUsd)).toEqual(costs)
    })

    test.each([{}, { order: 'lowest' }, { order: 'highest' }, { verdict: 'fail' }] as const)(
      'list results by %j, page by page, though several were found at once',
      async (filter) => {
        const all = await open().queryResults(tenant, { ...filter, limit: 50 })
        expect(all).toHaveLength('verdict' in filter ? 4 : TRACES)
        const paged = []
        for (let last = all[0]; last !== undefined; ) {
          paged.push(last)
          const { score, ...place } = last
          const after = { ...place, ...(score !== undefined && { score }) }
          ;[last] = await open().queryResults(tenant, { ...filter, limit: 1, after })
        }
        expect(paged).toEqual(all)
      },
    )

    test('tell how evals went, by latest revisions, and where they changed their minds', async () => {
      const asked = { fromMs: t0Ms, toMs: t0Ms + 3_600_000, stepMs: 3_600_000 }
      const counts = { pass: 8, fail: 4, unknown: 0, error: 0 }
      expect(await open().evalSeries(tenant, { evalId: 'p/e', ...asked })).toMatchObject([{ counts, scores: TRACES }])
      expect(await open().evalTrends(tenant, asked)).toEqual([
        { evalId: 'p/e', measureHash: 'm', startMs: t0Ms, counts },
      ])
      const flips = await open().evalFlips(tenant, { evalId: 'p/e', sinceMs: t0Ms, limit: 50 })
      const changed = traces.filter((n) => n % 4 === 0 && isFailing(n) !== isFailing(n + 1)).toReversed()
      expect(flips.map(({ traceId }) => Number.parseInt(traceId, 16) - 1)).toEqual(changed)
      expect(await open().evalFlips(tenant, { evalId: 'p/e', sinceMs: t0Ms + 1_000, limit: 50 })).toHaveLength(
        changed.filter((n) => n >= 2).length,
      )
      expect(await open().evalTrends(newTenant(), asked)).toEqual([])
    })
  })
}
