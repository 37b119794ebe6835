/** Samples that a budget shrinks: over many slots, what is estimated from who was judged is what is true of the population. */
import { describe, expect, test } from 'vitest'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { compileText } from '../../dsl/testing.ts'
import { compileOfflineEval } from '../../engine/evaluate/offline-eval.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { Span } from '../../engine/model/span.ts'
import { hajekMean } from '../../engine/statistics/hajek-mean.ts'
import type { RunPlan } from '../../storage/queue/run-record.ts'
import { createOutputEstimate } from './budgeted-client.ts'
import { NO_USAGE } from './completion.ts'
import type { JudgeClient } from './judge-client.ts'
import { planRun } from './plan-run.ts'
import { runIdOf } from './slot.ts'

const POPULATION = 120
const SLOTS = 200
const HOUR_MS = 3_600_000
const START_MS = Date.parse('2026-01-01T00:00:00Z')
/** A call costs its answer, of 500 tokens until one is known: 500 µUSD of the own judge, 50 of the cheaper. */
const PRICES = { 'a/big': { input: 0, output: 1 }, 'a/small': { input: 0, output: 0.1 } }

const idOf = (i: number): string => i.toString(16).padStart(32, '0')
const indexOf = (traceId: string): number => Number.parseInt(traceId, 16)
/** One of ten is of the new version, which fails; of the usual one, one of six does. */
const isNew = (i: number): boolean => i % 10 === 0
const passes = (i: number): number => Number(!isNew(i) && i % 6 !== 1)
/** What was asked about in the last day: more of those that fail. */
const isKnown = (i: number): boolean => i % 12 === 1 || i % 15 === 2
const TRUTH = Array.from({ length: POPULATION }, (_, i) => passes(i)).reduce((sum, one) => sum + one, 0) / POPULATION

const spans = new Map(
  Array.from({ length: POPULATION }, (_, i): [string, Span[]] => [
    idOf(i),
    [
      makeSpan({
        traceId: idOf(i),
        spanId: '1'.repeat(16),
        kind: 'agent',
        startTimeUs: START_MS * 1000 + i,
        agentVersion: isNew(i) ? '2.0' : '1.0',
        outputText: isKnown(i) ? 'No.' : 'Yes.',
      }),
    ],
  ]),
)
const traces = {
  settledTraceIds: async () => ({ some: [...spans.keys()], population: spans.size }),
  settledSessions: async () => ({ some: [], population: 0 }),
  // An online eval failed what fails, and some of the rest.
  flaggedSubjects: async () =>
    [...spans.keys()]
      .filter((id) => passes(indexOf(id)) === 0 || indexOf(id) % 7 === 3)
      .map((traceId) => ({ traceId, spanId: '' })),
  getTraces: async (_: string, ids: readonly string[]) => new Map(ids.map((id) => [id, spans.get(id) ?? []])),
  queryResults: async (): Promise<EvalResult[]> => [],
}

function evalOf(sample: string, budget: string) {
  const { plan, diagnostics } = compileText(`package p
offline eval helpful {
  every:   hour in "UTC"
  sample:  ${sample}
  judge:   "a/big"
  show:    output.text
  scale:   1 to 5
  rubric:  "5 good. 1 bad."
  budget:  ${budget}
  pass:    score >= 4
  missing: unknown
}
`)
  if (plan === null) throw new Error(JSON.stringify(diagnostics))
  return compileOfflineEval(plan, plan.evals[0] as OfflineEvalPlan)
}

/** The plans of so many slots, each of which may spend so much. */
async function planned(
  sample: string,
  leftMicroUsd: number,
  cheaper: boolean,
  recall?: JudgeClient['recall'],
  slots = SLOTS,
): Promise<RunPlan[]> {
  const compiled = evalOf(sample, `1 USD per run${cheaper ? ' or else "a/small"' : ''}`)
  const outputs = createOutputEstimate()
  const plans: RunPlan[] = []
  for (let slot = 0; slot < slots; slot++) {
    const slotMs = START_MS + slot * HOUR_MS
    const runId = runIdOf('p/helpful', slotMs, 'schedule')
    const job = { tenant: 'default', evalId: 'p/helpful', runId, slotMs, trigger: 'schedule' } as const
    const budget = { left: async () => leftMicroUsd, reserve: async () => null, reserveInTurn: async () => null }
    plans.push(
      await planRun(job, compiled, {
        traces,
        budget,
        prices: PRICES,
        outputs,
        recall,
        nowMs: () => slotMs,
        sleep: async () => {},
        signal: new AbortController().signal,
      }),
    )
  }
  return plans
}

type Subject = RunPlan['subjects'][number]

