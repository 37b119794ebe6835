/** A part of the contract of the traces port: results and their ledger. */
import { describe, expect, test } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import { hex, nasty, newTenant, newToken, t0Us } from './contract-spans.ts'
import type { ResultFilter, TracesStore } from './port.ts'

export function describeResults(open: () => TracesStore, nowMs: () => number): void {
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
        evaluatedAtMs: nowMs(),
        ...fields,
      })

    test('come back as they were stored', async () => {
      const tenant = newTenant()
      const all = [
        result(tenant, { evaluatedAtMs: nowMs() + 1, evalId: nasty, score: 0, verdict: 'fail' }),
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
      await open().insertResults(all, newToken())
      expect(await open().queryResults(tenant, { limit: 10 })).toEqual(all)
    })

    test('the latest revision counts, once, whatever the order of writing', async () => {
      const tenant = newTenant()
      await open().insertResults([result(tenant, { revision: 2, verdict: 'pass' })], newToken())
      await open().insertResults([result(tenant, { revision: 1, verdict: 'fail' })], newToken())
      await open().insertResults([result(tenant, { revision: 1, verdict: 'fail' })], newToken())
      await open().insertResults([result(tenant, { spanId: hex(16, 2), verdict: 'unknown' })], newToken())
      await open().insertResults([result(tenant, { runId: 'run 2', verdict: 'error' })], newToken())
      const counts = { evalId: 'p/e', measureHash: 'm', pass: 1, fail: 0, unknown: 1, error: 1 }
      expect(await open().ledger(tenant)).toEqual([counts])
      await open().insertResults([result(tenant, { spanId: hex(16, 3), measureHash: 'n' })], newToken())
      expect(await open().ledger(tenant)).toEqual([
        counts,
        { evalId: 'p/e', measureHash: 'n', pass: 1, fail: 0, unknown: 0, error: 0 },
      ])
      expect(await open().ledger(tenant, { sinceMs: nowMs() + 1 })).toEqual([])
      expect(await open().queryResults(tenant, { limit: 10, verdict: 'fail' })).toEqual([])
      expect(await open().queryResults(tenant, { limit: 10 })).toHaveLength(4)
    })

    test('filters', async () => {
      const tenant = newTenant()
      const rows = [1, 2, 3].map((i) =>
        result(tenant, { traceId: hex(32, i), evalId: `p/e${i}`, evaluatedAtMs: nowMs() + i }),
      )
      await open().insertResults(rows, newToken())
      const ids = async (filter: Parameters<TracesStore['queryResults']>[1]) =>
        (await open().queryResults(tenant, filter)).map((r) => r.evalId)
      expect(await ids({ limit: 2 })).toEqual(['p/e3', 'p/e2'])
      expect(await ids({ limit: 9, evalId: 'p/e1' })).toEqual(['p/e1'])
      expect(await ids({ limit: 9, traceId: hex(32, 2) })).toEqual(['p/e2'])
      expect(await ids({ limit: 9, sinceMs: nowMs() + 2 })).toEqual(['p/e3', 'p/e2'])
      expect(await ids({ limit: 9, traceId: 'no id' })).toEqual([])
      await open().insertResults([result(tenant, { evalId: 'p/e9', agentName: 'support' })], newToken())
      expect(await ids({ limit: 9, agent: 'support' })).toEqual(['p/e9'])
      expect(await ids({ limit: 9, agent: 'other' })).toEqual([])
    })

    test('are told in few columns, thousands at once', async () => {
      const tenant = newTenant()
      const of = (n: number, fields: Partial<Parameters<typeof makeResult>[0]>) =>
        result(tenant, { evalId: nasty, traceId: hex(32, n), evaluatedAtMs: nowMs() + n, ...fields })
      const stored = [
        of(1, { runId: nasty, verdict: 'pass', score: 4.5, inclusionProbability: 0.125 }),
        of(2, { spanId: '', verdict: 'fail' }),
        of(2, { spanId: '', verdict: 'pass', revision: 2, measureHash: 'n' }),
        of(3, { verdict: 'unknown', score: 0 }),
        of(3, { runId: 'label@ana', verdict: 'pass', score: 5 }),
        result(tenant, { evalId: 'p/other' }),
      ]
      await open().insertResults(stored, newToken())
      for (const filter of [{}, { labels: true as const }, { sinceMs: nowMs() + 2 }, { limit: 1 }]) {
        const asked = { evalId: nasty, limit: 9, ...filter }
        const whole = await open().queryResults(tenant, asked)
        expect(whole.length).toBeGreaterThan(0)
        const few = whole.map(({ measureHash, traceId, spanId, runId, evaluatedAtMs, ...more }) => ({
          ...{ measureHash, traceId, spanId, runId, evaluatedAtMs },
          ...{ verdict: more.verdict, score: more.score, inclusionProbability: more.inclusionProbability },
        }))
        expect(await open().queryVerdicts(tenant, asked)).toEqual(few)
      }
    })

    test('what people say, and what judges say of anchors, is for who asks for it', async () => {
      const tenant = newTenant()
      const runs = ['', 'label@ana', 'anchor@p/e@1', 'replay@1'].map((runId) => result(tenant, { runId }))
      await open().insertResults(runs, newToken())
      const runIds = async (filter: Partial<ResultFilter>) =>
        (await open().queryResults(tenant, { limit: 9, ...filter })).map(({ runId }) => runId)
      expect(await runIds({})).toEqual([''])
      expect(await runIds({ labels: true })).toEqual(['label@ana'])
      expect(await runIds({ anchors: true })).toEqual(['anchor@p/e@1'])
      // The newest label is taken back: it is none, and takes the place of none.
      const takenBack = result(tenant, { runId: 'label@ben', verdict: 'unknown', evaluatedAtMs: nowMs() + 1 })
      await open().insertResults([takenBack], newToken())
      expect(await runIds({ labels: true, limit: 1 })).toEqual(['label@ana'])
      expect(await open().ledger(tenant)).toMatchObject([{ pass: 1 }])
    })
  })
}
