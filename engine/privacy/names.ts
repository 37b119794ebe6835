/** Which rules hold for an attribute, by its name. */
import type { NameRule, Place } from './policy.ts'

/** Bits of a verdict. */
export const DROP = 1
export const TOKENISE = 2
/** Rules may hold for what stands below it, in a map. */
export const BELOW = 4

export interface NameRules {
  readonly isEmpty: boolean
  /** Of what stands in a map, the path with points between: `metadata.user.id`. */
  verdict(place: Place, name: string): number
}

/** Names come from a small vocabulary, but for senders who number them. */
const MAX_REMEMBERED = 4_096

export function compileNames(drop: readonly NameRule[], tokenise: readonly NameRule[]): NameRules {
  const known: Record<Place, Map<string, number>> = {
    resource: new Map(),
    scope: new Map(),
    span: new Map(),
    event: new Map(),
    link: new Map(),
  }
  const judge = (place: Place, name: string): number => {
    const inPlace = (rule: NameRule): boolean => rule.place === null || rule.place === place
    const matches = (rule: NameRule): boolean => inPlace(rule) && isMatch(rule.pattern, name)
    if (drop.some(matches)) return DROP
    if (tokenise.some(matches)) return TOKENISE
    const isAbove = (rule: NameRule): boolean => inPlace(rule) && mayContinue(rule.pattern, `${name}.`)
    return drop.some(isAbove) || tokenise.some(isAbove) ? BELOW : 0
  }
  return {
    isEmpty: drop.length === 0 && tokenise.length === 0,
    verdict: (place, name) => {
      const verdicts = known[place]
      const seen = verdicts.get(name)
      if (seen !== undefined) return seen
      const verdict = judge(place, name)
      if (verdicts.size >= MAX_REMEMBERED) verdicts.clear()
      verdicts.set(name, verdict)
      return verdict
    },
  }
}

/** Goes back to the last `*` alone, so that a hostile name takes no more than its length times the pattern's. */
export function isMatch(pattern: string, name: string): boolean {
  let at = 0
  let star = -1
  let resume = 0
  for (let i = 0; i < name.length; ) {
    if (at < pattern.length && pattern[at] === '*') {
      star = at++
      resume = i
    } else if (at < pattern.length && pattern[at] === name[i]) {
      at++
      i++
    } else if (star >= 0) {
      at = star + 1
      i = ++resume
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}

/** Whether the pattern matches some name that begins with `start`. */
function mayContinue(pattern: string, start: string): boolean {
  const star = pattern.indexOf('*')
  // With a `*` inside what is to come, anything may follow.
  if (star >= 0 && star <= start.length) return start.startsWith(pattern.slice(0, star))
  return pattern.startsWith(start)
}
