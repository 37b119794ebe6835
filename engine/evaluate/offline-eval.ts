/** One offline eval, compiled: which subjects of a trace are in its scope, and its verdict once it has a score. */
import type { OfflineEvalPlan, Plan } from '../../dsl/plan.ts'
import type { Reason } from '../model/result.ts'
import { compilePatterns, type PatternSet } from '../regex/patterns.ts'
import { createCompiler } from './compile.ts'
import { type Context, createContext } from './context.ts'
import { compileEvalSet } from './eval-set.ts'
import { compileInquiry } from './judged.ts'
import { compileLabels, labelsByEval } from './labels.ts'
import { compileMeasure } from './measure.ts'
import type { Measured } from './measured.ts'
import type { Inquiry } from './over-traces.ts'
import { kindOf, type ProjectedSpan, type TraceView } from './subject.ts'
import { byStart } from './trace-view.ts'
import { TRUE } from './truth.ts'
import { type Decision, decide } from './verdict.ts'

/** What the judge said of a subject, or why there is no score. */
export type Judged = { kind: 'score'; score: number } | { kind: 'none'; why: Reason }

export interface OfflineEval {
  readonly plan: OfflineEvalPlan
  /** The subjects of the trace that are in scope: one `undefined` for the trace itself, or spans by start. */
  subjects(trace: TraceView): (ProjectedSpan | undefined)[]
  /** The score by a metric that asks no judge; null where one has to be asked. */
  readonly measure: ((trace: TraceView, span: ProjectedSpan | undefined) => Measured) | null
  /** What to ask a judge; null where `measure` is not. */
  readonly inquire: ((trace: TraceView, span: ProjectedSpan | undefined) => Inquiry) | null
  /** The score by the proxy, on the eval's own scale; null where it has none. */
  readonly proxy: ((trace: TraceView, span: ProjectedSpan | undefined) => Measured) | null
  decide(trace: TraceView, span: ProjectedSpan | undefined, judged: Judged): Decision
  /** What alerts are divided by. */
  labels(trace: TraceView, span: ProjectedSpan | undefined): Readonly<Record<string, string>> | undefined
}

/** Throws on a plan that the checker would not have let through. An eval of sessions takes views of sessions (`session-view.ts`). */
export function compileOfflineEval(
  plan: Plan,
  evalPlan: OfflineEvalPlan,
  patterns: PatternSet = compilePatterns(plan.patterns),
): OfflineEval {
  const { subject, where, traceWhere } = evalPlan.sample.scope
  const onTrace = subject === 'trace' || subject === 'session'
  const kind = subject === 'trace' || subject === 'session' ? null : kindOf(subject)
  const set = compileEvalSet(plan, patterns)
  const settings = { arrival: false, patterns, verdictOf: set.verdictOf, score: 'given' } as const
  const compiler = createCompiler({ ...settings, level: onTrace ? 'trace' : 'span' })
  const inTrace = traceWhere === null ? null : createCompiler({ ...settings, level: 'trace' }).truth(traceWhere)
  const inScope = where === null ? null : compiler.truth(where)
  const pass = compiler.truth(evalPlan.pass)
  const measure =
    evalPlan.method.kind === 'metric' ? compileMeasure(evalPlan.method.metric, compiler, subject === 'session') : null
  const inquire = measure === null ? compileInquiry(evalPlan.method, compiler, subject === 'session') : null
  const proxy = evalPlan.proxy === undefined ? null : compileMeasure(evalPlan.proxy, compiler, subject === 'session')
  const labels = compileLabels(labelsByEval(plan).get(evalPlan.id) ?? [], compiler)
  const context = createContext()
  const about =
    <T>(read: (context: Context) => T) =>
    (trace: TraceView, span: ProjectedSpan | undefined): T => {
      set.begin()
      context.trace = trace
      context.span = span
      return read(context)
    }

  return {
    plan: evalPlan,
    labels(trace, span) {
      context.trace = trace
      context.span = span
      return labels?.(context)
    },
    subjects(trace) {
      set.begin()
      context.trace = trace
      context.span = undefined
      // What cannot be decided is left out, as online.
      if (inTrace !== null && inTrace(context) !== TRUE) return []
      const candidates = onTrace
        ? [undefined]
        : trace.spans.filter((span) => kind === null || span.kind === kind).sort(byStart)
      if (inScope === null) return candidates
      return candidates.filter((span) => {
        context.span = span
        return inScope(context) === TRUE
      })
    },
    measure: measure === null ? null : about(measure),
    inquire: inquire === null ? null : about(inquire),
    proxy: proxy === null ? null : about((context) => onScale(proxy(context), evalPlan)),
    decide(trace, span, judged) {
      set.begin()
      context.trace = trace
      context.span = span
      context.score = judged.kind === 'score' ? judged.score : undefined
      if (judged.kind === 'none') context.scoreWhy = judged.why
      const truth = pass(context)
      return decide(truth, context.why, evalPlan.missing)
    },
  }
}

/** A proxy gives a ratio: of a rubric's scale it is as far from the lowest to the highest level. */
function onScale(measured: Measured, { method }: OfflineEvalPlan): Measured {
  if (measured.kind === 'none' || method.kind === 'metric') return measured
  const { low, high } = method.scale
  return { ...measured, score: low + measured.score * (high - low) }
}
