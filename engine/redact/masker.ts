import { maskRange } from '../regex/mask.ts'
import type { PatternGroup, PatternSet } from '../regex/patterns.ts'

/** Masks one text with one group; shared by everything that walks a span. */
export interface TextMasker {
  /** The same text with every match replaced by as many `*`. */
  mask(group: PatternGroup, text: string): string
  /** Matches masked so far, each place counted once. */
  count(): number
}

/**
 * UTF-16 units of a span that are scanned, of all its different texts together; what lies beyond is masked as a whole. Scanning
 * holds the thread: this many take some 0.2 s in the worst case, a text of nothing but addresses.
 */
export const MAX_SCANNED_UNITS = 1 << 19
/** Looked at beyond that, so that a match across the bound is found whole. */
const OVERLAP_UNITS = 4_096

/** Shorter texts are scanned faster than looked up. */
const MEMO_MIN_LENGTH = 32
const MEMO_MAX_ENTRIES = 8

/**
 * A masker for one span. It remembers the first texts it saw: `input.text` is the text of a message as well, and comparing
 * two strings is cheaper than scanning one.
 */
export function createMasker(patterns: PatternSet): TextMasker {
  const seen: { group: PatternGroup; text: string; masked: string; matches: number }[] = []
  let count = 0
  let left = MAX_SCANNED_UNITS
  return {
    count: () => count,
    mask: (group, text) => {
      for (const entry of seen) {
        if (entry.group !== group || entry.text !== text) continue
        count += entry.matches
        return entry.masked
      }
      const scanned = Math.min(text.length, left)
      left -= scanned
      const isCut = scanned < text.length
      const looked = isCut ? text.slice(0, scanned === 0 ? 0 : scanned + OVERLAP_UNITS) : text
      const matches = patterns.find(group, looked)
      let masked = matches.length === 0 ? looked : maskRange(looked, matches)
      if (isCut) masked = masked.slice(0, scanned) + '*'.repeat(text.length - scanned)
      const places = matches.length + (isCut ? 1 : 0)
      count += places
      if (text.length >= MEMO_MIN_LENGTH && seen.length < MEMO_MAX_ENTRIES) {
        seen.push({ group, text, masked, matches: places })
      }
      return masked
    },
  }
}
