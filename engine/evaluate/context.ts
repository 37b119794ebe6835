/** The state that compiled expressions share: one per evaluator, reused, because evaluation is synchronous. */
import type { Reason } from '../model/result.ts'
import type { Value } from './fields.ts'
import type { ProjectedSpan, TraceView } from './subject.ts'
import type { Truth } from './truth.ts'

export interface Context {
  /** The span at hand: the subject, or the one that an aggregate looks at. Undefined while the subject is a trace. */
  span: ProjectedSpan | undefined
  /** Undefined when a span is judged as it arrives. */
  trace: TraceView | undefined
  /** The value of the eval's `score:` clause, worked out before `pass:`. */
  score: Value | undefined
  /** Why `score` is undefined. */
  scoreWhy: Reason
  /** Why the last expression came out unknown or missing; meaningful right after one that did. */
  why: Reason
  /** Set by a span selector: why spans may be lacking from its answer (errors in `where`, a cut trace). */
  selectionWhy: Reason | undefined
}

/** Missing or of a wrong type is `undefined`, with the reason in `context.why`. */
export type ValueFn = (context: Context) => Value | undefined
/** `UNKNOWN` has its reason in `context.why`. */
export type TruthFn = (context: Context) => Truth

const NEVER_SET: Reason = { code: 'wrong_type', detail: 'no reason was given' }

export function createContext(): Context {
  return {
    span: undefined,
    trace: undefined,
    score: undefined,
    scoreWhy: NEVER_SET,
    why: NEVER_SET,
    selectionWhy: undefined,
  }
}

/** The span at hand. Throws where there is none: the checker has let a span's field into a trace's expression. */
export function spanAtHand(context: Context): ProjectedSpan {
  if (context.span === undefined) throw new TypeError('an expression on a span was evaluated without one')
  return context.span
}

/** The trace around. Throws at arrival: an eval that reads the trace has to wait until it settles. */
export function traceAround(context: Context): TraceView {
  if (context.trace === undefined)
    throw new TypeError('an expression on a trace was evaluated before the trace settled')
  return context.trace
}
