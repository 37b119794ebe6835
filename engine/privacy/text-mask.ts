/** Masks texts of a span by patterns, those inside JSON too. */
import type { PatternPlan } from '../../dsl/plan.ts'
import { createMasker } from '../redact/masker.ts'
import { compilePatterns } from '../regex/patterns.ts'

export interface TextMask {
  /**
   * Whether there may be something to mask in any of the texts whose UTF-8 bytes stand in `latin1`, one character a byte. A no is certain.
   */
  mayMatchBytes(latin1: string): boolean
  /** For the texts of one span. The very same text comes back when nothing in it matched. */
  forSpan(): (text: string) => string
}

/** Null without patterns. */
export function compileTextMask(plans: readonly PatternPlan[]): TextMask | null {
  if (plans.length === 0) return null
  const patterns = compilePatterns(plans)
  const group = patterns.group(plans.map((_, index) => index))
  return {
    mayMatchBytes: (latin1) => hasEscapes(latin1) || patterns.mayMatchBytes(group, latin1),
    forSpan: () => {
      const masker = createMasker(patterns)
      const mask = (text: string): string => masker.mask(group, text)
      return (text) => mask(hasEscapes(text) ? maskEscaped(text, mask) : text)
    },
  }
}

/** JSON may write any character by its number; patterns would not see it. */
const hasEscapes = (text: string): boolean => text.includes('\\u') || text.includes('\\/')
/** In JSON that is a text of JSON, the backslash has one before it, or three. */
const ESCAPES = /\\+(?:u([0-9A-Fa-f]{4})|\/)/g

/** Looks at the text with its escapes read, and masks the same places in it as it is written. */
function maskEscaped(text: string, mask: (text: string) => string): string {
  let plain = ''
  /** Of each escape: where its character stands in `plain`, and where it begins and ends in `text`. */
  const escapes: { at: number; start: number; end: number }[] = []
  let copied = 0
  for (const { 0: whole, 1: hex, index } of text.matchAll(ESCAPES)) {
    plain += text.slice(copied, index)
    copied = index + whole.length
    escapes.push({ at: plain.length, start: index, end: copied })
    plain += hex === undefined ? '/' : String.fromCharCode(Number.parseInt(hex, 16))
  }
  if (escapes.length === 0) return text
  plain += text.slice(copied)
  const masked = mask(plain)
  if (masked === plain) return text
  let written = ''
  let from = 0
  for (const { at, start, end } of escapes) {
    written += masked.slice(from, at)
    written += masked[at] === plain[at] ? text.slice(start, end) : masked[at]
    from = at + 1
  }
  return written + masked.slice(from)
}
