/**
 * API keys: `assay_<id>_<secret><checksum>`, of letters and digits. The prefix and the checksum (CRC-32) let scanners of secrets
 * tell one in a text without asking; the id says which it is without giving it away. Only its SHA-256 is stored: the secret
 * has 190 random bits, so that a slow hash would add nothing.
 */
import { createHash, randomInt, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ID_LENGTH = 12
const SECRET_LENGTH = 32
const CHECKSUM_LENGTH = 6

export const KEY_PREFIX = 'assay_'
const KEY_FORM = new RegExp(
  `^${KEY_PREFIX}([0-9A-Za-z]{${ID_LENGTH}})_[0-9A-Za-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`,
)

export interface NewKey {
  readonly keyId: string
  /** Shown once, to whoever asked for it. */
  readonly key: string
  /** What is stored: hex. */
  readonly hash: string
}

/** `below` draws an integer in [0, n), unpredictably unless a test gives another. */
export function createKey(below: (n: number) => number = (n) => randomInt(n)): NewKey {
  const draw = (length: number): string => Array.from({ length }, () => ALPHABET[below(ALPHABET.length)]).join('')
  const keyId = draw(ID_LENGTH)
  const body = `${KEY_PREFIX}${keyId}_${draw(SECRET_LENGTH)}`
  const key = body + checksumOf(body)
  return { keyId, key, hash: hashOf(key) }
}

/** The id in a key of the right form; null for a text that is none, a key cut short or mistyped among them. */
export function keyIdOf(text: string): string | null {
  const found = KEY_FORM.exec(text)
  if (found === null) return null
  const body = text.slice(0, -CHECKSUM_LENGTH)
  return text.endsWith(checksumOf(body)) ? found[1]! : null
}

/** SHA-256, as hex. */
export function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

/** In the same time wherever they differ. */
export function isSameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, 'hex'), Buffer.from(other, 'hex')]
  return a.length === b.length && timingSafeEqual(a, b)
}

function checksumOf(body: string): string {
  let rest = crc32(body)
  let text = ''
  for (let digit = 0; digit < CHECKSUM_LENGTH; digit++) {
    text = ALPHABET[rest % ALPHABET.length] + text
    rest = Math.floor(rest / ALPHABET.length)
  }
  return text
}
