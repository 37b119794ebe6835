/** A part of the contract of the traces port: what tenants used. */
import { describe, expect, test } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { hex, newTenant, newToken, span, t0Us } from './contract-spans.ts'
import type { TracesStore } from './port.ts'

export function describeUsage(open: () => TracesStore): void {
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
      // Twice in one batch, and in two.
      await open().insertSpans([...spans, ...spans.slice(1)], newToken())
      await open().insertSpans(spans.slice(0, 3), newToken())
      const usage = await open().usage(tenant, window)
      const [b, none, a] = usage
      expect(usage).toMatchObject([
        { tenant, day: '2026-06-02', agent: 'b', spans: 1, ...nothing },
        { tenant, day: '2026-06-02', agent: null, spans: 1, ...nothing },
        { tenant, day: '2026-06-01', agent: 'a', spans: 2, ...nothing },
      ])
      // The name is a letter; the second span of `a` is as large as the others.
      expect(none!.bytes).toBe(b!.bytes)
      expect(a!.bytes).toBe(2 * b!.bytes + 100)
      expect(await open().usage(newTenant(), window)).toEqual([])
    })

    test('an empty name of an agent is none, of spans and of what judges answered', async () => {
      const tenant = newTenant()
      const judged = (n: number, agentName: string | undefined) =>
        makeResult({
          ...{ tenant, traceId: hex(32, n), evalId: 'shop/helpful', agentName, evaluatedAtMs: day(0) / 1_000 },
          ...{ judgeModel: 'openai/x', judgeInputTokens: 100, costMicroUsd: 1 },
        })
      await open().insertSpans(
        [
          span(tenant, 1, 1, { agentName: '', startTimeUs: day(0) }),
          span(tenant, 2, 1, { startTimeUs: day(0) }),
          span(tenant, 3, 1, { agentName: 'a', startTimeUs: day(0) }),
        ],
        newToken(),
      )
      await open().insertResults([judged(1, ''), judged(2, undefined), judged(3, 'a')], newToken())
      const expected = [
        { agent: 'a', spans: 1, judgeInputTokens: 100, judgeCostMicroUsd: 1 },
        { agent: null, spans: 2, judgeInputTokens: 200, judgeCostMicroUsd: 2 },
      ]
      expect(await open().usage(tenant, window)).toMatchObject(expected)
      expect((await open().usage(null, window)).filter((row) => row.tenant === tenant)).toMatchObject(expected)
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
      results.push(makeResult({ tenant: one, traceId: hex(32, 1), evalId: 'shop/fast', evaluatedAtMs: day(0) / 1_000 }))
      for (let times = 0; times < 2; times++) await open().insertResults(results, newToken())
      await open().insertSpans([span(one, 1, 1, { agentName: 'a', startTimeUs: day(0) })], newToken())
      const of = (tenant: string, times: number, spans: number) => ({
        tenant,
        day: '2026-06-01',
        agent: 'a',
        spans,
        judgeInputTokens: 100 * times,
        judgeOutputTokens: 10 * times,
        judgeCostMicroUsd: 2.5 * times,
      })
      expect(await open().usage(one, window)).toMatchObject([of(one, 2, 1)])
      // What is free costs nothing; what has no price costs nobody knows what.
      const third = newTenant()
      const free = judged(third, 1, { costMicroUsd: 0 })
      await open().insertResults([free], newToken())
      expect(await open().usage(third, window)).toMatchObject([{ judgeCostMicroUsd: 0 }])
      await open().insertResults([judged(third, 2, { costMicroUsd: undefined })], newToken())
      expect(await open().usage(third, window)).toMatchObject([{ judgeInputTokens: 200, judgeCostMicroUsd: null }])
      const all = await open().usage(null, window)
      expect(all.filter(({ tenant }) => tenant === one || tenant === other)).toMatchObject([
        of(one, 2, 1),
        of(other, 1, 0),
      ])
    })
  })
}
