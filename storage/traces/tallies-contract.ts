/** What scorecards ask of the traces port: sums of results, by parts, steps and clusters, and the worst. A part of the contract. */
import { beforeAll, describe, expect, test } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import { estimate } from '../../engine/scorecard/estimate.ts'
import { newTenant, newToken } from './contract-spans.ts'
import type { TracesStore } from './port.ts'
import type { TalliedPart, TalliesQuery, TalliesWindow } from './tallies.ts'

const T0_MS = Date.UTC(2026, 10, 21, 12)
const HOUR_MS = 3_600_000
const trace = (n: number): string => n.toString(16).padStart(32, '0')
const measureHash = 'a'.repeat(32)

const window: TalliesWindow = { fromMs: T0_MS, toMs: T0_MS + 4 * HOUR_MS, stepMs: null }
const part: TalliedPart = { by: [], isOfValues: false }
const bins = { growth: Math.log(1.02), offset: 2_000 }

/** Of one eval, a part and a window. */
function askedFor(more: Partial<TalliedPart & TalliesWindow & Pick<TalliesQuery, 'bySession'>> = {}): TalliesQuery {
  const { by = part.by, isOfValues = false, isSumsAlone, bySession = false, ...when } = more
  const parts = [{ by, isOfValues, ...(isSumsAlone && { isSumsAlone }) }]
  const evals = [{ evalId: 'shop/helpful', measureHash, subject: 'trace' as const, parts }]
  return { evals, windows: [{ ...window, ...when }], bins, bySession }
}

