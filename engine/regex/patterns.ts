import type { PatternPlan } from '../../dsl/plan.ts'
import type { PatternMatcher } from './matcher.ts'
import { createRe2Matcher } from './re2-matcher.ts'

export interface PatternMatch {
  /** The pattern's qualified name, `PatternPlan.name`. */
  pattern: string
  /** UTF-16 code units into the text, end exclusive. */
  start: number
  end: number
}

/** Some patterns of a set which are asked together, as in `matches any [a, b]`. */
export interface PatternGroup {
  readonly indices: readonly number[]
}

export interface PatternSet {
  /** Prepares patterns (indices into the plan's) to be asked together. Do this once, not for each text. */
  group(indices: readonly number[]): PatternGroup
  /** True when any pattern of the group has a match that passes its checksum. */
  anyMatch(group: PatternGroup, text: string): boolean
  /** All matches that pass their checksums, by start, then by the pattern's place in the group; patterns may overlap. */
  find(group: PatternGroup, text: string): PatternMatch[]
}

/**
 * Compiles a plan's patterns. Throws on a source that is not RE2: the checker refuses those before a plan exists.
 */
export function compilePatterns(patterns: readonly PatternPlan[]): PatternSet {
  const matchers: PatternMatcher[] = patterns.map(createRe2Matcher)

  const matcherAt = (index: number): PatternMatcher => {
    const matcher = matchers[index]
    if (matcher === undefined) throw new RangeError(`no pattern ${index} in a plan of ${patterns.length}`)
    return matcher
  }

  return {
    group: (indices) => {
      for (const index of indices) matcherAt(index)
      return { indices: [...indices] }
    },
    anyMatch: (group, text) => group.indices.some((index) => matcherAt(index).test(text)),
    find: (group, text) => {
      const found: PatternMatch[] = []
      for (const index of group.indices) {
        const pattern = patterns[index]?.name ?? ''
        for (const range of matcherAt(index).find(text)) found.push({ pattern, ...range })
      }
      return found.sort((a, b) => a.start - b.start)
    },
  }
}
