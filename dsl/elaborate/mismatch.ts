/** Two operands of one operator: bringing bare numbers in line, and saying why the rest does not fit. */
import type { Fix } from '../diagnostics/diagnostic.ts'
import { replacement } from '../machine-fix.ts'
import type { ExprNode } from '../syntax/ast.ts'
import { describeType, type Type } from '../types.ts'
import type { ExprContext, Typed } from './context.ts'
import { adapt } from './literals.ts'

/** Bare numbers take the type of the other side. */
export function aligned(left: Typed, right: Typed): [Typed, Typed] {
  return [adapt(left, right.type), adapt(right, left.type)]
}

export function reportMismatch(
  node: Extract<ExprNode, { kind: 'binary' }>,
  left: Type,
  right: Type,
  rule: string,
  context: ExprContext,
): void {
  const { reporter } = context.module
  if (left.kind === 'money' && right.kind === 'money') {
    const label = `${left.currency} and ${right.currency}`
    reporter.report('E0209', node.opSpan, 'amounts in two currencies do not mix', {
      label,
      notes: ['nothing here knows an exchange rate'],
    })
    return
  }
  const notes = [
    `left is ${describeType(left)}, right is ${describeType(right)}`,
    ...unitAdvice(left, node.right, right),
    ...unitAdvice(right, node.left, left),
  ]
  const fix = bareNumberFix(left, node.right, right) ?? bareNumberFix(right, node.left, left)
  const details = { label: `${nameOf(left)} and ${nameOf(right)}`, notes, ...(fix !== null && { fix }) }
  reporter.report('E0201', node.opSpan, rule, details)
}

function nameOf(type: Type): string {
  return type.kind === 'money' ? type.currency : type.kind
}

/**
 * A bare number as what its place wants, where only one unit can be meant: 0.95 of a ratio, an amount in the other side's
 * currency. Whether `duration <= 5` is seconds nobody can know, nor whether a bare 5 is 5% or 500%.
 */
export function bareNumberFix(wanted: Type, node: ExprNode, found: Type): Fix | null {
  if (node.kind !== 'literal' || !(found.kind === 'int' || found.kind === 'number')) return null
  if (wanted.kind === 'money') return replacement(node.span, `${node.raw} ${wanted.currency}`)
  return wanted.kind === 'ratio' && node.token === 'decimal' && Number(node.raw) <= 1
    ? replacement(node.span, percentOf(node.raw))
    : null
}

function percentOf(raw: string): string {
  return `${Number((Number(raw) * 100).toPrecision(12))}%`
}

/** A bare number where a unit is wanted is the most frequent slip. */
export function unitAdvice(wanted: Type, node: ExprNode, found: Type): string[] {
  if (node.kind !== 'literal' || !(found.kind === 'int' || found.kind === 'number')) return []
  switch (wanted.kind) {
    case 'duration':
      return [`a duration has a unit: \`${node.raw}s\` or \`${node.raw}ms\``]
    case 'money':
      return [`an amount has a currency: \`${node.raw} ${wanted.currency}\``]
    case 'ratio':
      // Nobody means 9500%.
      return [`a ratio is a percentage: \`${Number(node.raw) > 1 ? `${node.raw}%` : percentOf(node.raw)}\``]
    default:
      return []
  }
}