export function describeTallies(open: () => TracesStore): void {
  describe('sums of results', () => {
    const tenant = newTenant()
    beforeAll(async () => {
      await open().insertSpans(
        [1, 2, 3, 4].map((n) =>
          makeSpan({
            tenant,
            traceId: trace(n),
            spanId: '1'.padStart(16, '0'),
            startTimeUs: (T0_MS - HOUR_MS) * 1_000,
            kind: 'agent',
            name: n < 3 ? 'refunds' : 'orders',
            sessionId: n < 3 ? 's1' : undefined,
            attributes: new Map([['acme.tier', n === 1 ? 'gold' : 'tin']]),
          }),
        ),
        newToken(),
      )
      const result = (n: number, more: Parameters<typeof makeResult>[0]) =>
        makeResult({
          tenant,
          evalId: 'shop/helpful',
          measureHash,
          traceId: trace(n),
          subjectTimeUs: (T0_MS - HOUR_MS) * 1_000,
          evaluatedAtMs: T0_MS + n * 1_000,
          runId: 'shop/helpful@1',
          ...more,
        })
      await open().insertResults(
        [
          result(1, { verdict: 'fail', score: 1, agentVersion: '1', inclusionProbability: 0.5, costMicroUsd: 10 }),
          result(2, { verdict: 'pass', score: 5, agentVersion: '1', inclusionProbability: 1, costMicroUsd: 10 }),
          result(3, { verdict: 'fail', score: 2, agentVersion: '2', inclusionProbability: 1, costMicroUsd: 10 }),
          // A later look at the same subject takes its place, and costs too.
          result(3, {
            verdict: 'pass',
            score: 4,
            agentVersion: '2',
            revision: 2,
            evaluatedAtMs: T0_MS + HOUR_MS,
            costMicroUsd: 5,
          }),
          result(4, { verdict: 'unknown', agentVersion: '2', evaluatedAtMs: T0_MS + 2 * HOUR_MS }),
          // Of another measure, a replay, another tenant, and before the period.
          result(4, { verdict: 'fail', score: 1, measureHash: 'b'.repeat(32), agentVersion: '2', costMicroUsd: 100 }),
          result(4, { verdict: 'fail', score: 1, runId: 'replay@1' }),
          result(4, { verdict: 'fail', score: 1, tenant: newTenant() }),
          result(1, { verdict: 'fail', score: 1, evaluatedAtMs: T0_MS - HOUR_MS, runId: 'shop/helpful@0' }),
        ],
        newToken(),
      )
    })

    test('each subject once, weighted by what it was drawn with, and what all of it cost', async () => {
      const [row, ...more] = await open().resultTallies(tenant, askedFor({ isOfValues: true }))
      expect(more).toEqual([])
      expect(row).toMatchObject({
        counts: { pass: 2, fail: 1, unknown: 1, error: 0 },
        scored: 3,
        clusters: 4,
        sums: [2, 2, 1, 0, 2 * 1 + 5 + 4, 4],
        few: [1, 5, 4],
        meanOfPass: 4.5,
        meanOfFail: 1,
        costMicroUsd: 135,
      })
      // pass², fail², and fail by scores: of four clusters.
      expect(row!.products).toHaveLength(21)
      expect([row!.products[0], row!.products[6], row!.products[9]]).toEqual([2, 4, 4])
      expect(row!.bins.map(([, count, top]) => [count, top]).sort()).toEqual([
        [1, 1],
        [1, 4],
        [1, 5],
      ])
    })

    test('what judges answered without a price costs nobody knows what, and nothing where no judge was asked', async () => {
      const other = newTenant()
      const judged = (n: number, costMicroUsd: number | undefined, judgeModel?: string) =>
        makeResult({
          ...{ tenant: other, evalId: 'shop/helpful', measureHash, traceId: trace(n), subjectTimeUs: T0_MS * 1_000 },
          ...{ evaluatedAtMs: T0_MS + n * 1_000, runId: 'shop/helpful@1', verdict: 'pass', judgeModel, costMicroUsd },
        })
      const cost = async (...results: ReturnType<typeof judged>[]) => {
        await open().insertResults(results, newToken())
        const [row] = await open().resultTallies(other, askedFor())
        return row!.costMicroUsd
      }
      expect(await cost(judged(1, undefined))).toBe(0)
      expect(await cost(judged(2, undefined, 'own/x'))).toBeNull()
      expect(await cost(judged(3, 2.5, 'openai/x'))).toBe(2.5)
    })

    test('sessions are clusters where there are any', async () => {
      const [row] = await open().resultTallies(tenant, askedFor({ bySession: true }))
      expect(row).toMatchObject({ clusters: 3, sums: [2, 2, 1, 0, 11, 4] })
      // One cluster has a pass and what counts for two fails.
      expect(row!.products[1]).toBe(2)
    })

    test.each([
      [{ kind: 'field', path: 'agent.version' } as const, { '1': [1, 1], '2': [1, 0] }],
      [{ kind: 'field', path: 'name' } as const, { refunds: [1, 1], orders: [1, 0] }],
      [{ kind: 'attr', name: 'acme.tier', type: { kind: 'string' } } as const, { gold: [0, 1], tin: [2, 0] }],
    ])('by %o', async (group, expected) => {
      const rows = await open().resultTallies(tenant, askedFor({ by: [group], bySession: true }))
      const found = rows.map(({ group: of, counts }) => [Object.values(of)[0], [counts.pass, counts.fail]])
      expect(Object.fromEntries(found)).toEqual(expected)
    })

    test('by steps', async () => {
      const rows = await open().resultTallies(tenant, askedFor({ stepMs: HOUR_MS }))
      expect(rows.map(({ step, counts }) => [step, counts.pass, counts.fail, counts.unknown])).toEqual([
        [0, 1, 1, 0],
        [1, 1, 0, 0],
        [2, 0, 0, 1],
      ])
    })

    test('of few clusters that have a score its mean is given, in their order', async () => {
      const [row] = await open().resultTallies(tenant, askedFor({ fromMs: T0_MS + 2_000 }))
      expect(row!.few).toEqual([5, 4])
      // The session's two by what they stand for.
      const [bySession] = await open().resultTallies(tenant, askedFor({ bySession: true }))
      expect(bySession!.few).toEqual([(2 * 1 + 5) / 3, 4])
    })

    test('a trace that was judged in three runs is three results of one cluster', async () => {
      const other = newTenant()
      const run = (n: number, of: number, more: Parameters<typeof makeResult>[0]) =>
        makeResult({
          ...{ tenant: other, evalId: 'shop/helpful', measureHash, traceId: trace(of), subjectTimeUs: T0_MS * 1_000 },
          ...{ evaluatedAtMs: T0_MS + n * 1_000, runId: `shop/helpful@${n}`, ...more },
        })
      const scored = [1, 2, 3].map((n) => run(n, 1, { verdict: 'pass', score: 1 }))
      await open().insertResults([...scored, run(1, 2, { verdict: 'unknown' })], newToken())
      const [row] = await open().resultTallies(other, askedFor({ bySession: true }))
      expect(row).toMatchObject({ scored: 3, clusters: 2, few: [1] })
      expect(estimate('mean', row!, { low: 0, high: 1 }).interval).toEqual({ low: 0, high: 1 })
    })

    test('several evals, parts and windows at once are what each is alone', async () => {
      const other = 'shop/polite'
      const more = [1, 2, 3].map((n) =>
        makeResult({
          ...{ tenant, evalId: other, measureHash: 'c'.repeat(32), traceId: trace(n), subjectTimeUs: T0_MS * 1_000 },
          ...{ evaluatedAtMs: T0_MS + n * HOUR_MS, runId: `${other}@${n}`, verdict: n === 1 ? 'fail' : 'pass' },
          ...{ score: n, agentVersion: `${n % 2}`, costMicroUsd: n },
        }),
      )
      await open().insertResults(more, newToken())
      const byVersion: TalliedPart = { by: [{ kind: 'field', path: 'agent.version' }], isOfValues: true }
      const byName: TalliedPart = { by: [{ kind: 'field', path: 'name' }, ...byVersion.by], isOfValues: false }
      const evals: TalliesQuery['evals'] = [
        { evalId: 'shop/helpful', measureHash, subject: 'trace', parts: [part, byVersion, byName] },
        { evalId: other, measureHash: 'c'.repeat(32), subject: 'trace', parts: [byVersion, part] },
        { evalId: 'shop/none', measureHash, subject: 'trace', parts: [part] },
      ]
      // The second run of a trace, and the second revision of another, are of windows of their own.
      const windows: TalliesWindow[] = [
        { fromMs: T0_MS, toMs: T0_MS + 4 * HOUR_MS, stepMs: null },
        { fromMs: T0_MS - 2 * HOUR_MS, toMs: T0_MS + 4 * HOUR_MS, stepMs: HOUR_MS },
        { fromMs: T0_MS - 2 * HOUR_MS, toMs: T0_MS + HOUR_MS, stepMs: null },
      ]
      const together = await open().resultTallies(tenant, { evals, windows, bins, bySession: true })
      const alone: typeof together = []
      for (const [at, when] of windows.entries())
        for (const { parts, ...of } of evals)
          for (const [number, one] of parts.entries()) {
            const query = { evals: [{ ...of, parts: [one] }], windows: [when], bins, bySession: true }
            const found = await open().resultTallies(tenant, query)
            alone.push(...found.map((row) => ({ ...row, part: number, window: at })))
          }
      const sorted = (rows: typeof together) => rows.map((row) => JSON.stringify(row)).sort()
      expect(together.length).toBeGreaterThan(20)
      expect(sorted(together)).toEqual(sorted(alone))
      const ofWindow = together.filter(({ evalId, part: of }) => evalId === 'shop/helpful' && of === 0)
      const counted = (of: number) => ofWindow.filter(({ window: at }) => at === of).map(({ counts }) => counts)
      expect(counted(0)).toEqual([{ pass: 2, fail: 1, unknown: 1, error: 0 }])
      expect(counted(2)).toEqual([{ pass: 1, fail: 3, unknown: 0, error: 0 }])
    })

    test('sums alone, where nothing is told by clusters', async () => {
      const [whole] = await open().resultTallies(tenant, askedFor({ bySession: true }))
      const [sums, ...more] = await open().resultTallies(tenant, askedFor({ bySession: true, isSumsAlone: true }))
      expect(sums).toEqual({ ...whole!, clusters: 0, products: [], few: [] })
      expect(more).toEqual([])
    })

    test('what failed, the worst first', async () => {
      const { fromMs, toMs } = window
      const evals = [{ evalId: 'shop/helpful', measureHash, order: 'lowest' as const }]
      expect(await open().worstResults(tenant, { evals, fromMs, toMs, limit: 3 })).toEqual([
        { evalId: 'shop/helpful', traceId: trace(1), spanId: '', score: 1 },
      ])
    })
  })
}
