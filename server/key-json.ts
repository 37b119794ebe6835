import type { StoredKey } from '../storage/access/stored-key.ts'
import type { KeyJson } from './schemas.ts'

const timeOf = (ms: number): string => new Date(ms).toISOString()

export const keyToJson = (key: StoredKey): KeyJson => ({
  id: key.keyId,
  tenant: key.tenant,
  role: key.role,
  name: key.name,
  createdAt: timeOf(key.createdAtMs),
  createdBy: key.createdBy,
  expiresAt: key.expiresAtMs === null ? null : timeOf(key.expiresAtMs),
  revokedAt: key.revokedAtMs === null ? null : timeOf(key.revokedAtMs),
})