function spreadOf(values: readonly number[]): { mean: number; sd: number } {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length
  const variance = values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (values.length - 1)
  return { mean, sd: Math.sqrt(variance) }
}

/** The mean of these estimates is the truth, as near as their number lets it be, and as a bias that is granted. */
function expectNear(estimates: readonly number[], truth: number, bias = 0): void {
  const { mean, sd } = spreadOf(estimates)
  expect(Math.abs(mean - truth)).toBeLessThan(bias + (4 * sd) / Math.sqrt(estimates.length))
}

/** How many there are, and how many pass, by those who were judged (Horvitz and Thompson), and the share of these (Hájek). */
function expectFair(all: readonly (readonly Subject[])[]): void {
  const weighted = (subjects: readonly Subject[], of: (i: number) => number): number =>
    subjects.reduce((sum, [traceId, , probability]) => sum + of(indexOf(traceId)) / probability, 0)
  const counts = all.map((subjects) => weighted(subjects, () => 1))
  const shares = all.map(
    (subjects) =>
      hajekMean({ y: subjects.map(([id]) => passes(indexOf(id))), pi: subjects.map(([, , chance]) => chance) }).mean,
  )
  const passing = all.map((subjects) => weighted(subjects, passes))
  expectNear(passing, TRUTH * POPULATION)
  // To rounding, where all are as probable.
  expectNear(counts, POPULATION, 1e-9)
  // A ratio is off by no more than it varies, times how its denominator does (Hartley & Ross 1954).
  const { mean, sd } = spreadOf(counts)
  expectNear(shares, TRUTH, (sd / mean) * spreadOf(shares).sd)
}

describe.each([
  ['drawn evenly', '30 of trace over 1h'],
  ['by strata', '30 of trace over 1h by agent.version'],
  ['half where something is flagged', '30 of trace over 1h, half flagged'],
])('a sample %s', (_, sample) => {
  test('of which a budget pays for two thirds', async () => {
    const plans = await planned(sample, 20 * 500, false)
    for (const { sampled, unpaid, cheaper, subjects, estimateMicroUsd, budgetMicroUsd } of plans) {
      expect([sampled, unpaid, cheaper]).toEqual([30, 10, 0])
      expect(subjects).toHaveLength(30)
      expect([estimateMicroUsd, budgetMicroUsd]).toEqual([15_000, 10_000])
    }
    expectFair(plans.map(({ subjects }) => subjects.slice(0, 20)))
  })

  test('of which some was answered in the last day: that is judged for certain, and the budget goes to the rest', async () => {
    const knows: JudgeClient['recall'] = async (judge, question) => {
      const reading = question.read('{"evidence":[],"reasoning":"","abstain":false,"score":4}')
      const isAbout = question.messages.some(({ content }) => content.includes('No.'))
      if (!isAbout || judge !== 'a/big' || reading.kind !== 'answer') return null
      return { kind: 'answered', answer: reading.answer, usage: NO_USAGE }
    }
    for (const payable of [8, 0]) {
      const plans = await planned(sample, payable * 500, false, knows, payable > 0 ? SLOTS : 3)
      for (const { sampled, unpaid, cheaper, subjects, estimateMicroUsd } of plans) {
        const known = subjects.filter(([id]) => isKnown(indexOf(id))).length
        expect([sampled, unpaid, cheaper]).toEqual([30, 30 - known - payable, 0])
        expect(subjects.slice(0, known).every(([id]) => isKnown(indexOf(id)))).toBe(true)
        // The next run, of other subjects, is expected to cost as much: what is known of these says nothing of those.
        expect(estimateMicroUsd).toBe(30 * 500)
      }
      if (payable > 0) expectFair(plans.map(({ subjects, unpaid }) => subjects.slice(0, 30 - unpaid)))
    }
  })

  test('that is judged in part by a cheaper judge: each part stands for all', async () => {
    const plans = await planned(sample, 12 * 500 + 18 * 50, true)
    for (const { unpaid, cheaper, holdBackMicroUsd } of plans)
      expect([unpaid, cheaper, holdBackMicroUsd]).toEqual([0, 18, 900])
    expectFair(plans.map(({ subjects }) => subjects.slice(0, 12)))
    expectFair(plans.map(({ subjects }) => subjects.slice(12)))
  })
})

