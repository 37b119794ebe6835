/** What the checker knows of an expression: its form in the plan, its type, and what may be missing in it. */
import type { Expr } from './plan.ts'
import type { Span } from './source.ts'
import type { Type } from './types.ts'

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

/** Stands for what may be missing in an expression that could not be understood. */
export const UNKNOWABLE: MissingCause = { key: '', span: { start: 0, end: 0 }, why: '' }

/** Of an expression in error: fits everywhere and says nothing more. */
export const ERRONEOUS: Typed = {
  expr: { op: 'literal', type: { kind: 'bool' }, value: false },
  type: { kind: 'unknown' },
  flexible: false,
  missing: [UNKNOWABLE],
}

/** Causes inside of something that has a name, told where the name is written. */
export function causesAt(causes: readonly MissingCause[], span: Span): readonly MissingCause[] {
  return causes.map((cause) => (cause === UNKNOWABLE ? cause : { ...cause, span }))
}
