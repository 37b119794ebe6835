/** The plan in force of each tenant, as the roles that run definitions ask for it. */
import { EMPTY_PLAN } from '../../dsl/packages.ts'
import type { Plan } from '../../dsl/plan.ts'
import type { FollowedDefinitions } from './follow.ts'
import type { DefinitionsCommit } from './published.ts'

export interface TenantPlans {
  /** An empty plan where the tenant has none: nothing is run on what it sends. */
  current(tenant: string): Plan
  /** Those with a plan in force. */
  tenants(): readonly string[]
  /** Of git, of the definitions of a package that are in force; null where it is not known. */
  commitOf(tenant: string, packageName: string): DefinitionsCommit | null
}

/** Of those who push. */
export function plansOf(definitions: FollowedDefinitions): TenantPlans {
  return {
    current: (tenant) => definitions.current(tenant).plan,
    tenants: () => definitions.tenants(),
    commitOf: (tenant, name) => {
      const release = definitions.current(tenant).packages.find((one) => one.package === name)?.current
      if (release === undefined) return null
      // What an older Assay pushed has the name of its commit alone.
      if (release.commit == null)
        return release.revision === null ? null : { revision: release.revision, author: null, subject: null }
      return release.commit
    },
  }
}

/** Where the definitions are files, which are one tenant's. */
export function plansOfOne(
  tenant: string,
  current: () => Plan,
  commit: () => DefinitionsCommit | null = () => null,
): TenantPlans {
  return {
    current: (whose) => (whose === tenant ? current() : EMPTY_PLAN),
    tenants: () => [tenant],
    commitOf: (whose) => (whose === tenant ? commit() : null),
  }
}
