/** Types of expressions while checking: the plan's, and a few that never reach a plan. */
import type { ValueType } from './plan.ts'

export type Type =
  | ValueType
  /** Difference of two ratios; a ratio in the plan. */
  | { kind: 'points' }
  /** Of what was in error already: fits everywhere, so that one cause is told once. */
  | { kind: 'unknown' }

export const BOOL: Type = { kind: 'bool' }
export const STRING: Type = { kind: 'string' }
export const INT: Type = { kind: 'int' }
export const NUMBER: Type = { kind: 'number' }
export const DURATION: Type = { kind: 'duration' }

/** A type with its article, for messages. */
export function describeType(type: Type): string {
  switch (type.kind) {
    case 'bool':
      return 'a condition (bool)'
    case 'string':
      return 'a text (string)'
    case 'int':
      return 'a whole number (int)'
    case 'number':
      return 'a number'
    case 'tokens':
      return 'a number of tokens'
    case 'duration':
      return 'a duration'
    case 'ratio':
      return 'a ratio'
    case 'points':
      return 'a difference in percentage points'
    case 'money':
      return `an amount in ${type.currency}`
    case 'time':
      return 'a point in time'
    case 'enum':
      return `one of ${type.values.map((value) => `"${value}"`).join(', ')}`
    case 'list':
      return type.of.kind === 'bool' ? 'a list' : `a list, each ${describeType(type.of)}`
    case 'documents':
      return 'a list of documents'
    case 'unknown':
      return 'something in error'
  }
}

export function isNumeric(type: Type): boolean {
  return ['int', 'number', 'tokens', 'duration', 'ratio', 'points', 'money'].includes(type.kind)
}

/** `<` and `<=` have a meaning. */
export function isOrdered(type: Type): boolean {
  return isNumeric(type) || type.kind === 'time' || type.kind === 'unknown'
}

/** The plan's name of a type; an erroneous one never gets there, because no plan is made then. */
export function planType(type: Type): ValueType {
  if (type.kind === 'points') return { kind: 'ratio' }
  return type.kind === 'unknown' ? { kind: 'bool' } : type
}

/**
 * The type in which two operands may be compared or added; null when there is none. Nothing is converted: an int is a
 * number as it is, a text literal may be one of an enum's values, and everything else has to be of the same type.
 */
export function commonType(a: Type, b: Type): Type | null {
  if (a.kind === 'unknown') return b
  if (b.kind === 'unknown') return a
  if ((a.kind === 'int' && b.kind === 'number') || (a.kind === 'number' && b.kind === 'int')) return NUMBER
  if (a.kind === 'enum' && b.kind === 'string') return a
  if (a.kind === 'string' && b.kind === 'enum') return b
  if (a.kind === 'money' && b.kind === 'money') return a.currency === b.currency ? a : null
  if (a.kind === 'list' && b.kind === 'list') return commonType(a.of, b.of) === null ? null : a
  return a.kind === b.kind ? a : null
}
