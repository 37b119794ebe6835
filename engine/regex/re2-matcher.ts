import { RE2JS } from 're2js'
import type { PatternPlan } from '../../dsl/plan.ts'
import { passesCheck } from './checksum.ts'
import type { PatternMatcher, TextRange } from './matcher.ts'

/**
 * One RE2 pattern run by re2js: its lazy DFA decides, and positions are looked for only once it has said yes (the engines
 * that know positions are 10 to 100 times slower).
 *
 * Throws on a source that is not RE2: the checker has refused those before a plan exists.
 */
export function createRe2Matcher(plan: PatternPlan): PatternMatcher {
  const regex = RE2JS.compile(plan.source, plan.caseInsensitive ? RE2JS.CASE_INSENSITIVE : 0)

  const search = (text: string, stopAtFirst: boolean): TextRange[] => {
    const found: TextRange[] = []
    const matcher = regex.matcher(text)
    while (matcher.find()) {
      const start = matcher.start()
      const end = matcher.end()
      if (end === start || !passesCheck(plan.check, text.slice(start, end))) continue
      found.push({ start, end })
      if (stopAtFirst) break
    }
    return found
  }

  return {
    test: (text) => regex.test(text) && (plan.check === null || search(text, true).length > 0),
    find: (text) => (regex.test(text) ? search(text, false) : []),
  }
}
