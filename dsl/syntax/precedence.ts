/**
 * From the grammar's flat expressions to trees. The grammar reads operands and operators in a row; how tightly they bind
 * is decided here, so that one rule stands for nine levels.
 */
import type { Span } from '../source.ts'
import type { BinaryOp, ExprNode, Ident } from './ast.ts'

export type FlatItem =
  | { kind: 'not'; span: Span }
  | { kind: 'operand'; node: ExprNode }
  | { kind: 'binary'; op: BinaryOp; span: Span }
  | { kind: 'in'; span: Span; items: ExprNode }
  | { kind: 'matches'; span: Span; any: boolean; patterns: ExprNode }
  | { kind: 'is'; span: Span; negated: boolean; what: Ident }

export type PrecedenceProblem =
  /** `middle`: what stands between the two operators. */
  | { kind: 'chained'; span: Span; middle: Span }
  | { kind: 'misplaced_not'; span: Span }
  | { kind: 'too_long'; span: Span }

// How tightly operators bind: the more, the tighter.
export const OR = 1
export const AND = 2
export const NOT = 3
export const COMPARE = 4
export const COALESCE = 5
export const ADD = 6
export const MULTIPLY = 7

const LEVELS: Record<BinaryOp, number> = {
  or: OR,
  and: AND,
  '==': COMPARE,
  '!=': COMPARE,
  '<': COMPARE,
  '<=': COMPARE,
  '>': COMPARE,
  '>=': COMPARE,
  contains: COMPARE,
  'starts with': COMPARE,
  '??': COALESCE,
  '+': ADD,
  '-': ADD,
  '*': MULTIPLY,
}
/** Operators in one expression outside brackets: trees get as deep as this. */
const MAX_OPERATORS = 500

/** Total: what cannot be folded becomes an `error` node and a problem. */
export function foldExpression(items: readonly FlatItem[], problems: PrecedenceProblem[]): ExprNode {
  if (items.length > MAX_OPERATORS * 2) {
    const span = spanOfItems(items)
    problems.push({ kind: 'too_long', span })
    return { kind: 'error', span }
  }
  const reader = new FlatReader(items, problems)
  return reader.expression(OR)
}

class FlatReader {
  #at = 0
  readonly #items: readonly FlatItem[]
  readonly #problems: PrecedenceProblem[]

  constructor(items: readonly FlatItem[], problems: PrecedenceProblem[]) {
    this.#items = items
    this.#problems = problems
  }

  /** An expression of operators that bind at least as tightly as `level`. */
  expression(level: number): ExprNode {
    let left = this.#prefix(level)
    let compared = false
    for (let item = this.#items[this.#at]; item !== undefined; item = this.#items[this.#at]) {
      const binds = levelOf(item)
      if (binds < level) break
      if (binds === COMPARE && compared) {
        this.#problems.push({ kind: 'chained', span: spanOfItem(item), middle: middleOf(left) })
        compared = false
      } else if (binds === COMPARE) compared = true
      else compared = false
      this.#at++
      left = this.#combine(left, item, binds)
    }
    return left
  }

  #prefix(level: number): ExprNode {
    const item = this.#items[this.#at]
    if (item === undefined) return { kind: 'error', span: { start: 0, end: 0 } }
    this.#at++
    if (item.kind === 'operand') return item.node
    if (item.kind !== 'not') return { kind: 'error', span: spanOfItem(item) }
    if (level > NOT) this.#problems.push({ kind: 'misplaced_not', span: item.span })
    const arg = this.expression(NOT)
    return { kind: 'not', arg, span: { start: item.span.start, end: arg.span.end } }
  }

  #combine(left: ExprNode, item: FlatItem, binds: number): ExprNode {
    const start = left.span.start
    switch (item.kind) {
      case 'binary': {
        const right = this.expression(binds + 1)
        return { kind: 'binary', op: item.op, opSpan: item.span, left, right, span: { start, end: right.span.end } }
      }
      case 'in':
        return { kind: 'in', value: left, items: item.items, span: { start, end: item.items.span.end } }
      case 'matches': {
        const { any, patterns } = item
        return { kind: 'matches', value: left, any, patterns, span: { start, end: patterns.span.end } }
      }
      case 'is': {
        const { negated, what } = item
        return { kind: 'is', value: left, negated, what, span: { start, end: what.span.end } }
      }
      default:
        return { kind: 'error', span: spanOfItem(item) }
    }
  }
}

function middleOf(left: ExprNode): Span {
  return left.kind === 'binary' ? left.right.span : { start: 0, end: 0 }
}

function levelOf(item: FlatItem): number {
  return item.kind === 'binary' ? LEVELS[item.op] : COMPARE
}

function spanOfItem(item: FlatItem): Span {
  return item.kind === 'operand' ? item.node.span : item.span
}

function spanOfItems(items: readonly FlatItem[]): Span {
  const first = items[0]
  const last = items.at(-1)
  return { start: first ? spanOfItem(first).start : 0, end: last ? spanOfItem(last).end : 0 }
}
