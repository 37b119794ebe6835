/** Who asks, and what they may do. The tenant comes from the key alone. */

/** Of keys. */
export const KEY_ROLES = ['ingest', 'viewer', 'deploy', 'editor', 'admin'] as const
export type KeyRole = (typeof KEY_ROLES)[number]

/**
 * `ingest`: send spans. `read`: what is stored and in force. `push`: put definitions in force. `edit`: runs, labels, silences,
 * the queue of dead letters' fate. `administer`: keys, the audit log, erasure, dead letters as they were sent. `operate`: what is of all
 * tenants at once: integrity, backups.
 */
export type Permission = 'ingest' | 'read' | 'push' | 'edit' | 'administer' | 'operate'

/** `operator`: whoever runs Assay, on its machine. `anyone`: without a key, where none is asked for. */
export type Role = KeyRole | 'operator' | 'anyone'

const PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  ingest: ['ingest'],
  viewer: ['read'],
  deploy: ['read', 'push'],
  editor: ['read', 'push', 'edit'],
  admin: ['ingest', 'read', 'push', 'edit', 'administer'],
  operator: ['ingest', 'read', 'push', 'edit', 'administer', 'operate'],
  anyone: ['ingest', 'read'],
}

export interface Principal {
  readonly tenant: string
  readonly role: Role
  /** Null without a key. */
  readonly keyId: string | null
  /** Mail address or id of who signed in at a provider. */
  readonly person?: string
}

export function may({ role, tenant }: Principal, permission: Permission): boolean {
  // The default tenant is of whoever runs Assay.
  if (permission === 'operate' && role === 'admin') return tenant === DEFAULT_TENANT
  return PERMISSIONS[role].includes(permission)
}

/** Roles that may, for messages. */
export function rolesWith(permission: Permission): readonly KeyRole[] {
  return KEY_ROLES.filter((role) => PERMISSIONS[role].includes(permission))
}

/** For the audit log. */
export function nameOf({ role, keyId, person }: Principal): string {
  if (person !== undefined) return `${person} (${role})`
  return keyId === null ? role : `key ${keyId} (${role})`
}

export const DEFAULT_TENANT = 'default'
/** It is part of log keys, where `/` divides. */
const TENANT_FORM = /^[a-z0-9][a-z0-9_-]{0,62}$/

export function isTenant(text: string): boolean {
  return TENANT_FORM.test(text)
}
