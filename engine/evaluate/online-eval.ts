/** One online eval, compiled: its scope, its score, its condition and its evidence. */
import type { GroupPlan, OnlineEvalPlan } from '../../dsl/plan.ts'
import type { Evidence, Verdict } from '../model/result.ts'
import type { SpanKind } from '../model/span.ts'
import type { PatternSet } from '../regex/patterns.ts'
import { createCompiler } from './compile.ts'
import type { Compiler } from './compiler.ts'
import type { Context, TruthFn } from './context.ts'
import { compileEvidence } from './evidence.ts'
import { compileLabels, type LabelFn } from './labels.ts'
import { scoreInResultUnit, scoreTypeOf } from './score.ts'
import { kindOf } from './subject.ts'
import { FALSE, isError, TRUE, type Truth, UNKNOWN } from './truth.ts'
import { type Decision, decide } from './verdict.ts'

export interface Outcome extends Decision {
  readonly score: number | undefined
  readonly evidence: readonly Evidence[]
  readonly labels: Readonly<Record<string, string>> | undefined
}

/** How the subjects of an eval ended; each in exactly one of these. */
export interface EvalCounts {
  pass: number
  fail: number
  unknown: number
  error: number
  /** Subjects of the eval's kind that its scope leaves out. */
  filtered: number
  /** Of `filtered`: those whose scope could not be decided, because a field it reads was missing. */
  filteredUnknown: number
}

export interface OnlineEval {
  readonly plan: OnlineEvalPlan
  readonly onTrace: boolean
  /** The kind of spans it looks at; null for any (and for a trace). */
  readonly kind: SpanKind | null
  readonly counts: EvalCounts
  /** What its results carry besides. */
  readonly labels: readonly GroupPlan[]
  /** Whether the trace around is in scope: asked once a trace; always true of evals that run on arrival. */
  readonly traceScope: TruthFn
  /** On the subject that the context is set to. Null when it is out of scope. */
  readonly run: (context: Context, counts: EvalCounts) => Outcome | null
}

const NO_EVIDENCE: readonly Evidence[] = Object.freeze([])
const ALWAYS: TruthFn = () => TRUE

export function emptyCounts(): EvalCounts {
  return { pass: 0, fail: 0, unknown: 0, error: 0, filtered: 0, filteredUnknown: 0 }
}

export function compileOnlineEval(
  plan: OnlineEvalPlan,
  patterns: PatternSet,
  verdictOf: Compiler['verdictOf'],
  labels: readonly GroupPlan[] = [],
): OnlineEval {
  const { subject, where, traceWhere } = plan.scope
  if (subject === 'session') throw new RangeError(`${plan.id}: sessions are judged offline only`)
  const onTrace = subject === 'trace'
  const arrival = plan.when === 'arrival'
  const settings = { arrival, patterns, verdictOf, score: plan.score }
  const compiler = createCompiler({ ...settings, level: onTrace ? 'trace' : 'span' })
  // At arrival a trace's agent, environment, session and user are resolved on the span itself.
  const traceCompiler = createCompiler({ ...settings, level: arrival ? 'span' : 'trace' })

  const inTrace = traceWhere === null ? ALWAYS : traceCompiler.truth(traceWhere)
  const own = where === null ? ALWAYS : compiler.truth(where)
  const scope = arrival && traceWhere !== null ? conjunction(inTrace, own) : own
  return {
    plan,
    onTrace,
    kind: onTrace ? null : kindOf(subject),
    counts: emptyCounts(),
    labels,
    traceScope: arrival ? ALWAYS : inTrace,
    run: createRun(plan, compiler, scope, compileLabels(labels, compiler)),
  }
}

function conjunction(a: TruthFn, b: TruthFn): TruthFn {
  return (context) => {
    const first = a(context)
    return first === TRUE ? b(context) : first
  }
}

function createRun(
  plan: OnlineEvalPlan,
  compiler: Compiler,
  scope: TruthFn,
  labels: LabelFn | null,
): OnlineEval['run'] {
  const pass = compiler.truth(plan.pass)
  const explain = compileEvidence(plan.pass, FALSE, compiler)
  const score = plan.score === null ? null : compiler.value(plan.score)
  const scoreType = plan.score === null ? null : scoreTypeOf(plan.score)
  return (context, counts) => {
    const inScope = scope(context)
    if (inScope !== TRUE) return outOfScope(inScope, context, counts)
    let scoreOut: number | undefined
    if (score !== null && scoreType !== null) {
      context.score = score(context)
      if (context.score === undefined) context.scoreWhy = context.why
      scoreOut = scoreInResultUnit(context.score, scoreType)
    }
    const truth = pass(context)
    const { verdict, reason } = decide(truth, context.why, plan.missing)
    counts[verdict]++
    let evidence = NO_EVIDENCE
    if (truth === FALSE && explain !== null) {
      const found: Evidence[] = []
      explain(context, found)
      if (found.length > 0) evidence = found
    }
    return { verdict, reason, score: scoreOut, evidence, labels: labels === null ? undefined : labels(context) }
  }
}

/** What can't be decided is left out, and counted; an error is never silent. */
export function outOfScope(truth: Truth, context: Context, counts: EvalCounts): Outcome | null {
  if (truth === UNKNOWN && isError(context.why)) {
    counts.error++
    return { verdict: 'error', reason: context.why, score: undefined, evidence: NO_EVIDENCE, labels: undefined }
  }
  counts.filtered++
  if (truth === UNKNOWN) counts.filteredUnknown++
  return null
}

/** For evals that are asked on behalf of another: their subjects are counted when they are judged themselves. */
export const UNCOUNTED: EvalCounts = emptyCounts()

export type VerdictOrNone = Verdict | 'none'
