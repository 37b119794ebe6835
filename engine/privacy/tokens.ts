/** Tokens in place of identifiers: who has no key can't tell the value, and who has it gets the same token again. */
import { createHmac } from 'node:crypto'

export const TOKEN_PREFIX = 'tok_'
/** Of the HMAC; two values of a tenant share a token once in 2^64 of them. */
const TOKEN_BYTES = 16
const MAX_REMEMBERED = 8_192

/** Tenants' tokens have nothing to do with each other's. The same value has the same token, whichever attribute it stands in. */
export function createTokeniser(key: string, tenant: string): (value: string) => string {
  const known = new Map<string, string>()
  return (value) => {
    const seen = known.get(value)
    if (seen !== undefined) return seen
    const digest = createHmac('sha256', key).update(tenant).update('\0').update(value).digest()
    const token = TOKEN_PREFIX + digest.toString('base64url', 0, TOKEN_BYTES)
    if (known.size >= MAX_REMEMBERED) known.clear()
    known.set(value, token)
    return token
  }
}
