import { RE2JS } from 're2js'
import type { PatternPlan } from '../../dsl/plan.ts'
import { type EngineMatch, locate, VALUE_GROUP } from './locate.ts'
import type { PatternMatcher, TextRange } from './matcher.ts'

/** Of the DFA's lazily built states, for each pattern; beyond it they are thrown away and built anew. */
const DFA_MEMORY_BYTES = 2 * 1024 * 1024

/**
 * Bounds the work of locating matches. Deciding whether a pattern matches is linear, but finding all its matches is not: each
 * search for the next may look ahead to the end of the text (`foo.*bar|foo`). So many characters, in steps × length, may be
 * looked at for one text, and never fewer than `MIN_STEPS` steps.
 */
const LOCATE_BUDGET_CHARS = 4 * 1024 * 1024
const MIN_STEPS = 32

export interface Re2Matcher extends PatternMatcher {
  /** A text without a literal that every match needs is answered by a search for it, at next to no cost. */
  readonly hasLiteral: boolean
  /**
   * Whether it may match any of the texts whose UTF-8 bytes stand somewhere in `latin1`, one character a byte: told by the literals that a
   * match cannot do without.
   */
  readonly mayMatchBytes: (latin1: string) => boolean
}

/**
 * One RE2 pattern run by re2js: its lazy DFA decides, and positions are looked for only once it has said yes (the engines
 * that know positions are 10 to 100 times slower). Matches count as `locate` says.
 *
 * Throws on a source that is not RE2: the checker has refused those before a plan exists.
 */
export function createRe2Matcher(plan: PatternPlan): Re2Matcher {
  const regex = RE2JS.compile(plan.source, plan.caseInsensitive ? RE2JS.CASE_INSENSITIVE : 0)
  boundDfaMemory(regex)
  const valueGroups = Object.keys(regex.namedGroups()).filter((name) => VALUE_GROUP.test(name))
  const isWholeMatch = valueGroups.length === 0
  const isBounded = hasBoundedLength(plan.source)

  const search = (text: string, visit: (range: TextRange) => boolean): void => {
    const matcher = regex.matcher(text)
    const exec = (_text: string, from: number): EngineMatch | null => {
      if (!matcher.find(from)) return null
      const end = matcher.end()
      if (isWholeMatch) return { end, value: { start: matcher.start(), end } }
      for (const name of valueGroups) {
        const start = matcher.start(name)
        if (start >= 0) return { end, value: { start, end: matcher.end(name) } }
      }
      return { end, value: null }
    }
    const maxSteps = isBounded
      ? Number.POSITIVE_INFINITY
      : Math.max(MIN_STEPS, Math.floor(LOCATE_BUDGET_CHARS / (text.length + 1)))
    locate(exec, text, plan.check, maxSteps, visit)
  }

  const anyFound = (text: string): boolean => {
    let found = false
    search(text, () => {
      found = true
      return false
    })
    return found
  }

  return {
    hasLiteral: regex.re2().prefilter !== null || regex.re2().prefixComplete,
    mayMatchBytes: literalTest(regex.re2().prefilter),
    // A pattern that can match the empty text matches everywhere, by the language; there is nothing to locate then.
    test: (text) => regex.test(text) && ((isWholeMatch && plan.check === null) || anyFound(text)),
    find: (text) => {
      const found: TextRange[] = []
      if (regex.test(text)) search(text, (range) => found.push(range) > 0)
      return found
    },
  }
}

/**
 * `RE2JS.compile` takes no memory bound (`RE2Set` does), so it is set on the DFA that the pattern owns.
 */
function boundDfaMemory(regex: RE2JS): void {
  const dfa: { stateBudget: number; memBudget: number } = regex.re2().dfa
  dfa.stateBudget = DFA_MEMORY_BYTES
  dfa.memBudget = DFA_MEMORY_BYTES
}

/** What re2js knows of a pattern's literals; its types do not tell. A test fails when it is not there any more. */
interface Literals {
  /** 1: the text `str`; 2: all of `subs`; 3: one of them. */
  readonly type: number
  readonly str: string
  readonly subs: readonly Literals[]
}

function literalTest(literals: Literals | null): (latin1: string) => boolean {
  if (literals === null) return () => true
  const subs = literals.subs.map(literalTest)
  switch (literals.type) {
    case 1: {
      const bytes = Array.from(new TextEncoder().encode(literals.str), (byte) => String.fromCharCode(byte)).join('')
      return (latin1) => latin1.includes(bytes)
    }
    case 2:
      return (latin1) => subs.every((test) => test(latin1))
    case 3:
      return (latin1) => subs.some((test) => test(latin1))
    default:
      return () => true
  }
}

/** Whether every match has a length known beforehand; errs on the side of no. */
export function hasBoundedLength(source: string): boolean {
  const bare = source.replace(/\\[\s\S]|\[\^?\]?(?:\[:\^?[a-z]+:\]|\\[\s\S]|[^\]\\])*\]/g, 'x')
  return !/[*+]|\{\d+,\}/.test(bare)
}
