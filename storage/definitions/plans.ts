/** The plan in force of each tenant, as the roles that run definitions ask for it. */
import { EMPTY_PLAN } from '../../dsl/packages.ts'
import type { Plan } from '../../dsl/plan.ts'
import type { FollowedDefinitions } from './follow.ts'

export interface TenantPlans {
  /** An empty plan where the tenant has none: nothing is run on what it sends. */
  current(tenant: string): Plan
  /** Those with a plan in force. */
  tenants(): readonly string[]
}

/** Of those who push. */
export function plansOf(definitions: FollowedDefinitions): TenantPlans {
  return {
    current: (tenant) => definitions.current(tenant).plan,
    tenants: () => definitions.tenants(),
  }
}

/** Where the definitions are files, which are one tenant's. */
export function plansOfOne(tenant: string, current: () => Plan): TenantPlans {
  return {
    current: (whose) => (whose === tenant ? current() : EMPTY_PLAN),
    tenants: () => [tenant],
  }
}
