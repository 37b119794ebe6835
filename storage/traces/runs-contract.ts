/** What runs of offline evals ask of the traces port: what they spent, which sessions are over, what is flagged. A part of the contract. */
import { describe, expect, test } from 'vitest'
import { makeResult, type ResultFields } from '../../engine/model/make-result.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { hex, newTenant, newToken, span, t0Us } from './contract-spans.ts'
import type { TracesStore } from './port.ts'

const MINUTE_US = 60_000_000

/** `passed` lets the store's clock go on. */
export function describeRunQueries(
  open: () => TracesStore,
  clock: { nowMs: () => number; passed: (ms: number) => void },
): void {
  const t0Ms = t0Us / 1000
  const result = (tenant: string, fields: ResultFields): EvalResult =>
    makeResult({
      tenant,
      evalId: 'shop/judged',
      traceId: hex(32, 1),
      runId: 'shop/judged@1',
      subjectTimeUs: t0Us,
      evaluatedAtMs: t0Ms + 1_000,
      ...fields,
    })

  describe('what judges cost', () => {
    test('is told by eval, each answer once, since a moment, of one tenant', async () => {
      const [store, tenant] = [open(), newTenant()]
      const paid = [
        result(tenant, { costMicroUsd: 100 }),
        // Another revision, another run and another measure were paid for too.
        result(tenant, { costMicroUsd: 20, revision: 2 }),
        result(tenant, { costMicroUsd: 3, runId: 'shop/judged@2' }),
        result(tenant, { costMicroUsd: 4, measureHash: 'another' }),
        result(tenant, { evalId: 'shop/other', costMicroUsd: 0.5 }),
        // Of a known price and an unknown one what is known; of what is free nothing; of nothing known nobody knows.
        result(tenant, { evalId: 'shop/other', traceId: hex(32, 4), judgeModel: 'm', costMicroUsd: undefined }),
        result(tenant, { evalId: 'shop/free', judgeModel: 'm', costMicroUsd: 0 }),
        result(tenant, { evalId: 'shop/unpriced', judgeModel: 'm', costMicroUsd: undefined }),
        result(tenant, { evalId: 'shop/unpriced', traceId: hex(32, 4), judgeModel: 'm', costMicroUsd: 0 }),
      ]
      const others = [
        result(tenant, { traceId: hex(32, 2), costMicroUsd: 1_000, evaluatedAtMs: t0Ms - 1 }),
        result(tenant, { traceId: hex(32, 3), costMicroUsd: undefined }),
        result(newTenant(), { costMicroUsd: 10_000 }),
      ]
      await store.insertResults([...paid, ...others], newToken())
      // Redelivered in another batch, before any merge.
      await store.insertResults(paid.slice(1, 4), newToken())
      const spent = await store.judgeSpend(tenant, t0Ms)
      expect(Object.fromEntries(spent)).toEqual({ 'shop/judged': 127, 'shop/other': 0.5, 'shop/unpriced': null })
      expect(await store.judgeSpend(tenant, t0Ms + 1_001)).toEqual(new Map())
      expect(await store.judgeSpend(newTenant(), 0)).toEqual(new Map())
    })
  })

  describe('sessions that are over', () => {
    const at = (minutes: number): number => t0Us + minutes * MINUTE_US

    test('are those whose last span lies in the window, each trace once, of the session that it names first', async () => {
      const [store, tenant] = [open(), newTenant()]
      await store.insertSpans(
        [
          span(tenant, 2, 1, { sessionId: 'a', startTimeUs: at(5) }),
          // Only the first span of the trace names its session.
          span(tenant, 1, 1, { sessionId: 'a', startTimeUs: at(1) }),
          span(tenant, 1, 2, { startTimeUs: at(2) }),
          span(tenant, 3, 1, { sessionId: 'b', startTimeUs: at(4) }),
          span(tenant, 3, 2, { sessionId: 'a', startTimeUs: at(6) }),
          // Goes on after the window, went silent before it, has no name.
          span(tenant, 4, 1, { sessionId: 'c', startTimeUs: at(5) }),
          span(tenant, 5, 1, { sessionId: 'c', startTimeUs: at(30) }),
          span(tenant, 6, 1, { sessionId: 'd', startTimeUs: at(-20) }),
          span(tenant, 7, 1, { sessionId: '', startTimeUs: at(5) }),
          span(tenant, 8, 1, { startTimeUs: at(5) }),
          span(newTenant(), 9, 1, { sessionId: 'a', startTimeUs: at(5) }),
        ],
        newToken(),
      )
      const query = { fromUs: at(0), toUs: at(10), storedBeforeMs: clock.nowMs() + 1, limit: 10 }
      const { some: found } = await store.settledSessions(tenant, query)
      expect(found.sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1))).toEqual([
        { sessionId: 'a', traceIds: [hex(32, 1), hex(32, 2)] },
        { sessionId: 'b', traceIds: [hex(32, 3)] },
      ])
      const thinned = await store.settledSessions(tenant, { ...query, limit: 1 })
      expect(thinned).toMatchObject({ some: [expect.anything()], population: 2 })
      expect((await store.settledSessions(tenant, { ...query, storedBeforeMs: clock.nowMs() })).some).toEqual([])

      // What comes later changes nothing of what was asked about then.
      const before = clock.nowMs() + 1
      clock.passed(10)
      await store.insertSpans([span(tenant, 10, 1, { sessionId: 'a', startTimeUs: at(20) })], newToken())
      expect((await store.settledSessions(tenant, { ...query, storedBeforeMs: before })).some).toHaveLength(2)
      expect((await store.settledSessions(tenant, { ...query, storedBeforeMs: clock.nowMs() + 1 })).some).toHaveLength(
        1,
      )
    })
  })

  describe('flagged subjects', () => {
    test('are those that an online eval fails, and on which a panel disagreed', async () => {
      const [store, tenant] = [open(), newTenant()]
      const online = (trace: number, fields: ResultFields = {}): EvalResult =>
        result(tenant, { evalId: 'shop/fast', runId: '', traceId: hex(32, trace), verdict: 'fail', ...fields })
      const spread = [{ kind: 'judge', about: 'panel', verdict: 'disagree', value: 1 }] as const
      await store.insertResults(
        [
          online(1),
          online(2, { spanId: hex(16, 5), subjectKind: 'llm_call' }),
          online(3, { evalId: 'shop/panel', runId: 'shop/panel@1', verdict: 'pass', judgements: spread }),
          // Mended since; in the shadow; a judge's; a replay's; out of the window; said too late; a pass.
          online(4),
          online(4, { revision: 2, verdict: 'pass', evaluatedAtMs: t0Ms + 2_000 }),
          online(5, { mode: 'shadow' }),
          online(6, { runId: 'shop/judged@1' }),
          online(7, { runId: 'replay@1' }),
          online(8, { subjectTimeUs: t0Us - 1 }),
          online(9, { evaluatedAtMs: t0Ms + 60_000 }),
          online(10, { verdict: 'pass' }),
        ],
        newToken(),
      )
      const query = { fromUs: t0Us, toUs: t0Us + MINUTE_US, evaluatedBeforeMs: t0Ms + 60_000 }
      expect(await store.flaggedSubjects(tenant, query)).toEqual([
        { traceId: hex(32, 1), spanId: '' },
        { traceId: hex(32, 2), spanId: hex(16, 5) },
        { traceId: hex(32, 3), spanId: '' },
      ])
      expect(await store.flaggedSubjects(newTenant(), query)).toEqual([])
    })

    test('what was drawn for being flagged is stored with it', async () => {
      const [store, tenant] = [open(), newTenant()]
      await store.insertResults(
        [result(tenant, { drawnFor: 'flagged', inclusionProbability: 0.5 }), result(tenant, { traceId: hex(32, 2) })],
        newToken(),
      )
      const found = await store.queryResults(tenant, { evalId: 'shop/judged', limit: 10 })
      expect(found.map(({ drawnFor, inclusionProbability }) => [drawnFor, inclusionProbability]).sort()).toEqual([
        [undefined, 1],
        ['flagged', 0.5],
      ])
    })
  })
}
