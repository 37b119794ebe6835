import type { Module } from '../module.ts'
import type { Expr, PatternPlan, Subject } from '../plan.ts'
import type { SpanSubject } from '../schema.ts'
import type { Span } from '../source.ts'
import type { Type } from '../types.ts'

/** A field that may be missing where it is read, so that what is built on it may be unknown. */
export interface MissingCause {
  /** As it would be written: `output.text`, `llm_call.cost`. Two causes with one key are missing together. */
  readonly key: string
  readonly span: Span
  readonly why: string
}

/** An expression with its type, as a plan has it. */
export interface Typed {
  readonly expr: Expr
  readonly type: Type
  /** Written as a bare number (or made of such): it takes the type that its place asks for. */
  readonly flexible: boolean
  readonly missing: readonly MissingCause[]
}

/** The patterns of a plan, each once. */
export class PatternTable {
  readonly patterns: PatternPlan[] = []
  readonly #indices = new Map<string, number>()

  add(pattern: PatternPlan): number {
    const identity = JSON.stringify([
      pattern.name,
      pattern.source,
      pattern.caseInsensitive,
      pattern.check,
      pattern.builtin,
    ])
    const known = this.#indices.get(identity)
    if (known !== undefined) return known
    const index = this.patterns.push(pattern) - 1
    this.#indices.set(identity, index)
    return index
  }
}

/** What is asked of the rest of the project while expressions are elaborated. */
export interface Project {
  readonly patterns: PatternTable
  /** The value of a constant, elaborated once. */
  constant(module: Module, name: string): Typed
  /** A named or imported pattern; null when it is in error (told). */
  pattern(module: Module, name: string): PatternPlan | null
  /** Of an eval's verdict: its id, and the subject that it is of; null when it is unknown or in error (told). */
  verdictTarget(module: Module, path: string, span: Span): { evalId: string; subject: Subject } | null
  /** A scope used as the spans of an aggregate; null when it is none or in error. */
  spanScope(module: Module, name: string): { subject: SpanSubject; where: Expr | null } | null
}

/** Where an expression stands: what its names mean. */
export interface ExprContext {
  readonly project: Project
  readonly module: Module
  /** Null in a constant, where there is nothing to read fields of. */
  readonly subject: Subject | null
  /** Null where there is no score to read. */
  readonly score: { type: Type; missing: readonly MissingCause[] } | null
  /** Set inside an aggregate. `value`: fields are written with the subject in front; `where`: bare. */
  readonly aggregate: 'value' | 'where' | null
  /** Patterns that were matched, for `redact:`. */
  readonly matched: Set<number>
}

/** Stands for what may be missing in an expression that could not be understood. */
export const UNKNOWABLE: MissingCause = { key: '', span: { start: 0, end: 0 }, why: '' }

/** Of an expression in error: fits everywhere and says nothing more. */
export const ERRONEOUS: Typed = {
  expr: { op: 'literal', type: { kind: 'bool' }, value: false },
  type: { kind: 'unknown' },
  flexible: false,
  missing: [UNKNOWABLE],
}
