import type { PatternPlan } from '../../dsl/plan.ts'
import { GATES, openGates } from './gates.ts'
import type { PatternMatcher } from './matcher.ts'
import { createRe2Matcher } from './re2-matcher.ts'
import { createReviewedMatcher, reviewedName } from './reviewed-matcher.ts'

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

interface CompiledPattern {
  name: string
  matcher: PatternMatcher
  /** Its bit of `openGates`; 0 for a pattern that has no gate and is always asked. */
  gate: number
}

class CompiledGroup implements PatternGroup {
  readonly indices: readonly number[]
  readonly patterns: readonly CompiledPattern[]
  readonly gates: number

  constructor(indices: readonly number[], patterns: readonly CompiledPattern[]) {
    this.indices = indices
    this.patterns = patterns
    this.gates = patterns.reduce((gates, pattern) => gates | pattern.gate, 0)
  }
}

/**
 * Compiles a plan's patterns. Users' own run on re2js. Those of the standard packs, whose text was reviewed, run on V8 and
 * only if one pass over the text says that they could match: to the same result, several times faster.
 *
 * Throws on a source that is not RE2: the checker refuses those before a plan exists.
 */
export function compilePatterns(patterns: readonly PatternPlan[]): PatternSet {
  const compiled = patterns.map(compilePattern)
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
    anyMatch: (group, text) => {
      const { patterns, gates } = ownGroup(group)
      const open = gates === 0 ? 0 : openGates(text, gates)
      for (const { gate, matcher } of patterns) {
        if ((gate === 0 || (open & gate) !== 0) && matcher.test(text)) return true
      }
      return false
    },
    find: (group, text) => {
      const { patterns, gates } = ownGroup(group)
      const open = gates === 0 ? 0 : openGates(text, gates)
      const found: PatternMatch[] = []
      for (const { gate, matcher, name } of patterns) {
        if (gate !== 0 && (open & gate) === 0) continue
        for (const { start, end } of matcher.find(text)) found.push({ pattern: name, start, end })
      }
      return found.length > 1 ? found.sort((a, b) => a.start - b.start) : found
    },
  }
}

function compilePattern(plan: PatternPlan): CompiledPattern {
  const reviewed = reviewedName(plan)
  if (reviewed === null) return { name: plan.name, matcher: createRe2Matcher(plan), gate: 0 }
  return { name: plan.name, matcher: createReviewedMatcher(plan), gate: GATES[reviewed] }
}

function ownGroup(group: PatternGroup): CompiledGroup {
  if (!(group instanceof CompiledGroup)) throw new TypeError('a pattern group is made by `PatternSet.group`')
  return group
}
