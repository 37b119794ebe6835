/** The privacy policies of the tenants who send, each compiled when its first spans come. */
import { compileEdge, type Edge } from '../engine/privacy/edge.ts'
import type { PrivacySettings } from '../engine/privacy/policy.ts'

export interface Edges {
  /** Null where the tenant's spans are kept as they came. */
  of(tenant: string): Edge | null
}

/** Those that name a tenant are compiled at once: its first spans need not wait for that. */
export function createEdges(settings: PrivacySettings): Edges {
  const compiled = new Map<string, Edge | null>()
  const of = (tenant: string): Edge | null => {
    let edge = compiled.get(tenant)
    if (edge === undefined) {
      edge = compileEdge(settings, tenant)
      compiled.set(tenant, edge)
    }
    return edge
  }
  for (const tenant of settings.tenants.keys()) of(tenant)
  return { of }
}
