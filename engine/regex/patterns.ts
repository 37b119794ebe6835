import type { PatternPlan } from '../../dsl/plan.ts'
import { CompiledGroup, type CompiledPattern } from './compiled-group.ts'
import { GATES } from './gates.ts'
import type { PatternGroup, PatternMatch } from './matcher.ts'
import { createRe2Matcher } from './re2-matcher.ts'
import { createReviewedMatcher, reviewedName } from './reviewed-matcher.ts'

export type { PatternGroup, PatternMatch } from './matcher.ts'

export interface PatternSet {
  /** Prepares patterns (indices into the plan's) to be asked together. Do this once, not for each text. */
  group(indices: readonly number[]): PatternGroup
  /** True when any pattern of the group has a match that passes its checksum. */
  anyMatch(group: PatternGroup, text: string): boolean
  /** All matches that pass their checksums, by start, then by the pattern's place in the group; patterns may overlap. */
  find(group: PatternGroup, text: string): PatternMatch[]
  /**
   * Whether any pattern of the group may match one of the texts whose UTF-8 bytes stand somewhere in `latin1`, one character a byte: a no
   * is certain, and costs less than making strings of all of them.
   */
  mayMatchBytes(group: PatternGroup, latin1: string): boolean
}

/**
 * Compiles a plan's patterns. Users' own run on re2js. Those of the standard packs, whose text was reviewed, run on V8 and
 * only if a few searches in the text say that they could match: to the same result, several times faster. Each is run once
 * here, so that the first span does not pay for building its machine.
 *
 * Throws on a source that is not RE2: the checker refuses those before a plan exists.
 */
export function compilePatterns(patterns: readonly PatternPlan[]): PatternSet {
  const compiled = patterns.map(compilePattern)
  for (const { matcher } of compiled) matcher.find(WARM_UP_TEXT)
  return {
    group: (indices) =>
      new CompiledGroup(
        [...indices],
        indices.map((index) => {
          const pattern = compiled[index]
          if (pattern === undefined) throw new RangeError(`no pattern ${index} in a plan of ${patterns.length}`)
          return pattern
        }),
      ),
    anyMatch: (group, text) => ownGroup(group).anyMatch(text),
    find: (group, text) => ownGroup(group).find(text),
    mayMatchBytes: (group, latin1) => ownGroup(group).mayMatchBytes(latin1),
  }
}

const WARM_UP_TEXT =
  'Hello Ann, order 4155 of 2026-03-04 (ref. AB12) costs $20.50, see https://example.com/a_b?c=1#d or ask bot@example.com at 10:30.'

function compilePattern(plan: PatternPlan): CompiledPattern {
  const reviewed = reviewedName(plan)
  if (reviewed !== null)
    return { plan, matcher: createReviewedMatcher(plan), gate: GATES[reviewed], isCostly: false, mayMatchBytes: null }
  const matcher = createRe2Matcher(plan)
  return { plan, matcher, gate: 0, isCostly: !matcher.hasLiteral, mayMatchBytes: matcher.mayMatchBytes }
}

function ownGroup(group: PatternGroup): CompiledGroup {
  if (!(group instanceof CompiledGroup)) throw new TypeError('a pattern group is made by `PatternSet.group`')
  return group
}
