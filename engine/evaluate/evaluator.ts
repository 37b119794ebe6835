/** Runs the online evals of a plan on spans as they arrive and on traces as they settle. Pure: no clock, no I/O. */

import { CAPS } from '../../dsl/caps.ts'
import { walkExpr } from '../../dsl/expr-walk.ts'
import type { Expr, Plan } from '../../dsl/plan.ts'
import { NO_JUDGEMENTS } from '../model/make-result.ts'
import type { EvalResult } from '../model/result.ts'
import type { Span, SpanKind } from '../model/span.ts'
import { compilePatterns, type PatternSet } from '../regex/patterns.ts'
import { createContext } from './context.ts'
import { compileEvalSet } from './eval-set.ts'
import { labelExprs } from './labels.ts'
import { type EvalCounts, type OnlineEval, type Outcome, outOfScope } from './online-eval.ts'
import { compileProjection } from './projection.ts'
import type { ProjectedSpan, TraceView } from './subject.ts'
import { viewTrace } from './trace-view.ts'
import { TRUE } from './truth.ts'

export type { ProjectedSpan } from './subject.ts'

/** A trace whose spans have all been seen, as far as is known, each span id once. */
export interface SettledTrace {
  readonly tenant: string
  readonly traceId: string
  readonly spans: readonly ProjectedSpan[]
  /** It is judged before its time: spans may be to come. Its results say so. */
  readonly isEarly?: boolean
}

export interface EvalLedger extends Readonly<EvalCounts> {
  readonly evalId: string
}

export interface Evaluator {
  readonly plan: Plan
  /**
   * The evals that need the span alone. The array may be shared and empty; don't change it. `arrivedAtMs`: when the log took the
   * span, for those to whom old subjects are no news.
   */
  onSpan(span: Span, nowMs: number, arrivedAtMs?: number, revision?: number): readonly EvalResult[]
  /** False when no eval waits for traces: they need not be assembled then. */
  readonly needsTraces: boolean
  /** What has to be kept of a span until its trace settles. */
  project(span: Span): ProjectedSpan
  /**
   * The evals that wait for the trace: on the trace and on its spans. `revision`: 1 when it first settles. `arrivedAtMs`: when the
   * log took its latest span.
   */
  onTrace(trace: SettledTrace, revision: number, nowMs: number, arrivedAtMs?: number): readonly EvalResult[]
  /** How the subjects of each online eval ended, since it was compiled; later revisions count again. */
  ledger(): EvalLedger[]
}

export interface EvaluatorOptions {
  /** Compiled from the plan by default; given to share them. */
  readonly patterns?: PatternSet
  readonly maxSpansPerTrace?: number
  /** How long evals take, now and then: of one span or trace in 64. */
  readonly timing?: EvalTiming
}

export interface EvalTiming {
  readonly clockMs: () => number
  readonly onTimed: (evalId: string, durationMs: number) => void
}

/** Reading the clock twice costs as much as a cheap eval. */
const TIMED_ONE_IN = 64

/** Also where the verdict does not depend on all spans, and stands: on what was there. */
const EARLY = 'judged early, for want of memory: spans of the trace may have been on their way'

const NO_RESULTS: readonly EvalResult[] = Object.freeze([])

const KINDS = [
  'agent',
  'llm',
  'tool',
  'retriever',
  'embedding',
  'guardrail',
  'chain',
  'other',
] as const satisfies SpanKind[]