test.each([
  'all of trace over 1h',
  '30 of trace over 1h',
  '30 of trace over 1h by agent.version',
  '30 of trace over 1h, half flagged',
])('of a window of which the store gives a part, that is in the probabilities: %s', async (sample) => {
  const context = {
    nowMs: () => START_MS,
    sleep: async () => {},
    signal: new AbortController().signal,
  }
  const runId = runIdOf('p/helpful', START_MS, 'schedule')
  const job = { tenant: 'default', evalId: 'p/helpful', runId, slotMs: START_MS, trigger: 'schedule' } as const
  const planOf = (parts: number): Promise<RunPlan> =>
    planRun(job, evalOf(sample, '1 USD per run'), {
      ...context,
      traces: { ...traces, settledTraceIds: async () => ({ some: [...spans.keys()], population: parts * spans.size }) },
    })
  const [whole, part] = [await planOf(1), await planOf(4)]
  expect([whole.populationTraces, part.populationTraces]).toEqual([POPULATION, 4 * POPULATION])
  expect(part.subjects).toEqual(whole.subjects.map(([id, span, chance, ...more]) => [id, span, chance / 4, ...more]))
})

describe('what a run is said to cost', () => {
  const estimated = async (results: readonly EvalResult[], known: readonly number[] = []): Promise<RunPlan> => {
    const outputs = createOutputEstimate()
    for (const tokens of known) outputs.note('a/big', tokens)
    const slotMs = START_MS
    const runId = runIdOf('p/helpful', slotMs, 'schedule')
    const job = { tenant: 'default', evalId: 'p/helpful', runId, slotMs, trigger: 'schedule' } as const
    return planRun(job, evalOf('30 of trace over 1h', '1 USD per run'), {
      traces: { ...traces, queryResults: async () => [...results] },
      budget: null,
      prices: PRICES,
      outputs,
      nowMs: () => slotMs,
      sleep: async () => {},
      signal: new AbortController().signal,
    })
  }
  const { measureHash } = evalOf('30 of trace over 1h', '1 USD per run').plan
  const answered = (judgeOutputTokens: number, hash = measureHash): EvalResult =>
    makeResult({ evalId: 'p/helpful', traceId: idOf(1), verdict: 'pass', measureHash: hash, judgeOutputTokens })

  test('is reckoned by the answers of this eval that are stored, in a process that has asked nobody', async () => {
    // Neither the cache's nor a stand-in's are answers of this judge.
    const plan = await estimated([answered(100), answered(300), answered(0), answered(9_000, 'f'.repeat(32))])
    expect(plan.estimateMicroUsd).toBe(30 * 200)
    expect(plan.estimateIsGuess).toBeUndefined()
  })

  test('is nothing where the score is worked out, though no judge and no price is configured', async () => {
    const { plan } = compileText(`package p
offline eval overlap {
  every:   hour in "UTC"
  sample:  30 of trace over 1h
  metric:  token_f1(answer: trace.output.text, reference: trace.input.text)
  pass:    score >= 50%
  missing: unknown
}
`)
    if (plan === null) throw new Error('it does not compile')
    const runId = runIdOf('p/overlap', START_MS, 'schedule')
    const job = { tenant: 'default', evalId: 'p/overlap', runId, slotMs: START_MS, trigger: 'schedule' } as const
    const drawn = await planRun(job, compileOfflineEval(plan, plan.evals[0] as OfflineEvalPlan), {
      traces,
      nowMs: () => START_MS,
      sleep: async () => {},
      signal: new AbortController().signal,
    })
    expect(drawn).toMatchObject({ sampled: 30, estimateMicroUsd: 0 })
  })

  test('is called a guess where none is stored, and none has come', async () => {
    expect(await estimated([])).toMatchObject({ estimateMicroUsd: 15_000, estimateIsGuess: true })
    const known = await estimated([], [400])
    expect(known.estimateMicroUsd).toBeLessThan(15_000)
    expect(known.estimateIsGuess).toBeUndefined()
  })
})

describe('a run that is asked for by hand', () => {
  const even = '10 of trace over 1h'
  test.each([
    ['waits for what is on its way', even, false, [5_000], [START_MS - 5_000]],
    ['does not where nothing came lately', even, true, [], [START_MS - 5_000]],
    ['waits for verdicts where they are asked for', `${even}, half flagged`, true, [5_000], []],
  ])('%s', async (_, sample, isQuiet, expectedSleep, expectedSince) => {
    const slept: number[] = []
    const since: number[] = []
    const runId = runIdOf('p/helpful', START_MS, 'manual')
    const job = { tenant: 'default', evalId: 'p/helpful', runId, slotMs: START_MS, trigger: 'manual' } as const
    const plan = await planRun(job, evalOf(sample, '1 USD per run'), {
      traces,
      isQuietSince: async (ms) => {
        since.push(ms)
        return isQuiet
      },
      nowMs: () => START_MS,
      sleep: async (ms) => void slept.push(ms),
      signal: new AbortController().signal,
    })
    expect(slept).toEqual(expectedSleep)
    expect(since).toEqual(expectedSince)
    expect(plan.sampled).toBe(10)
  })
})
