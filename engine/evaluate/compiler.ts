/** What the compilers of the single operators need of each other. `compile.ts` ties them together. */
import type { Expr, Subject } from '../../dsl/plan.ts'
import type { Verdict } from '../model/result.ts'
import type { PatternSet } from '../regex/patterns.ts'
import type { Context, TruthFn, ValueFn } from './context.ts'

export interface Compiler {
  /** Whether plain fields are the trace's or the span's at hand. */
  readonly level: 'trace' | 'span'
  /** The eval is decided on a span alone: what it reads of the trace, the span itself answers. */
  readonly arrival: boolean
  /** Put before a field's path in reasons: `llm_call.` inside an aggregate, empty elsewhere. */
  readonly prefix: string
  readonly patterns: PatternSet
  truth(expr: Expr): TruthFn
  value(expr: Expr): ValueFn
  bounds(expr: Expr): Bounds
  /** The same, inside an aggregate over spans of `subject`. */
  over(subject: Exclude<Subject, 'trace' | 'session'>): Compiler
  /** What the eval `id` says of the subject at hand; `none` where that is outside its scope. */
  verdictOf(id: string): (context: Context) => Verdict | 'none'
}

/** A number's least and greatest possible value; undefined (or no function) where nothing is known. */
export type BoundFn = (context: Context) => number | undefined

/**
 * What is known of a number that is not known itself: a sum with a missing element is at least its known part, if its
 * elements can't be negative. A comparison that this decides is decided.
 */
export interface Bounds {
  /** Whether they may know something when the value is missing. */
  readonly partial: boolean
  readonly low: BoundFn | null
  readonly high: BoundFn | null
}

export const UNBOUNDED: Bounds = { partial: false, low: null, high: null }
