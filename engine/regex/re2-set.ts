import { RE2JSException, RE2Set } from 're2js'
import type { PatternPlan } from '../../dsl/plan.ts'

/** More patterns at once make a machine of more states than its memory holds, which is then rebuilt over and over. */
export const MAX_SET_SIZE = 10
const DFA_MEMORY_BYTES = 4 * 1024 * 1024

/** Several patterns asked in one pass; `candidates` says which of them match, by their place in the set. */
export interface Re2SetGate {
  candidates(text: string): readonly number[]
}

/**
 * Puts patterns into sets of at most ten. Worth it for patterns without a required literal: five to eight of them cost as
 * much as two asked alone. Null for a set that re2js finds too large; its patterns are then asked one by one.
 */
export function createRe2Sets(plans: readonly PatternPlan[]): (Re2SetGate | null)[] {
  const sets: (Re2SetGate | null)[] = []
  for (let at = 0; at < plans.length; at += MAX_SET_SIZE) sets.push(createSet(plans.slice(at, at + MAX_SET_SIZE)))
  return sets
}

function createSet(plans: readonly PatternPlan[]): Re2SetGate | null {
  if (plans.length < 2) return null
  const set = new RE2Set(RE2Set.UNANCHORED, 0, DFA_MEMORY_BYTES)
  try {
    for (const { source, caseInsensitive } of plans) set.add(caseInsensitive ? `(?i:${source})` : source)
    set.compile()
  } catch (error) {
    if (error instanceof RE2JSException) return null
    throw error
  }
  return { candidates: (text) => set.match(text) }
}