/** Throws on a plan that the checker would not have let through. */
export function compileEvaluator(plan: Plan, options: EvaluatorOptions = {}): Evaluator {
  const set = compileEvalSet(plan, options.patterns ?? compilePatterns(plan.patterns))
  const maxSpans = options.maxSpansPerTrace ?? CAPS.spansPerTrace
  const atArrival = set.evals.filter((one) => one.plan.when === 'arrival')
  const atSettle = set.evals.filter((one) => one.plan.when === 'settle')
  const arrivalByKind = Object.fromEntries(
    KINDS.map((kind) => [kind, atArrival.filter((one) => one.kind === null || one.kind === kind)]),
  ) as Record<SpanKind, OnlineEval[]>
  const context = createContext()
  const runPlain = (one: OnlineEval): Outcome | null => one.run(context, one.counts)
  const { timing } = options
  const runTimed =
    timing === undefined
      ? runPlain
      : (one: OnlineEval): Outcome | null => {
          const startMs = timing.clockMs()
          const outcome = one.run(context, one.counts)
          timing.onTimed(one.plan.id, timing.clockMs() - startMs)
          return outcome
        }
  let subjects = 0
  /** How the evals of the next span or trace are run. */
  const nextRun = (): typeof runPlain => (++subjects % TIMED_ONE_IN === 0 ? runTimed : runPlain)

  const onSpan = (span: Span, nowMs: number, arrivedAtMs?: number, revision = 1): readonly EvalResult[] => {
    const evals = arrivalByKind[span.kind]
    if (evals.length === 0) return NO_RESULTS
    set.begin()
    context.trace = undefined
    context.span = span
    const run = nextRun()
    let results: EvalResult[] | undefined
    for (let i = 0; i < evals.length; i++) {
      const one = evals[i]!
      const outcome = run(one)
      if (outcome === null) continue
      const result = spanResult(one, outcome, span, revision, nowMs, arrivedAtMs)
      if (results === undefined) results = [result]
      else results.push(result)
    }
    return results ?? NO_RESULTS
  }

  const onTrace = (
    trace: SettledTrace,
    revision: number,
    nowMs: number,
    arrivedAtMs?: number,
  ): readonly EvalResult[] => {
    if (atSettle.length === 0 || trace.spans.length === 0) return NO_RESULTS
    const view = viewTrace(trace.tenant, trace.traceId, trace.spans, maxSpans, trace.isEarly)
    const results: EvalResult[] = []
    set.begin()
    context.trace = view
    const run = nextRun()
    for (const one of atSettle) {
      context.span = undefined
      const inScope = one.traceScope(context)
      const whyScope = context.why
      if (one.onTrace) {
        const outcome = inScope === TRUE ? run(one) : outOfScope(inScope, context, one.counts)
        if (outcome !== null) results.push(traceResult(one, outcome, view, revision, nowMs, arrivedAtMs))
        continue
      }
      for (const span of view.spans) {
        if (one.kind !== null && one.kind !== span.kind) continue
        context.span = span
        context.why = whyScope
        const outcome = inScope === TRUE ? run(one) : outOfScope(inScope, context, one.counts)
        if (outcome !== null) results.push(spanResult(one, outcome, span, revision, nowMs, arrivedAtMs))
      }
    }
    // The context must not keep the trace's texts alive.
    context.trace = undefined
    context.span = undefined
    return trace.isEarly === true ? results.map((result) => ({ ...result, explanation: EARLY })) : results
  }

  return {
    plan,
    onSpan,
    needsTraces: atSettle.length > 0,
    project: compileProjection(readAtSettle(set.evals)),
    onTrace,
    ledger: () => set.evals.map((one) => ({ evalId: one.plan.id, ...one.counts })),
  }
}

/** Expressions of the evals that wait for traces, and of those whose verdicts these read. */
function readAtSettle(evals: readonly OnlineEval[]): Expr[] {
  const byId = new Map(evals.map((one) => [one.plan.id, one]))
  const exprs: Expr[] = []
  const seen = new Set<OnlineEval>()
  const add = (one: OnlineEval): void => {
    if (seen.has(one)) return
    seen.add(one)
    const { scope, score, pass } = one.plan
    for (const expr of [scope.where, scope.traceWhere, score, pass, ...labelExprs(one.labels)]) {
      if (expr === null) continue
      exprs.push(expr)
      walkExpr(expr, (node) => {
        if (node.op === 'verdict_of') add(byId.get(node.evalId)!)
      })
    }
  }
  for (const one of evals) if (one.plan.when === 'settle') add(one)
  return exprs
}

function spanResult(
  one: OnlineEval,
  outcome: Outcome,
  span: ProjectedSpan,
  revision: number,
  nowMs: number,
  arrivedAtMs: number | undefined,
): EvalResult {
  const { spanId, startTimeUs, agentName, agentVersion, env } = span
  return resultOf(one, outcome, span, spanId, startTimeUs, agentName, agentVersion, env, revision, nowMs, arrivedAtMs)
}

function traceResult(
  one: OnlineEval,
  outcome: Outcome,
  view: TraceView,
  revision: number,
  nowMs: number,
  arrivedAtMs: number | undefined,
): EvalResult {
  const { root, agent } = view
  return resultOf(
    one,
    outcome,
    view,
    '',
    view.startTimeUs,
    root.agentName ?? agent.agentName,
    root.agentVersion ?? agent.agentVersion,
    root.env ?? agent.env,
    revision,
    nowMs,
    arrivedAtMs,
  )
}

/** The properties in `makeResult`'s order, written out: this runs for every subject. */
function resultOf(
  { plan }: OnlineEval,
  outcome: Outcome,
  { tenant, traceId }: { readonly tenant: string; readonly traceId: string },
  spanId: string,
  subjectTimeUs: number,
  agentName: string | undefined,
  agentVersion: string | undefined,
  env: string | undefined,
  revision: number,
  nowMs: number,
  arrivedAtMs: number | undefined,
): EvalResult {
  return {
    tenant,
    evalId: plan.id,
    measureHash: plan.measureHash,
    verdictHash: plan.verdictHash,
    mode: plan.mode,
    subjectKind: plan.scope.subject,
    traceId,
    spanId,
    subjectTimeUs,
    subjectArrivedAtMs: arrivedAtMs,
    evaluatedAtMs: nowMs,
    revision,
    verdict: outcome.verdict,
    score: outcome.score,
    reason: outcome.reason,
    evidence: outcome.evidence,
    judgements: NO_JUDGEMENTS,
    explanation: undefined,
    agentName,
    agentVersion,
    env,
    judgeModel: undefined,
    judgeInputTokens: undefined,
    judgeOutputTokens: undefined,
    costMicroUsd: undefined,
    runId: '',
    inclusionProbability: 1,
    drawnFor: undefined,
    labels: outcome.labels,
  }
}
