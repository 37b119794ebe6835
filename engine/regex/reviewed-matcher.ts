import type { PatternPlan } from '../../dsl/plan.ts'
import { type EngineMatch, locate } from './locate.ts'
import type { PatternMatcher, TextRange } from './matcher.ts'
import { REVIEWED_SOURCES, type ReviewedName } from './pii-sources.ts'

const REVIEWED_CHECKS: Partial<Record<ReviewedName, PatternPlan['check']>> = { 'pii.card': 'luhn', 'pii.iban': 'iban' }

/** The patterns of `assay:pii`, by the names that it has for them. */
export const REVIEWED_PATTERNS: ReadonlyMap<string, PatternPlan> = new Map(
  (Object.keys(REVIEWED_SOURCES) as ReviewedName[]).map((name): [string, PatternPlan] => [
    name,
    {
      name,
      source: REVIEWED_SOURCES[name],
      caseInsensitive: false,
      check: REVIEWED_CHECKS[name] ?? null,
      builtin: name,
    },
  ]),
)

/**
 * Which reviewed pattern this is, if it is one to the letter. A pack's name alone proves nothing: the text that was reviewed
 * has to be the text that runs.
 */
export function reviewedName(plan: PatternPlan): ReviewedName | null {
  if (plan.builtin === null || !Object.hasOwn(REVIEWED_SOURCES, plan.builtin)) return null
  const name = plan.builtin as ReviewedName
  const same = plan.source === REVIEWED_SOURCES[name] && plan.check === (REVIEWED_CHECKS[name] ?? null)
  return same && !plan.caseInsensitive ? name : null
}

/** Runs a reviewed pattern on V8: the same text in JavaScript's spelling, linear because the review says so. */
export function createReviewedMatcher(plan: PatternPlan): PatternMatcher {
  // `u`: one character is one code point, as it is to RE2; else half a surrogate pair could be taken for context.
  const regex = new RegExp(toJavaScript(plan.source), 'dgu')

  const exec = (text: string, from: number): EngineMatch | null => {
    regex.lastIndex = from
    const match = regex.exec(text)
    if (match === null) return null
    const groups = match.indices?.groups
    const found = groups?.value ?? groups?.value2
    const value: TextRange | null = found === undefined ? null : { start: found[0], end: found[1] }
    return { end: match.index + match[0].length, value }
  }

  const each = (text: string, visit: (range: TextRange) => boolean): void =>
    locate(exec, text, plan.check, Number.POSITIVE_INFINITY, visit)

  return {
    test: (text) => {
      let found = false
      each(text, () => {
        found = true
        return false
      })
      return found
    },
    find: (text) => {
      const found: TextRange[] = []
      each(text, (range) => found.push(range) > 0)
      return found
    },
  }
}

function toJavaScript(source: string): string {
  return source
    .replaceAll('(?P<', '(?<')
    .replace(/\\x\{([\dA-F]{1,4})\}/g, (_whole, hex: string) => `\\u${hex.padStart(4, '0')}`)
}
