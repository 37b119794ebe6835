/** Lets requests in: by their key, or without one where that is open. For HTTP, gRPC metadata and WebSocket alike. */

import { KEY_PREFIX, keyIdOf } from './key.ts'
import type { Keys, KeyVerdict } from './keys.ts'
import { DEFAULT_TENANT, may, type Permission, type Principal, rolesWith } from './principal.ts'

/** `open`: requests without a key are of the default tenant. `keys`: every request needs one. */
export type Access = 'open' | 'keys'

export interface Credentials {
  /** `Authorization`, as sent. */
  authorization: string | undefined
  /** `X-Api-Key`, as sent. */
  apiKey: string | undefined
  /** From this machine itself, where Assay listens on loopback alone. */
  isLocal: boolean
}

export type Admission =
  | { ok: true; principal: Principal }
  /** `unauthenticated`: 401. `forbidden`: 403, a key that is good for something else. */
  | { ok: false; code: 'unauthenticated' | 'forbidden'; message: string }

export type Gate = (credentials: Credentials, permission: Permission) => Admission

/** A key that was sent decides, wherever it comes from. */
export function createGate(access: Access, keys: Pick<Keys, 'verify'>): Gate {
  return (credentials, permission) => {
    const key = keyIn(credentials)
    // Where none is asked for, what another product's exporter sends along says nothing to us.
    if (key === null || (access === 'open' && !key.startsWith(KEY_PREFIX))) {
      if (access === 'keys') return { ok: false, code: 'unauthenticated', message: NO_KEY }
      const role = credentials.isLocal ? 'operator' : 'anyone'
      return admit({ tenant: DEFAULT_TENANT, role, keyId: null }, permission)
    }
    const verdict = keys.verify(key)
    if (!verdict.ok) return { ok: false, code: 'unauthenticated', message: whyNot(verdict.code, key) }
    return admit(verdict.principal, permission)
  }
}

/** Of somebody who is known. */
export function admit(principal: Principal, permission: Permission): Admission {
  if (may(principal, permission)) return { ok: true, principal }
  const roles = permission === 'operate' ? `admin, of the tenant ${DEFAULT_TENANT}` : rolesWith(permission).join(' or ')
  return { ok: false, code: 'forbidden', message: `${heldBy(principal)} may not do this: it takes the role ${roles}` }
}

function heldBy({ keyId, role, person }: Principal): string {
  if (person !== undefined) return `${person}, of role ${role},`
  return keyId === null ? 'a request without a key from another machine' : `a key of role ${role}`
}

const NO_KEY = 'a key is needed: Authorization: Bearer assay_… (assay keys create makes one)'

function whyNot(code: Extract<KeyVerdict, { ok: false }>['code'], key: string): string {
  if (code === 'revoked') return 'the key was revoked'
  if (code === 'expired') return 'the key has expired'
  return keyIdOf(key) === null ? 'what was sent is no key of Assay: is it cut short?' : 'there is no such key'
}

/** `Bearer KEY`; `Basic` with the key as password or user, as Langfuse's exporters have it; `X-Api-Key`. Null: none was sent. */
function keyIn({ authorization, apiKey }: Credentials): string | null {
  if (apiKey !== undefined && apiKey !== '') return apiKey
  const [, scheme, value] = /^\s*(\w+)\s+(\S+)\s*$/.exec(authorization ?? '') ?? []
  if (scheme === undefined || value === undefined) return authorization?.trim() || null
  if (scheme.toLowerCase() !== 'basic') return value
  const decoded = Buffer.from(value, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  const [user, password] = colon < 0 ? [decoded, ''] : [decoded.slice(0, colon), decoded.slice(colon + 1)]
  return keyIdOf(user) !== null ? user : password
}
