/** What somebody whom the provider vouches for may do here, by their claims. */
import { isTenant, type KeyRole } from '../../storage/access/principal.ts'

export interface Grant {
  readonly group: string
  readonly role: Exclude<KeyRole, 'ingest'>
  /** Of those whose tenant no claim names. */
  readonly tenant: string
}

export interface GrantSettings {
  /** The first whose group somebody is in decides. */
  readonly grants: readonly Grant[]
  /** Its value is a group, or a list of them; `a.b` reaches into objects. */
  readonly groupsClaim: string
  /** Null: the grant says the tenant. */
  readonly tenantClaim: string | null
  /** Of mail addresses; null: any. */
  readonly allowedDomains: readonly string[] | null
}

export type Claims = Readonly<Record<string, unknown>>

export type Granted =
  | { readonly ok: true; readonly tenant: string; readonly role: Grant['role']; readonly person: string }
  | { readonly ok: false; readonly code: 'domain' | 'no_grant' | 'tenant' }

export function grantOf(claims: Claims, settings: GrantSettings): Granted {
  const { grants, groupsClaim, tenantClaim, allowedDomains } = settings
  const email = typeof claims.email === 'string' ? claims.email.toLowerCase() : null
  if (allowedDomains !== null && !isOf(allowedDomains, email, claims.email_verified))
    return { ok: false, code: 'domain' }
  const groups = textsOf(claimAt(claims, groupsClaim))
  const grant = grants.find(({ group }) => groups.includes(group))
  if (grant === undefined) return { ok: false, code: 'no_grant' }
  const tenant = tenantClaim === null ? grant.tenant : claimAt(claims, tenantClaim)
  if (typeof tenant !== 'string' || !isTenant(tenant)) return { ok: false, code: 'tenant' }
  return { ok: true, tenant, role: grant.role, person: email ?? String(claims.sub) }
}

/** An address that the provider says it has not verified is anybody's. */
function isOf(domains: readonly string[], email: string | null, verified: unknown): boolean {
  if (email === null || verified === false || verified === 'false') return false
  const domain = email.slice(email.lastIndexOf('@') + 1)
  return domains.some((allowed) => allowed.toLowerCase() === domain)
}

/** Names of claims may have dots themselves, as URLs do. */
function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  return name.split('.').reduce<unknown>((at, part) => {
    return typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? Reflect.get(at, part) : undefined
  }, claims)
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}
