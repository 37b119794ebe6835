/** What a run has to do: its sample, drawn once and kept, as far as its budget pays for it. */
import { asksJudge } from '../../dsl/metrics.ts'
import type { JudgePlan, OfflineEvalPlan, Subject } from '../../dsl/plan.ts'
import { readTraceField, spanField } from '../../engine/evaluate/fields.ts'
import type { OfflineEval } from '../../engine/evaluate/offline-eval.ts'
import type { ProjectedSpan, TraceView } from '../../engine/evaluate/subject.ts'
import { type OfflineJob, RunInterrupted } from '../../storage/queue/port.ts'
import type { RunPlan } from '../../storage/queue/run-record.ts'
import type { FlaggedQuery, FlaggedSubject } from '../../storage/traces/flagged.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { type Afforded, afford } from './afford.ts'
import type { RunBudget } from './budget.ts'
import { FIRST_OUTPUT_TOKENS, type OutputEstimate } from './budgeted-client.ts'
import { createEstimator, type SubjectEstimate } from './estimate.ts'
import { drawHalfFlagged } from './half-flagged.ts'
import type { JudgeClient } from './judge-client.ts'
import { familyWatch } from './judge-family.ts'
import { nearTogether } from './near-order.ts'
import type { Prices } from './prices.ts'
import { drawSample, type Sample, type SampledSubject } from './sample.ts'
import { MANUAL_DELAY_MS, sessionWindowOf, windowOf } from './slot.ts'
import { storedAnswerTokens } from './stored-answers.ts'
import { type Candidate, drawByStrata, type LookOptions } from './strata.ts'
import { type Unit, unitsInParts } from './subjects.ts'

