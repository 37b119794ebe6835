import { describe, expect, test } from 'vitest'
import { buildOfflineEval, e } from '../../engine/evaluate/build-plan.ts'
import type { PlanTotals } from '../../storage/queue/run-record.ts'
import { expectedRun } from './expected-run.ts'

const PASS = e.cmp(e.score(), '>=', e.lit(4))
const judged = buildOfflineEval('judged', PASS, {
  budget: { currency: 'USD', perRunMicros: 2_000_000, perMonthMicros: null },
})
const of40 = { ...judged, sample: { ...judged.sample, size: 40 } }
const measured = buildOfflineEval('measured', PASS, {
  method: { kind: 'metric', metric: { name: 'loops', version: 1, args: {} }, judge: null },
})

const run = (sampled: number, estimateMicroUsd: number | null): { plan: PlanTotals } => ({
  plan: {
    populationTraces: 1_000,
    lookedAtTraces: sampled,
    sampled,
    unpaid: 0,
    cheaper: 0,
    holdBackMicroUsd: 0,
    estimateMicroUsd,
    budgetMicroUsd: null,
  },
})

describe('what a run would draw and cost', () => {
  test('by its definition alone, where none has drawn a sample', () => {
    expect(expectedRun(judged, 'ready', null, [{ plan: null }, run(0, 0)])).toEqual({
      maxSubjects: null,
      judges: ['openai/gpt-5-mini'],
      budget: { perRunMicroUsd: 2_000_000, perMonthMicroUsd: null },
      estimate: null,
    })
  })

  test('as the newest that drew one, in proportion where it may draw fewer now', () => {
    const runs = [{ plan: null }, run(50, 1_000), run(10, 7)]
    expect(expectedRun(judged, 'ready', null, runs).estimate).toEqual({ subjects: 50, microUsd: 1_000 })
    expect(expectedRun(of40, 'ready', null, runs)).toMatchObject({
      maxSubjects: 40,
      estimate: { subjects: 40, microUsd: 800 },
    })
  })

  test('a price that nobody knows is not one of nothing', () => {
    expect(expectedRun(judged, 'ready', null, [run(50, null)]).estimate).toEqual({ subjects: 50, microUsd: null })
  })

  test('nobody is asked by a metric that is computed, nor by a proxy', () => {
    const nothing = { judges: [], estimate: { subjects: 50, microUsd: 0 } }
    expect(expectedRun(measured, 'ready', null, [run(50, null)])).toMatchObject(nothing)
    expect(expectedRun(judged, 'by_proxy', null, [run(50, null)])).toMatchObject(nothing)
  })

  test('a metric whose eval names no judge asks that of the configuration', () => {
    const judge = { models: ['openai/nano'], fallbacks: [], take: null }
    const asks = { ...measured, method: { ...measured.method, metric: { name: 'faithfulness', version: 1, args: {} } } }
    expect(expectedRun(asks, 'ready', judge, []).judges).toEqual(['openai/nano'])
  })
})
