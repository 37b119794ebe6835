/**
 * What is certain about missing fields where a condition is known to hold. A subject is in scope only when its scope is
 * true, not when it is unknown: so `llm_call where output.text is present` has a text, and so has `where output.text contains "x"`.
 */
import type { Expr } from '../plan.ts'
import type { MissingCause } from './context.ts'

const NOTHING: ReadonlySet<string> = new Set()

/** Fields that are present if `expr` is true. */
export function presentWhenTrue(expr: Expr): ReadonlySet<string> {
  return present(expr, true)
}

/** Fields that are present if `expr` is false. */
export function presentWhenFalse(expr: Expr): ReadonlySet<string> {
  return present(expr, false)
}

function present(expr: Expr, outcome: boolean): ReadonlySet<string> {
  switch (expr.op) {
    case 'and':
      return combine(expr.args, outcome, outcome)
    case 'or':
      return combine(expr.args, outcome, !outcome)
    case 'not':
      return present(expr.arg, !outcome)
    case 'is_present':
      return outcome ? strictFields(expr.arg) : NOTHING
    case 'is_missing':
      return outcome ? NOTHING : strictFields(expr.arg)
    default:
      return strictFields(expr)
  }
}

/** All of them hold (union), or at least one does (intersection). */
function combine(args: readonly Expr[], outcome: boolean, all: boolean): ReadonlySet<string> {
  const sets = args.map((arg) => present(arg, outcome))
  if (all) return new Set(sets.flatMap((set) => [...set]))
  const [first, ...rest] = sets
  return new Set([...(first ?? [])].filter((key) => rest.every((set) => set.has(key))))
}

/** Fields without which the expression has no value. */
function strictFields(expr: Expr): ReadonlySet<string> {
  switch (expr.op) {
    case 'field':
      return new Set([expr.path])
    case 'trace_field':
      return new Set([`trace.${expr.path}`])
    case 'attr':
      return new Set([attrKey(expr.name)])
    case 'compare':
    case 'arith':
    case 'contains':
    case 'starts_with':
      return new Set([...strictFields(expr.left), ...strictFields(expr.right)])
    case 'in':
    case 'matches':
      return strictFields(expr.value)
    case 'length':
    case 'is_json':
      return strictFields(expr.arg)
    default:
      return NOTHING
  }
}

export function attrKey(name: string): string {
  return `attr(${JSON.stringify(name)})`
}

export function without(causes: readonly MissingCause[], present: ReadonlySet<string>): readonly MissingCause[] {
  return present.size === 0 ? causes : causes.filter((cause) => !present.has(cause.key))
}
