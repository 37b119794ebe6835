/**
 * What a change of definitions would have made of traces that are stored: both sides' online evals on the same subjects. Traces
 * come in pages, and only counts and a few examples are kept of them.
 */
import { pairEvals } from '../../dsl/diff-plans.ts'
import type { EvalPlan, Plan } from '../../dsl/plan.ts'
import type { EvalLedger } from '../evaluate/evaluator.ts'
import { fieldsReadBy } from '../evaluate/masked.ts'
import type { OptionalField } from '../evaluate/subject.ts'
import type { EvalResult, Reason, Verdict } from '../model/result.ts'
import type { Span } from '../model/span.ts'
import { createStoredJudge, type StoredJudge, type StoredVerdicts } from './judge-stored.ts'
import { createRederiver } from './rederive.ts'
import { restrictPlan } from './restrict-plan.ts'

/** `none`: out of scope, or no such eval on that side. */
export type Outcome = Verdict | 'none'
export const OUTCOMES = ['pass', 'fail', 'unknown', 'error', 'none'] as const satisfies readonly Outcome[]

/** How many subjects went from one to the other, by before and after. */
export type Transitions = Record<Outcome, Record<Outcome, number>>

export type Direction = 'pass_to_fail' | 'fail_to_pass' | 'lost' | 'gained'

export interface Flip {
  direction: Direction
  traceId: string
  /** Empty for a subject that is a whole trace. */
  spanId: string
  before: Outcome
  after: Outcome
  /** Of the side that says something: the later one where both do. */
  score: number | undefined
  reason: Reason | undefined
  evidence: EvalResult['evidence']
}

export interface EvalBacktest {
  before: EvalPlan | null
  after: EvalPlan | null
  transitions: Transitions
  /** Of each direction the first few that were met; traces come in no order of time. */
  examples: Flip[]
  /** Of the side that is in force afterwards: what its scope left out. */
  ledger: Pick<EvalLedger, 'filtered' | 'filteredUnknown'>
}

export interface Backtest {
  /** What has to be read of each span. */
  readonly fields: readonly OptionalField[]
  /** Evals whose stored verdicts `add` wants with these traces. */
  wanted(traces: readonly (readonly Span[])[]): string[]
  add(traces: readonly (readonly Span[])[], stored: StoredVerdicts): void
  /** The online evals, and the offline ones whose verdicts can be derived again from stored scores; the others need a judge. */
  evals(): EvalBacktest[]
  readonly counts: { traces: number; spans: number; judged: number }
  /** Subjects with masked texts, of both sides. */
  masked(): { taken: number; unknown: number }
}

