/** What of a stored text may go into a repository: personal data is replaced by made-up data of its kind, so that verdicts stay. */
import type { Plan } from '../../dsl/plan.ts'
import { maskRange } from '../regex/mask.ts'
import { compilePatterns, type PatternGroup, type PatternSet } from '../regex/patterns.ts'

/** Each is one that the standard pack finds; all are published as examples. */
export const STAND_INS: Readonly<Record<string, string>> = {
  email: 'someone@example.com',
  phone: '+1 202-555-0143',
  iban: 'DE89 3704 0044 0532 0130 00',
  us_ssn: '078-05-1120',
  card: '4111 1111 1111 1111',
  ip: '93.184.216.34',
  api_key: 'sk-00000000000000000000example',
  jwt: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiIwIn0.example',
}

const MADE_UP = Object.values(STAND_INS)

/** Those of the standard pack of personal data. */
export interface PiiPatterns {
  readonly patterns: PatternSet
  readonly group: PatternGroup
}

/** By the pack of personal data, and by the patterns that the evals' own `redact:` clauses name; what these match becomes `*`. */
export function createRedaction(pii: PiiPatterns, plan: Plan): (text: string) => string {
  const own = plan.evals.flatMap((one) => (one.kind === 'online' ? (one.redact?.patterns ?? []) : []))
  const indices = [...new Set(own)].filter((index) => plan.patterns[index]?.builtin === null)
  const patterns = compilePatterns(plan.patterns)
  const group = indices.length === 0 ? null : patterns.group(indices)
  return (text) => {
    const replaced = withStandIns(text, pii)
    if (group === null) return replaced
    const found = patterns.find(group, replaced)
    return maskRange(
      replaced,
      found.filter((range) => !isMadeUp(replaced.slice(range.start, range.end))),
    )
  }
}

function withStandIns(text: string, { patterns, group }: PiiPatterns): string {
  let replaced = ''
  let at = 0
  for (const { pattern, start, end } of joined(patterns.find(group, text))) {
    replaced += text.slice(at, start) + (STAND_INS[pattern] ?? '*'.repeat(end - start))
    at = end
  }
  replaced += text.slice(at)
  // What stands beside a replaced text may be something now: no second guess is worth a leak.
  const left = patterns.find(group, replaced).filter(({ start, end }) => !isMadeUp(replaced.slice(start, end)))
  return maskRange(replaced, left)
}

function isMadeUp(text: string): boolean {
  return MADE_UP.some((known) => known.includes(text.trim()))
}

interface Match {
  readonly pattern: string
  readonly start: number
  readonly end: number
}

/** Matches that overlap are one, of the first one's kind. */
function joined(matches: readonly Match[]): Match[] {
  const found: Match[] = []
  for (const { pattern, start, end } of matches) {
    const last = found.at(-1)
    if (last !== undefined && start < last.end) found[found.length - 1] = { ...last, end: Math.max(last.end, end) }
    else found.push({ pattern: pattern.slice(pattern.lastIndexOf('.') + 1), start, end })
  }
  return found
}