export interface PlanContext {
  traces: Pick<TracesStore, 'settledTraceIds' | 'settledSessions' | 'flaggedSubjects' | 'getTraces' | 'queryResults'>
  /** Asked by metrics whose eval names no judge. */
  defaultJudge?: JudgePlan | null
  prices?: Prices
  outputs?: OutputEstimate
  /** Null where nothing bounds it. */
  budget?: RunBudget | null
  /** What judges answered in the last day, which a budget need not pay for. */
  recall?: JudgeClient['recall'] | undefined
  /** Where sessions are not those that went silent in the run's window: what to say where there are none. */
  noSession?: string
  /** Whether nothing has arrived since then, and all that had is stored: then a run that was asked for by hand need not wait for any of it. */
  isQuietSince?: (sinceMs: number) => Promise<boolean>
  nowMs: () => number
  /** Resolves early when the signal aborts. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  signal: AbortSignal
}

/** Ids are 32 characters: some 10 MB at this many. Of a window with more, the store takes an even sample. */
const MAX_POPULATION = 200_000
/** With the ids of their traces. */
const MAX_SESSIONS = 20_000
const READS_AT_ONCE = 50
/** A larger sample looks at more: they are read in the order of the store, in which those of many lie nearer to each other. */
const MOST_READS_AT_ONCE = 2_000
const HOUR_US = 3_600_000_000
const DAY_US = 24 * HOUR_US

/** A session has many traces. */
function readsAtOnce({ size, scope }: OfflineEvalPlan['sample']): number {
  if (scope.subject === 'session') return READS_AT_ONCE
  return size === 'all' ? MOST_READS_AT_ONCE : Math.min(MOST_READS_AT_ONCE, Math.max(READS_AT_ONCE, size))
}

/** Rejects with `RunInterrupted` when the signal aborts, and with the store's error when that fails. */
export async function planRun(job: OfflineJob, compiled: OfflineEval, context: PlanContext): Promise<RunPlan> {
  const { tenant, runId } = job
  const { traces, signal, budget = null } = context
  const { sample, method } = compiled.plan
  // What came shortly before may have settled, and have its verdict still on its way: whether it is flagged is known later.
  const isReady = async () =>
    sample.flagged !== 'half' && (await context.isQuietSince?.(job.slotMs - MANUAL_DELAY_MS)) === true
  if (job.trigger === 'manual' && !(await isReady())) {
    await context.sleep(Math.max(0, job.slotMs + MANUAL_DELAY_MS - context.nowMs()), signal)
    if (signal.aborted) throw new RunInterrupted()
  }
  const { traceIds, population, unitOf, span } = await populationOf(job, sample, traces)
  const judges = method.judge ?? context.defaultJudge ?? null
  const estimates = new Map<string, PlannedCost>()
  const { prices, outputs } = context
  const stored =
    outputs === undefined || judges === null || !asksJudge(method)
      ? null
      : await storedAnswerTokens(traces, tenant, compiled.plan, judges)
  const estimatorWith = (recall: JudgeClient['recall'] | null) =>
    prices === undefined || outputs === undefined
      ? null
      : createEstimator(
          compiled,
          judges,
          prices,
          stored === null ? outputs : { ...outputs, tokensOf: () => stored },
          recall,
        )
  const estimate = estimatorWith(null)
  const estimateOfRest = budget === null || context.recall === undefined ? null : estimatorWith(context.recall)
  const isGuess =
    stored === null && judges !== null && judges.models.some((one) => outputs?.tokensOf(one) === FIRST_OUTPUT_TOKENS)
  const notes: string[] = []
  const watch = familyWatch(compiled.plan, context.defaultJudge ?? null, (note) => notes.push(note))
  if (sample.scope.subject === 'session' && traceIds.length === 0) notes.push(context.noSession ?? NO_SESSION_WAS_OVER)
  const stratumOf = strataBy(sample.by, sample.scope.subject)
  const candidatesOf = async (ids: readonly string[]): Promise<Candidate[][]> => {
    const found = new Map<string, Candidate[]>()
    const lookInto = async (view: TraceView): Promise<void> => {
      const subjects = compiled.subjects(view)
      if (subjects.length > 0) watch(view)
      for (const one of subjects)
        if (estimate !== null) {
          const whole = await estimate(view, one)
          const rest = (await estimateOfRest?.(view, one)) ?? whole
          estimates.set(keyOf(view.traceId, one?.spanId ?? ''), { ...rest, wholeMicroUsd: whole.ownMicroUsd })
        }
      const candidates = subjects.map((one) => ({ spanId: one?.spanId ?? '', stratum: stratumOf(view, one) }))
      found.set(view.traceId, candidates)
    }
    for await (const views of unitsInParts(traces, tenant, ids.map(unitOf)))
      await Promise.all([...views.values()].map(lookInto))
    return ids.map((traceId) => found.get(traceId) ?? [])
  }
  const common = { runId, traceIds, readsAtOnce: readsAtOnce(sample), candidatesOf, signal }
  const drawing: Promise<Sample> = drawFrom(common, sample, async () =>
    flagsOf(await traces.flaggedSubjects(tenant, span), unitOf),
  )
  const drawn = await drawing.catch((error: unknown) => {
    throw signal.aborted ? new RunInterrupted() : error
  })
  const thinned = population === 0 ? 1 : traceIds.length / population
  const costed = drawn.subjects.map((subject): Costed => ({ subject, cost: costOf(estimates, subject) }))
  const left = budget === null ? null : await budget.left()
  const { order, afforded } = left === null ? { order: costed, afforded: null } : affordAll(costed, left)
  // What is worked out costs nothing, whether there is a judge for others or not.
  const isFree = !asksJudge(method)
  const estimateMicroUsd = isFree ? 0 : judges === null ? null : sumOf(costed.map(({ cost }) => cost.wholeMicroUsd))
  const sampled = order.map(({ subject }) => subject)
  return {
    beganMs: Math.floor(context.nowMs()),
    populationTraces: population,
    lookedAtTraces: drawn.lookedAtTraces,
    sampled: drawn.subjects.length,
    unpaid: afforded?.unpaid ?? 0,
    cheaper: afforded?.cheaper ?? 0,
    holdBackMicroUsd: afforded?.holdBackMicroUsd ?? 0,
    estimateMicroUsd,
    ...(isGuess && (estimateMicroUsd ?? 0) > 0 && { estimateIsGuess: true as const }),
    budgetMicroUsd: left,
    subjects: subjectsOf(
      // A budget ends where it ends: what it leaves has to be an even part.
      afforded === null ? nearTogether(sampled) : sampled,
      afforded,
      thinned,
      unitOf,
    ),
    ...(notes.length > 0 && { notes }),
  }
}

const NO_SESSION_WAS_OVER =
  'No session was over: a session is judged when nothing of it began for 30 min, by a run whose window (`over` of its `sample:`, up to 30 min before its slot) has its last trace.'

const keyOf = (traceId: string, spanId: string): string => `${traceId}/${spanId}`

/** What a budget has to pay for it, where answers of the last day cost nothing. */
interface PlannedCost extends SubjectEstimate {
  /** As if nothing of it had been answered: what the next run, of other subjects, is expected to cost by. */
  wholeMicroUsd: number | null
}

const NO_ESTIMATE: PlannedCost = { ownMicroUsd: null, cheapMicroUsd: null, wholeMicroUsd: null }

interface Costed {
  subject: SampledSubject
  cost: PlannedCost
}

const costOf = (estimates: ReadonlyMap<string, PlannedCost>, { traceId, spanId }: SampledSubject): PlannedCost =>
  estimates.get(keyOf(traceId, spanId)) ?? NO_ESTIMATE

/** Null where one is not known. */
function sumOf(costs: readonly (number | null)[]): number | null {
  return costs.reduce((sum, cost) => (sum === null || cost === null ? null : sum + cost), 0)
}

interface AffordedSample extends Afforded {
  /** So many of the first cost nothing, and are judged whatever is left. */
  free: number
}

/**
 * What costs nothing, as an answer of the last day does, comes first where nobody else stands in for the rest: it is judged for certain,
 * and the budget goes to the others. With a cheaper judge all stay in their order, so that each judge's part stands for all.
 */
function affordAll(
  costed: readonly Costed[],
  leftMicroUsd: number,
): { order: readonly Costed[]; afforded: AffordedSample } {
  const ownOf = (all: readonly Costed[]): number[] => all.map(({ cost }) => cost.ownMicroUsd ?? 0)
  const cheap = costed.flatMap(({ cost }) => cost.cheapMicroUsd ?? [])
  const inOrder = afford(ownOf(costed), cheap.length === costed.length ? cheap : null, leftMicroUsd)
  if (inOrder.cheaper > 0 || inOrder.unpaid === 0) return { order: costed, afforded: { ...inOrder, free: 0 } }
  const isFree = ({ cost }: Costed): boolean => cost.ownMicroUsd === 0
  const free = costed.filter(isFree)
  const order = [...free, ...costed.filter((one) => !isFree(one))]
  return { order, afforded: { ...afford(ownOf(order), null, leftMicroUsd), free: free.length } }
}

/**
 * Those that each judge is paid for are an even part of the sample, for its order is random: that is in their probability. The scores
 * of a cheaper judge are a series of their own.
 */
function subjectsOf(
  drawn: readonly SampledSubject[],
  afforded: AffordedSample | null,
  thinned: number,
  unitOf: (traceId: string) => Unit,
): RunPlan['subjects'] {
  const { own, cheaper, free } = afforded ?? { own: drawn.length, cheaper: 0, free: 0 }
  const ofRest = (count: number): number => count / (drawn.length - free)
  const shareOf = (place: number): number => {
    if (place < free || place >= own + cheaper) return 1
    return ofRest(place < own ? own - free : cheaper)
  }
  return drawn.map(({ traceId, spanId, inclusionProbability, drawnFor }, place): RunPlan['subjects'][number] => {
    const probability = inclusionProbability * thinned * shareOf(place)
    const { traces } = unitOf(traceId)
    if (traces === undefined && drawnFor === undefined) return [traceId, spanId, probability]
    const more = { ...(traces !== undefined && { traces: [...traces] }), ...(drawnFor !== undefined && { drawnFor }) }
    return [traceId, spanId, probability, more]
  })
}

interface Population {
  /** Of sessions, those of their first traces. */
  traceIds: readonly string[]
  /** How many there are: the store gives an even part of very many. */
  population: number
  unitOf: (traceId: string) => Unit
  /** Of when its subjects began, and until when what is said of them counts. */
  span: FlaggedQuery
}

async function populationOf(
  job: OfflineJob,
  { scope, overNs }: OfflineEvalPlan['sample'],
  traces: PlanContext['traces'],
): Promise<Population> {
  if (scope.subject === 'session') {
    const window = sessionWindowOf(overNs, job)
    const { some, population } = await traces.settledSessions(job.tenant, { ...window, limit: MAX_SESSIONS })
    const units = new Map(
      some.flatMap(({ traceIds: [first, ...rest] }): [string, Unit][] =>
        first === undefined ? [] : [[first, { traceId: first, traces: [first, ...rest] }]],
      ),
    )
    return {
      traceIds: [...units.keys()],
      population,
      unitOf: (traceId) => units.get(traceId) ?? { traceId },
      span: { fromUs: window.fromUs - DAY_US, toUs: window.toUs, evaluatedBeforeMs: window.storedBeforeMs },
    }
  }
  const window = windowOf(overNs, job)
  const { fromUs, toUs, settledBeforeMs: evaluatedBeforeMs } = window
  const { some, population } = await traces.settledTraceIds(job.tenant, { ...window, limit: MAX_POPULATION })
  return {
    traceIds: some,
    population,
    unitOf: (traceId) => ({ traceId }),
    // A trace may have begun an hour before it ended.
    span: { fromUs: fromUs - HOUR_US, toUs, evaluatedBeforeMs },
  }
}

function drawFrom(
  look: LookOptions,
  { size, by, flagged }: OfflineEvalPlan['sample'],
  flags: () => Promise<(traceId: string, spanId: string) => boolean>,
): Promise<Sample> {
  if (size !== 'all' && flagged === 'half')
    return flags().then((isFlagged) => drawHalfFlagged({ ...look, size, isFlagged }))
  if (size !== 'all' && by.length > 0) return drawByStrata({ ...look, size })
  const { candidatesOf, ...common } = look
  return drawSample({
    ...common,
    size,
    subjectsOf: async (ids) => (await candidatesOf(ids)).map((all) => all.map(({ spanId }) => spanId)),
  })
}

/** What is said of a trace is said of its spans, and what of a span of its trace; of a session counts what is said of any of its traces. */
function flagsOf(
  found: readonly FlaggedSubject[],
  unitOf: (traceId: string) => Unit,
): (traceId: string, spanId: string) => boolean {
  const traces = new Set(found.map(({ traceId }) => traceId))
  const own = new Set(found.map(({ traceId, spanId }) => keyOf(traceId, spanId)))
  return (traceId, spanId) =>
    spanId === ''
      ? (unitOf(traceId).traces ?? [traceId]).some((id) => traces.has(id))
      : own.has(keyOf(traceId, spanId)) || own.has(keyOf(traceId, ''))
}

/** The values of the `by` fields, as one text. */
function strataBy(
  by: readonly string[],
  subject: Subject,
): (view: TraceView, span: ProjectedSpan | undefined) => string {
  if (subject === 'trace' || subject === 'session') {
    const readers = by.map((path) => readTraceField(path))
    return (view) => JSON.stringify(readers.map((read) => read(view) ?? null))
  }
  const readers = by.map((path) => spanField(path).read)
  return (_, span) => JSON.stringify(span === undefined ? [] : readers.map((read) => read(span) ?? null))
}