export function createBacktest(before: Plan, after: Plan, options: { examples: number }): Backtest {
  const all = pairEvals(before, after)
  const pairs = all.filter(({ from, to }) => (to ?? from)?.kind === 'online')
  const rederivers = all.flatMap(({ from, to }) => createRederiver({ before, after }, from, to) ?? [])
  // What means the same on both sides is judged once, and no flip can come of it.
  const differing = pairs.filter(({ from, to }) => from !== null && (to === null || !sameMeaning(from, to)))
  const earlier = createStoredJudge(restrictPlan(before, onlineIds(differing.map(({ from }) => from))))
  const former = new Map(pairs.flatMap(({ from, to }) => (from && to ? [[to.id, from.id]] : [])))
  const later = createStoredJudge(restrictPlan(after, onlineIds(pairs.map(({ to }) => to))), former)
  const rows = pairs.map(({ from, to }) => createRow(from, to))
  const byEarlierId = new Map(rows.flatMap((row) => (row.before === null ? [] : [[row.before.id, row] as const])))
  const byLaterId = new Map(rows.flatMap((row) => (row.after === null ? [] : [[row.after.id, row] as const])))
  const offline = rederivers.map((rederiver) => ({ rederiver, row: createRow(rederiver.before, rederiver.after) }))
  const offlineById = new Map(offline.map((one) => [one.row.before?.id ?? '', one]))
  const counts = { traces: 0, spans: 0, judged: 0 }

  const addTrace = (spans: readonly Span[], stored: StoredVerdicts): void => {
    counts.traces++
    counts.spans += spans.length
    const open = new Map<string, EvalResult>()
    for (const result of earlier.judge(spans, stored)) {
      counts.judged++
      if (byEarlierId.get(result.evalId)?.judgedTwice) open.set(`${result.evalId} ${result.spanId}`, result)
    }
    for (const result of later.judge(spans, stored)) {
      counts.judged++
      const row = byLaterId.get(result.evalId)
      if (row === undefined) continue
      if (row.before === null) row.transitions.none[result.verdict]++
      else if (!row.judgedTwice) row.transitions[result.verdict][result.verdict]++
      else {
        const key = `${row.before.id} ${result.spanId}`
        note(row, open.get(key), result, options.examples)
        open.delete(key)
      }
    }
    for (const result of open.values()) note(byEarlierId.get(result.evalId)!, result, undefined, options.examples)
  }

  const rederive = (traces: readonly (readonly Span[])[], stored: StoredVerdicts): void => {
    if (offline.length === 0) return
    const spansOf = new Map(traces.map((spans) => [spans[0]?.traceId ?? '', spans]))
    for (const result of stored.values()) {
      const known = offlineById.get(result.evalId)
      const derived = known?.rederiver.rederive(result, spansOf.get(result.traceId) ?? [])
      if (known === undefined || derived === undefined || derived === null) continue
      counts.judged += 2
      note(known.row, derived.before, derived.after, options.examples)
    }
  }

  return {
    fields: fieldsReadBy([before, after]),
    wanted: (traces) => [...new Set([...earlier.wanted(traces), ...later.wanted(traces), ...offlineById.keys()])],
    add: (traces, stored) => {
      for (const spans of traces) addTrace(spans, stored)
      rederive(traces, stored)
    },
    evals: () => [
      ...rows.map((row) => finished(row, row.after === null ? earlier : later)),
      ...offline.map(({ row }) => finished(row, later)),
    ],
    counts,
    masked: () => ({
      taken: earlier.masked.taken + later.masked.taken,
      unknown: earlier.masked.unknown + later.masked.unknown,
    }),
  }
}

interface Row {
  before: EvalPlan | null
  after: EvalPlan | null
  judgedTwice: boolean
  transitions: Transitions
  examples: Flip[]
}

function createRow(before: EvalPlan | null, after: EvalPlan | null): Row {
  const judgedTwice = before !== null && (after === null || !sameMeaning(before, after))
  const zeros = () => ({ pass: 0, fail: 0, unknown: 0, error: 0, none: 0 })
  const transitions = { pass: zeros(), fail: zeros(), unknown: zeros(), error: zeros(), none: zeros() }
  return { before, after, judgedTwice, transitions, examples: [] }
}

function sameMeaning(a: EvalPlan, b: EvalPlan): boolean {
  return a.measureHash === b.measureHash && a.verdictHash === b.verdictHash
}

function onlineIds(evals: readonly (EvalPlan | null)[]): string[] {
  return evals.flatMap((one) => (one?.kind === 'online' ? [one.id] : []))
}

/** A subject of an eval that both sides judged, or that was judged and is no more. */
function note(row: Row, before: EvalResult | undefined, after: EvalResult | undefined, maxExamples: number): void {
  const from: Outcome = before?.verdict ?? 'none'
  const to: Outcome = after?.verdict ?? 'none'
  row.transitions[from][to]++
  // An eval that is removed flips nothing: its subjects are no longer asked about.
  const direction = row.after === null ? null : directionOf(from, to)
  const told = after ?? before
  if (direction === null || told === undefined) return
  if (row.examples.filter((flip) => flip.direction === direction).length >= maxExamples) return
  const { traceId, spanId, score, reason, evidence } = told
  row.examples.push({ direction, traceId, spanId, before: from, after: to, score, reason, evidence })
}

export function directionOf(before: Outcome, after: Outcome): Direction | null {
  if (before === after) return null
  if (before === 'pass' && after === 'fail') return 'pass_to_fail'
  if (before === 'fail' && after === 'pass') return 'fail_to_pass'
  if (isDecided(before)) return 'lost'
  return isDecided(after) ? 'gained' : null
}

export function isDecided(outcome: Outcome): boolean {
  return outcome === 'pass' || outcome === 'fail'
}

function finished({ before, after, transitions, examples }: Row, judge: StoredJudge): EvalBacktest {
  const id = (after ?? before)?.id
  const { filtered = 0, filteredUnknown = 0 } = judge.ledger().find(({ evalId }) => evalId === id) ?? {}
  return { before, after, transitions, examples, ledger: { filtered, filteredUnknown } }
}
