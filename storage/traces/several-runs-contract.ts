/** A part of the contract of the traces port: what counts of subjects that several runs judged. */
import { describe, expect, test } from 'vitest'
import { makeResult, type ResultFields } from '../../engine/model/make-result.ts'
import { hex, newTenant, newToken, span, t0Us } from './contract-spans.ts'
import { MAX_SEVERAL } from './latest.ts'
import type { TracesStore } from './port.ts'
import type { TalliesQuery } from './tallies.ts'

const t0Ms = t0Us / 1_000
const HOUR_MS = 3_600_000
const evalId = 'p/judged'
const asked = { fromMs: t0Ms, toMs: t0Ms + HOUR_MS, stepMs: HOUR_MS }
const window = { fromUs: t0Us, toUs: t0Us + HOUR_MS * 1_000, limit: 5 }
const tallied: TalliesQuery = {
  evals: [{ evalId, measureHash: 'm', subject: 'trace', parts: [{ by: [], isOfValues: false }] }],
  windows: [{ fromMs: t0Ms, toMs: t0Ms + HOUR_MS, stepMs: null }],
  bins: { growth: Math.log(1.02), offset: 2_000 },
  bySession: false,
}
/** What an answer without a judgement looks like. */
const NOT_ASKED = [
  { verdict: 'unknown', reason: { code: 'over_budget' } },
  { verdict: 'error', reason: { code: 'judge_unreachable', detail: 'down' } },
  // By `missing: pass`.
  { verdict: 'pass', reason: { code: 'over_budget' } },
] as const satisfies readonly ResultFields[]

