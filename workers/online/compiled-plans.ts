/** What each tenant's plan was compiled to: compiled when its hash is a new one, for as many tenants as are at hand. */
import type { Plan } from '../../dsl/plan.ts'
import { messageOf } from '../../engine/message-of.ts'
import { compileRedaction, type Redactor } from '../../engine/redact/redact.ts'
import { compilePatterns, type PatternSet } from '../../engine/regex/patterns.ts'
import type { TenantPlans } from '../../storage/definitions/plans.ts'

interface Slot<T> {
  /** Of the plan that was last looked at, whether it could be compiled or not. */
  hash: string
  compiled: T
}

export interface CompiledPlansOptions<T> {
  readonly definitions: Pick<TenantPlans, 'current'>
  readonly compile: (plan: Plan, tenant: string) => T
  readonly onProblem?: ((text: string) => void) | undefined
  /** Of a tenant whose first plan cannot be compiled; `of` throws then without one. */
  readonly fallback?: Plan
  /** Tenants, of whom those that were asked for last stay compiled: 500. */
  readonly maxTenants?: number
}

const MAX_TENANTS = 500

export class CompiledPlans<T> {
  readonly #options: CompiledPlansOptions<T>
  /** In the order in which they were asked for. */
  readonly #slots = new Map<string, Slot<T>>()
  /** The slot that was asked for last: records of a tenant come in rows. */
  #last: { readonly tenant: string; readonly slot: Slot<T> } | null = null

  constructor(options: CompiledPlansOptions<T>) {
    this.#options = options
  }

  /** Of the plan in force for the tenant. One that cannot be compiled leaves what was compiled before, and is told once. */
  of(tenant: string): T {
    const plan = this.#options.definitions.current(tenant)
    const slot = this.#slotOf(tenant)
    if (slot?.hash === plan.hash) return slot.compiled
    if (slot === undefined) return this.#add(tenant, { hash: plan.hash, compiled: this.#compileFirst(plan, tenant) })
    // A plan of this hash is not tried again at each record.
    slot.hash = plan.hash
    try {
      slot.compiled = this.#options.compile(plan, tenant)
    } catch (error) {
      this.#options.onProblem?.(
        `the new definitions of tenant ${tenant} cannot be run, the old ones stay: ${messageOf(error)}`,
      )
    }
    return slot.compiled
  }

  #compileFirst(plan: Plan, tenant: string): T {
    const { compile, fallback, onProblem } = this.#options
    try {
      return compile(plan, tenant)
    } catch (error) {
      if (fallback === undefined) throw error
      onProblem?.(`the definitions of tenant ${tenant} cannot be run: ${messageOf(error)}`)
      return compile(fallback, tenant)
    }
  }

  #slotOf(tenant: string): Slot<T> | undefined {
    if (this.#last?.tenant === tenant) return this.#last.slot
    const slot = this.#slots.get(tenant)
    if (slot === undefined) return undefined
    this.#slots.delete(tenant)
    this.#slots.set(tenant, slot)
    this.#last = { tenant, slot }
    return slot
  }

  #add(tenant: string, slot: Slot<T>): T {
    this.#slots.set(tenant, slot)
    this.#last = { tenant, slot }
    const { maxTenants = MAX_TENANTS } = this.#options
    for (const [oldest] of this.#slots) {
      if (this.#slots.size <= maxTenants) break
      this.#slots.delete(oldest)
    }
    return slot.compiled
  }
}

/** Each tenant's own redaction. One whose definitions were never compiled has none: its records are put aside rather than stored unmasked. */
export function redactorsOf(
  definitions: Pick<TenantPlans, 'current'>,
  onProblem?: (text: string) => void,
): CompiledPlans<Redactor> {
  const patterns = new SharedPatterns()
  return new CompiledPlans({
    definitions,
    compile: (plan) => compileRedaction(plan, patterns.of(plan)),
    onProblem,
  })
}

/** Compiled patterns, which are most of what a plan takes of memory and time: tenants with equal definitions share them while they are in use. */
export class SharedPatterns {
  readonly #byPlan = new Map<string, WeakRef<PatternSet>>()

  of(plan: Plan): PatternSet {
    const known = this.#byPlan.get(plan.hash)?.deref()
    if (known !== undefined) return known
    for (const [hash, set] of this.#byPlan) if (set.deref() === undefined) this.#byPlan.delete(hash)
    const compiled = compilePatterns(plan.patterns)
    this.#byPlan.set(plan.hash, new WeakRef(compiled))
    return compiled
  }
}
