import type { PatternPlan } from '../../dsl/plan.ts'
import { anyGateInBytes, openGates } from './gates.ts'
import type { PatternGroup, PatternMatch, PatternMatcher } from './matcher.ts'
import { createRe2Sets, MAX_SET_SIZE, type Re2SetGate } from './re2-set.ts'

export interface CompiledPattern {
  plan: PatternPlan
  matcher: PatternMatcher
  /** Its bit of `openGates`; 0 for a user's pattern. */
  gate: number
  /** A user's pattern that no cheap search can rule out: asked in sets. */
  isCostly: boolean
  /** Of a user's pattern: `Re2Matcher.mayMatchBytes`. */
  mayMatchBytes: ((latin1: string) => boolean) | null
}

/** Short texts that look like a match and are none, such as a model's name with a date in it, come with each span: they are remembered. */
const MAX_REMEMBERED_LENGTH = 48
const MAX_REMEMBERED = 1_024

/** Patterns that are asked together, cheapest first. */
export class CompiledGroup implements PatternGroup {
  readonly indices: readonly number[]
  readonly #order: ReadonlyMap<CompiledPattern, number>
  readonly #direct: readonly CompiledPattern[]
  readonly #costly: readonly CompiledPattern[]
  readonly #sets: readonly (Re2SetGate | null)[]
  readonly #gates: number
  readonly #literals: readonly ((latin1: string) => boolean)[]
  readonly #withoutMatch = new Set<string>()

  constructor(indices: readonly number[], patterns: readonly CompiledPattern[]) {
    this.indices = indices
    this.#order = new Map(patterns.map((pattern, place) => [pattern, place]))
    this.#direct = patterns.filter((pattern) => !pattern.isCostly)
    this.#costly = patterns.filter((pattern) => pattern.isCostly)
    this.#sets = createRe2Sets(this.#costly.map((pattern) => pattern.plan))
    this.#gates = patterns.reduce((gates, pattern) => gates | pattern.gate, 0)
    this.#literals = patterns.flatMap(({ mayMatchBytes }) => mayMatchBytes ?? [])
  }

  mayMatchBytes(latin1: string): boolean {
    if (this.#gates !== 0 && anyGateInBytes(latin1, this.#gates)) return true
    return this.#literals.some((test) => test(latin1))
  }

  anyMatch(text: string): boolean {
    return this.#visitCandidates(text, ({ matcher }) => matcher.test(text))
  }

  find(text: string): PatternMatch[] {
    const isShort = text.length <= MAX_REMEMBERED_LENGTH
    if (isShort && this.#withoutMatch.has(text)) return []
    const found: (PatternMatch & { place: number })[] = []
    let looked = false
    this.#visitCandidates(text, (pattern) => {
      looked = true
      const place = this.#order.get(pattern) ?? 0
      for (const { start, end } of pattern.matcher.find(text))
        found.push({ pattern: pattern.plan.name, start, end, place })
      return false
    })
    if (found.length === 0) {
      if (isShort && looked) this.#remember(text)
      return []
    }
    if (found.length > 1) found.sort((a, b) => a.start - b.start || a.place - b.place)
    return found.map(({ pattern, start, end }) => ({ pattern, start, end }))
  }

  #remember(text: string): void {
    if (this.#withoutMatch.size >= MAX_REMEMBERED) this.#withoutMatch.clear()
    this.#withoutMatch.add(text)
  }

  /** Calls `visit` for each pattern that may match until one returns true, and returns whether one did. */
  #visitCandidates(text: string, visit: (pattern: CompiledPattern) => boolean): boolean {
    const open = this.#gates === 0 ? 0 : openGates(text, this.#gates)
    for (const pattern of this.#direct) {
      if ((pattern.gate === 0 || (open & pattern.gate) !== 0) && visit(pattern)) return true
    }
    for (let at = 0, set = 0; at < this.#costly.length; at += MAX_SET_SIZE, set++) {
      const gate = this.#sets[set] ?? null
      const members = this.#costly.slice(at, at + MAX_SET_SIZE)
      const candidates = gate === null ? members : gate.candidates(text).map((id) => members[id] as CompiledPattern)
      if (candidates.some(visit)) return true
    }
    return false
  }
}