export function describeSeveralRuns(open: () => TracesStore): void {
  describe('subjects of several runs', () => {
    const judgedBy = (tenant: string, run: number, traceNo: number, more: ResultFields) =>
      makeResult({
        ...{ tenant, evalId, measureHash: 'm', traceId: hex(32, traceNo), subjectTimeUs: t0Us },
        ...{ runId: `${evalId}@${run}`, evaluatedAtMs: t0Ms + run * 1_000, ...more },
      })

    const storeTwoTraces = (tenant: string) =>
      open().insertSpans(
        [1, 2].map((traceNo) => span(tenant, traceNo, 1, { startTimeUs: t0Us })),
        newToken(),
      )

    test('count once, by what was said of them last', async () => {
      const tenant = newTenant()
      const store = open()
      await storeTwoTraces(tenant)
      await store.insertResults(
        [
          ...[1, 2, 3].map((run) => judgedBy(tenant, run, 1, { verdict: run === 3 ? 'fail' : 'pass' })),
          // The first run came again to the second trace, which revises nothing of what later runs say.
          judgedBy(tenant, 1, 2, { verdict: 'fail', revision: 2 }),
          judgedBy(tenant, 2, 2, { verdict: 'pass' }),
          // Of another measure: a series of its own.
          judgedBy(tenant, 0, 2, { verdict: 'fail', measureHash: 'older' }),
        ],
        newToken(),
      )
      const counts = { pass: 1, fail: 1, unknown: 0, error: 0 }
      const older = { ...counts, pass: 0 }
      const series = await store.evalSeries(tenant, { evalId, ...asked })
      expect(series.map((row) => [row.measureHash, row.counts])).toEqual([
        ['m', counts],
        ['older', older],
      ])
      expect((await store.evalTrends(tenant, asked)).map((row) => row.counts)).toEqual([counts, older])
      const listed = await store.searchTraces(tenant, window)
      expect(
        listed.map(({ traceId, verdicts }) => [Number.parseInt(traceId, 16), verdicts.pass, verdicts.fail]),
      ).toEqual([
        [2, 1, 0],
        [1, 0, 1],
      ])
      const failing = await store.searchTraces(tenant, { ...window, evalId, verdict: 'fail' })
      expect(failing.map(({ traceId }) => traceId)).toEqual([hex(32, 1)])
    })

    test.each(NOT_ASKED)(
      'keep what was judged where a later run could not ask: $verdict, $reason.code',
      async (none) => {
        const tenant = newTenant()
        const store = open()
        await storeTwoTraces(tenant)
        await store.insertResults(
          [
            judgedBy(tenant, 1, 1, { verdict: 'fail', score: 2, inclusionProbability: 0.5 }),
            judgedBy(tenant, 2, 1, { ...none, inclusionProbability: 0.1 }),
            // Of this one nothing else is known.
            judgedBy(tenant, 1, 2, { ...none, inclusionProbability: 0.5 }),
            judgedBy(tenant, 2, 2, { ...none, inclusionProbability: 0.25 }),
          ],
          newToken(),
        )
        const counts = { pass: 0, fail: 1, unknown: 0, error: 0, [none.verdict]: 1 }
        const [series] = await store.evalSeries(tenant, { evalId, ...asked })
        expect(series).toMatchObject({ counts, scores: 1 })
        // The run that could not ask says nothing of how many the other's answer stands for.
        expect(series!.weighted.verdicts).toMatchObject({
          fail: { sum: 2, squares: 4 },
          [none.verdict]: { sum: 6, squares: 36 },
        })
        expect((await store.evalTrends(tenant, asked)).map((row) => row.counts)).toEqual([counts])
        expect(await store.ledger(tenant)).toMatchObject([counts])
        const failing = await store.searchTraces(tenant, { ...window, evalId, verdict: 'fail' })
        expect(failing.map(({ traceId, failedEvals }) => [traceId, failedEvals])).toEqual([[hex(32, 1), [evalId]]])
      },
    )

    test('have the score of the judgement that counts, and none where it has none', async () => {
      const tenant = newTenant()
      await open().insertResults(
        [
          judgedBy(tenant, 1, 1, { verdict: 'pass', score: 5 }),
          judgedBy(tenant, 2, 1, { verdict: 'unknown', reason: { code: 'abstained' } }),
        ],
        newToken(),
      )
      expect(await open().evalSeries(tenant, { evalId, ...asked })).toMatchObject([
        { counts: { pass: 0, unknown: 1 }, scores: 0 },
      ])
    })

    // As `half flagged` draws: of each run the failing ones with 1/2, the others with 1/4. Four runs draw each just as often as is expected.
    test.each([
      ['a few', 10],
      ['more than are looked up one by one', MAX_SEVERAL + 600],
    ])('stand for as many however likely they were drawn: %s', async (_, drawn) => {
      const tenant = newTenant()
      const isFailing = (n: number): boolean => n % 5 === 0
      const results = [0, 1, 2, 3].flatMap((run) =>
        Array.from({ length: drawn }, (_, n) => n).flatMap((n) => {
          const oneOf = isFailing(n) ? 2 : 4
          if (Math.floor(n / 5) % oneOf !== run % oneOf) return []
          const said = isFailing(n)
            ? ({ verdict: 'fail', score: 1 } as const)
            : ({ verdict: 'pass', score: 5 } as const)
          const one = { ...said, inclusionProbability: 1 / oneOf, agentVersion: '7' }
          // One batch was interrupted, and came again: its run drew once.
          const again = judgedBy(tenant, run, n + 1, { ...one, revision: 2 })
          return [judgedBy(tenant, run, n + 1, one), ...(n < 5 ? [again] : [])]
        }),
      )
      await open().insertResults(results, newToken())
      const failing = drawn / 5
      for (const by of [undefined, 'version'] as const) {
        const [row, ...more] = await open().evalSeries(tenant, { evalId, ...asked, ...(by !== undefined && { by }) })
        expect(more).toEqual([])
        expect(row).toMatchObject({ counts: { pass: drawn - failing, fail: failing }, scores: drawn })
        expect(row!.weighted.verdicts).toMatchObject({
          pass: { sum: 4 * (drawn - failing), squares: 16 * (drawn - failing) },
          fail: { sum: 4 * failing, squares: 16 * failing },
        })
        const { weights, values } = row!.weighted.scores
        expect(values / weights).toBeCloseTo(4.2, 9)
      }
      // A scorecard says the same of them.
      const [tally] = await open().resultTallies(tenant, tallied)
      const [pass, fail, , , scores, scored] = tally!.sums as [number, number, number, number, number, number]
      expect([fail / (pass + fail), scores / scored]).toEqual([0.2, expect.closeTo(4.2, 9)])
    })
  })
}
