import { maskRange } from '../regex/mask.ts'
import type { PatternGroup, PatternSet } from '../regex/patterns.ts'

/** Masks one text with one group; shared by everything that walks a span. */
export interface TextMasker {
  /** The same text with every match replaced by as many `*`. */
  mask(group: PatternGroup, text: string): string
  /** Matches masked so far, each place counted once. */
  count(): number
}

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
  return {
    count: () => count,
    mask: (group, text) => {
      for (const entry of seen) {
        if (entry.group !== group || entry.text !== text) continue
        count += entry.matches
        return entry.masked
      }
      const matches = patterns.find(group, text)
      const masked = matches.length === 0 ? text : maskRange(text, matches)
      count += matches.length
      if (text.length >= MEMO_MIN_LENGTH && seen.length < MEMO_MAX_ENTRIES) {
        seen.push({ group, text, masked, matches: matches.length })
      }
      return masked
    },
  }
}
