import type { PatternGroup } from '../regex/patterns.ts'
import { mapKept } from './map-kept.ts'
import type { TextMasker } from './masker.ts'

/** Nothing real nests so deep: what lies below is replaced by `*`, since it can't be looked at within a bounded stack. */
const MAX_DEPTH = 100

/**
 * A parsed JSON value with every string in it masked; keys stay. A number whose digits match (a card sent as a number)
 * becomes the masked text. Returns the very same value when nothing matched.
 */
export function maskJson(value: unknown, group: PatternGroup, masker: TextMasker, depth = 0): unknown {
  if (typeof value === 'string') return masker.mask(group, value)
  if (typeof value === 'number' || typeof value === 'bigint') return maskNumber(value, group, masker)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return '*'
  if (Array.isArray(value)) return mapKept(value, (item: unknown) => maskJson(item, group, masker, depth + 1))
  let copy: Record<string, unknown> | null = null
  for (const [key, item] of Object.entries(value)) {
    const masked = maskJson(item, group, masker, depth + 1)
    if (masked === item) continue
    copy ??= { ...value }
    // Not by assignment: a key named `__proto__` would set the prototype instead.
    Object.defineProperty(copy, key, { value: masked, enumerable: true, configurable: true, writable: true })
  }
  return copy ?? value
}

/** Below this many digits no number is personal data by itself: token counts and the like are not scanned. */
const MIN_SCANNED_NUMBER = 1_000_000

export function maskNumber<N extends number | bigint>(value: N, group: PatternGroup, masker: TextMasker): N | string {
  if (value > -MIN_SCANNED_NUMBER && value < MIN_SCANNED_NUMBER) return value
  const text = String(value)
  const masked = masker.mask(group, text)
  return masked === text ? value : masked
}
