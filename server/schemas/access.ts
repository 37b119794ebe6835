/** Who asks, keys, and who did what, as the API answers it. */
import { z } from 'zod'
import { KEY_ROLES } from '../../storage/access/principal.ts'

/** Who asks, for a browser. */
export const sessionInfoSchema = z.object({
  tenant: z.string(),
  role: z.enum([...KEY_ROLES, 'operator', 'anyone']),
  may: z.array(z.enum(['read', 'push', 'edit', 'administer', 'operate'])),
  /** By a key in the session; false where the request was let in without. */
  isSignedIn: z.boolean(),
  /** Who signed in at a provider. */
  person: z.string().optional(),
})

/** How people can sign in besides by a key. */
export const signInWaysSchema = z.object({ openId: z.object({ label: z.string() }).nullable() })

export const keySchema = z.object({
  id: z.string(),
  tenant: z.string(),
  role: z.enum(KEY_ROLES),
  name: z.string(),
  createdAt: z.string(),
  createdBy: z.string(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
})

export const keysResponseSchema = z.object({ keys: z.array(keySchema) })

/** The only time that the key itself is told. */
export const createdKeyResponseSchema = keySchema.extend({ key: z.string() })

export const auditResponseSchema = z.object({
  entries: z.array(
    z.object({
      at: z.string(),
      by: z.string(),
      act: z.string(),
      target: z.string(),
      detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    }),
  ),
})

export type SignInWays = z.infer<typeof signInWaysSchema>
/** Why somebody whom a provider sent back was not let in. */
export type SignInRefusal = 'unavailable' | 'denied' | 'invalid' | 'expired' | 'no_grant' | 'domain' | 'tenant'
export type SessionInfo = z.infer<typeof sessionInfoSchema>
export type KeyJson = z.infer<typeof keySchema>
export type KeysResponse = z.infer<typeof keysResponseSchema>
export type CreatedKeyResponse = z.infer<typeof createdKeyResponseSchema>
export type AuditResponse = z.infer<typeof auditResponseSchema>
