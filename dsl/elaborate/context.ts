import type { Identities } from '../hash.ts'
import type { DefineDecl, Module } from '../module.ts'
import type { Expr, PatternPlan, Subject } from '../plan.ts'
import type { ReadLabels } from '../resolve.ts'
import type { SpanSubject } from '../schema.ts'
import type { Span } from '../source.ts'
import type { MissingCause, Typed } from '../typed.ts'
import type { Type } from '../types.ts'

export { ERRONEOUS, type MissingCause, type Typed, UNKNOWABLE } from '../typed.ts'

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
  readonly identities: Identities
  /** Of the files that `labels:` names. */
  readonly readLabels: ReadLabels
  /** The value of a constant, elaborated once. */
  constant(module: Module, name: string): Typed
  /** Looks at a named expression by itself, once: false when no subject makes sense of it, or it needs itself (told). */
  defined(module: Module, decl: DefineDecl): boolean
  /** A named or imported pattern; null when it is in error (told). */
  pattern(module: Module, name: string): PatternPlan | null
  /** Of an eval's verdict: its id, and the subject that it is of; null when it is unknown or in error (told). */
  verdictTarget(module: Module, path: string, span: Span): { evalId: string; subject: Subject } | null
  /** A scope used as the spans of an aggregate; null when it is none or in error. */
  spanScope(module: Module, name: string): { subject: SpanSubject; where: Expr | null } | null
}

/** The same project with patterns of its own: for what is looked at and not kept. */
export function scratchOf(project: Project): Project {
  return {
    patterns: new PatternTable(),
    identities: project.identities,
    readLabels: project.readLabels,
    constant: (module, name) => project.constant(module, name),
    defined: (module, decl) => project.defined(module, decl),
    pattern: (module, name) => project.pattern(module, name),
    verdictTarget: (module, path, span) => project.verdictTarget(module, path, span),
    spanScope: (module, name) => project.spanScope(module, name),
  }
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
