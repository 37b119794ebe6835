/** The keys of a deployment: in a compacted topic, followed by every process that lets people in. */
import { followTopic } from '../log/follow-topic.ts'
import type { Log, LogRecord } from '../log/port.ts'
import { ACCESS_KEYS, accessTopics } from '../log/topics.ts'
import { appendAudit } from './audit.ts'
import { createKey, hashOf, isSameHash, keyIdOf, type NewKey } from './key.ts'
import type { KeyRole, Principal } from './principal.ts'
import { encodeStoredKey, parseStoredKey, type StoredKey } from './stored-key.ts'

export interface KeysOptions {
  log: Log
  nowMs: () => number
  onProblem: (text: string) => void
  /** A revocation is in force everywhere within this and the time of one read. */
  pollMs?: number
}

export type KeyVerdict = { ok: true; principal: Principal } | { ok: false; code: 'unknown' | 'revoked' | 'expired' }

export interface KeyToCreate {
  tenant: string
  role: KeyRole
  name: string
  expiresAtMs: number | null
  /** Who asks, as the audit log names people. */
  by: string
}

export type RevokeOutcome = { ok: true; key: StoredKey } | { ok: false; code: 'unknown' | 'revoked' }

export interface Keys {
  verify(key: string): KeyVerdict
  /** Of one tenant, or all; newest first, revoked ones too. */
  list(tenant: string | null): StoredKey[]
  /** Durable, and told in the audit log, when it resolves; in force here. Rejects with `LogError`. */
  create(wanted: KeyToCreate): Promise<NewKey & { stored: StoredKey }>
  /** Of the tenant, or of any where it is null. Rejects with `LogError`. */
  revoke(keyId: string, tenant: string | null, by: string): Promise<RevokeOutcome>
  close(): Promise<void>
}

/** Resolves when all keys are known. Rejects with `LogError`. */
export async function openKeys(options: KeysOptions): Promise<Keys> {
  const { log, nowMs, onProblem, pollMs } = options
  await log.ensureTopics(accessTopics)
  const keys = new Map<string, StoredKey>()
  const take = (records: readonly LogRecord[]): void => {
    for (const record of records) {
      const parsed = parseStoredKey(record.value)
      if (parsed.ok) keys.set(parsed.key.keyId, parsed.key)
      else onProblem(`the key at offset ${record.offset} of ${ACCESS_KEYS} is refused: ${parsed.message}`)
    }
  }
  const topic = await followTopic({ log, topic: ACCESS_KEYS, take, onProblem, ...(pollMs !== undefined && { pollMs }) })
  const put = async (key: StoredKey): Promise<void> => {
    await log.append(ACCESS_KEYS, [{ key: key.keyId, value: encodeStoredKey(key), headers: { tenant: key.tenant } }])
    await topic.refresh()
  }
  return {
    verify: (text) => {
      const keyId = keyIdOf(text)
      const stored = keyId === null ? undefined : keys.get(keyId)
      if (stored === undefined || !isSameHash(stored.hash, hashOf(text))) return { ok: false, code: 'unknown' }
      if (stored.revokedAtMs !== null) return { ok: false, code: 'revoked' }
      if (stored.expiresAtMs !== null && stored.expiresAtMs <= nowMs()) return { ok: false, code: 'expired' }
      const { tenant, role } = stored
      return { ok: true, principal: { tenant, role, keyId: stored.keyId } }
    },
    list: (tenant) =>
      [...keys.values()]
        .filter((key) => tenant === null || key.tenant === tenant)
        .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.keyId < b.keyId ? -1 : 1)),
    create: async ({ tenant, role, name, expiresAtMs, by }) => {
      const made = createKey()
      const atMs = nowMs()
      const stored: StoredKey = {
        version: 1,
        keyId: made.keyId,
        tenant,
        role,
        name,
        hash: made.hash,
        createdAtMs: atMs,
        createdBy: by,
        expiresAtMs,
        revokedAtMs: null,
      }
      await appendAudit(log, {
        atMs,
        tenant,
        by,
        act: 'key.create',
        target: made.keyId,
        detail: { role, name, expiresAtMs },
      })
      await put(stored)
      return { ...made, stored }
    },
    revoke: async (keyId, tenant, by) => {
      await topic.refresh()
      const stored = keys.get(keyId)
      if (stored === undefined || (tenant !== null && stored.tenant !== tenant)) return { ok: false, code: 'unknown' }
      if (stored.revokedAtMs !== null) return { ok: false, code: 'revoked' }
      const atMs = nowMs()
      const { role, name } = stored
      await appendAudit(log, {
        atMs,
        tenant: stored.tenant,
        by,
        act: 'key.revoke',
        target: keyId,
        detail: { role, name },
      })
      const revoked = { ...stored, revokedAtMs: atMs }
      await put(revoked)
      return { ok: true, key: revoked }
    },
    close: () => topic.close(),
  }
}
