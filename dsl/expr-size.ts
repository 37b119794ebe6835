import { children } from './expr-walk.ts'
import type { Expr } from './plan.ts'

/** Nodes of one expression with all names written out: names that double what they name would otherwise fill any memory. */
export const MAX_NODES = 5_000

/** True when the expression has more than `limit` nodes; looks at no more than that many. */
export function isLargerThan(expr: Expr, limit: number): boolean {
  const open = [expr]
  for (let seen = 0; ; seen++) {
    const next = open.pop()
    if (next === undefined) return false
    if (seen >= limit) return true
    for (const child of children(next)) {
      if (open.length > limit) return true
      open.push(child)
    }
  }
}
