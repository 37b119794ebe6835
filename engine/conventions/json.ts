/** JSON inside attributes: as text, or as OpenTelemetry's structured values. */
import type { AttributeValue } from '../model/span.ts'

/** Nothing real nests so deep, and whatever walks the value later recurses. */
const MAX_DEPTH = 100

/** The parsed text; undefined when it is no JSON (SDKs cut long attributes) or nests too deep. */
export function parseJson(text: string): unknown {
  try {
    // An escaped surrogate may stand alone after a cut; as a string it would not survive UTF-8.
    const value: unknown =
      text.includes('\\u') && ESCAPED_SURROGATE.test(text) ? JSON.parse(text, wellFormedReviver) : JSON.parse(text)
    return nestsWithin(value, MAX_DEPTH) ? value : undefined
  } catch {
    // SyntaxError, or a RangeError of the reviver's recursion.
    return undefined
  }
}

const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/

function wellFormedReviver(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value
}

function nestsWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  if (Array.isArray(value)) {
    for (const item of value) if (!nestsWithin(item, levels - 1)) return false
    return true
  }
  for (const key in value) if (!nestsWithin((value as Record<string, unknown>)[key], levels - 1)) return false
  return true
}

/** A structured attribute as plain JSON: 64-bit integers beyond 2^53 and what is no number in JSON become text. */
export function plainJson(value: AttributeValue): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (value instanceof Map) {
    // fromEntries defines properties: a key `__proto__` is one like any other.
    return Object.fromEntries([...value].map(([key, item]) => [key, plainJson(item)]))
  }
  if (Array.isArray(value)) return value.map((item: AttributeValue) => plainJson(item))
  return value
}

/** JSON text as sent; a structured value as its JSON. Undefined for what is empty. */
export function asJsonText(value: AttributeValue | undefined): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  return typeof value === 'string' ? value : JSON.stringify(plainJson(value))
}

/** A plain object's own property: keys such as `__proto__` or `constructor` never reach a prototype. */
export function property(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}
