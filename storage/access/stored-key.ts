/** A key as it stands in the log, under its id: everything but the key itself. */
import { z } from 'zod'
import { isTenant, KEY_ROLES } from './principal.ts'

const storedKeySchema = z.object({
  version: z.literal(1),
  keyId: z.string().regex(/^[0-9A-Za-z]{12}$/),
  tenant: z.string().refine(isTenant, 'is no name of a tenant'),
  role: z.enum(KEY_ROLES),
  /** What it is for, in its maker's words. */
  name: z.string().max(200),
  /** SHA-256 of the key, as hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  createdAtMs: z.number(),
  /** As the audit log names people. */
  createdBy: z.string(),
  expiresAtMs: z.number().nullable(),
  revokedAtMs: z.number().nullable(),
})

export type StoredKey = z.infer<typeof storedKeySchema>

export function encodeStoredKey(key: StoredKey): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(key))
}

export type ParsedKey = { ok: true; key: StoredKey } | { ok: false; message: string }

export function parseStoredKey(bytes: Uint8Array): ParsedKey {
  let raw: unknown
  try {
    raw = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return { ok: false, message: 'not JSON in UTF-8' }
  }
  const parsed = storedKeySchema.safeParse(raw)
  if (parsed.success) return { ok: true, key: parsed.data }
  const [issue] = parsed.error.issues
  return { ok: false, message: `${issue?.path.join('.')}: ${issue?.message}` }
}
