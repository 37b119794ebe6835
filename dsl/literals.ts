/** The value that a literal's text stands for, in the plan's units. */
import type { Literal } from './plan.ts'
import type { ExprNode } from './syntax/ast.ts'
import { blockText, unescapeText } from './syntax/text.ts'
import { INT, NUMBER, STRING, type Type } from './types.ts'

type LiteralNode = Extract<ExprNode, { kind: 'literal' }>

const NS: Record<string, number> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86_400e9, w: 604_800e9 }

/** Integer nanoseconds of `9.2s`; null when it is more than can be counted exactly. */
export function durationNs(raw: string): number | null {
  const match = /^([\d.]+)([a-z]+)$/.exec(raw)
  const unit = NS[match?.[2] ?? '']
  if (match === null || unit === undefined) return null
  return safe(Math.round(Number(match[1]) * unit))
}

function safe(value: number): number | null {
  return Number.isSafeInteger(value) ? value : null
}

export interface LiteralValue {
  readonly type: Type
  readonly value: Literal
}

/** Null: the number is too large to be exact. */
export function literalValue(node: LiteralNode): LiteralValue | null {
  const { raw } = node
  switch (node.token) {
    case 'text':
      return { type: STRING, value: unescapeText(raw) }
    case 'block':
      return { type: STRING, value: blockText(raw) }
    case 'int':
      return exact(INT, safe(Number(raw)))
    case 'decimal':
      return exact(NUMBER, Number(raw))
    case 'duration':
      return exact({ kind: 'duration' }, durationNs(raw))
    case 'percent':
      return exact({ kind: 'ratio' }, hundredth(raw.slice(0, -1)))
    case 'points':
      return exact({ kind: 'points' }, hundredth(raw.slice(0, -2)))
    case 'money': {
      const currency = raw.slice(-3)
      return exact({ kind: 'money', currency }, safe(Math.round(Number(raw.slice(0, -3).trim()) * 1e6)))
    }
    case 'time':
      return { type: STRING, value: raw }
  }
}

/** `95` is 0.95 to the last digit: shifting the decimal point, not dividing. */
function hundredth(digits: string): number {
  return Number(`${digits}e-2`)
}

function exact(type: Type, value: number | null): LiteralValue | null {
  return value === null || !Number.isFinite(value) ? null : { type, value }
}
