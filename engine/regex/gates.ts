import type { ReviewedName } from './pii-sources.ts'

/**
 * Says which of the reviewed patterns could match a text at all. It errs on the side of yes (the pattern decides); a no is
 * certain, and a test holds it to that. Native searches for what a value cannot do without: nearly every text has none of
 * it, and V8's compiled searches take a fifth of the time of a hand-written loop over character codes.
 */
export const GATES: Record<ReviewedName, number> = {
  'pii.email': 1,
  'pii.phone': 2,
  'pii.iban': 4,
  'pii.us_ssn': 8,
  'pii.card': 16,
  'pii.ip': 32,
  'pii.api_key': 64,
  'pii.jwt': 128,
}

const EMAIL = GATES['pii.email']
const PHONE = GATES['pii.phone']
const IBAN = GATES['pii.iban']
const US_SSN = GATES['pii.us_ssn']
const CARD = GATES['pii.card']
const IP = GATES['pii.ip']
const API_KEY = GATES['pii.api_key']
const JWT = GATES['pii.jwt']

/** The fewest digits of a phone number, with the most separators that may stand between two of them. */
const SEVEN_DIGITS = /\d(?:[ .\-()/\u00a0\u2010-\u2013\u202f]{0,3}\d){6}/
const TWELVE_DIGITS = /\d(?:[ \-\u00a0\u2010-\u2013\u202f]?\d){11}/
const THREE_TWO_FOUR = /\d[-\u2010-\u2013]\d\d[-\u2010-\u2013]\d/
const COUNTRY_AND_DIGITS = /[A-Z]{2}\d\d/
const DOTTED_QUAD = /\d\.\d{1,3}\.\d{1,3}\.\d/
/** `::`, or seven colons with up to four hex digits between them. */
const IPV6_COLONS = /:(?::|(?:[\dA-Fa-f]{1,4}:){6})/

/** The separator that ends a key's prefix and at least 16 key characters; then back to the end of the prefix. */
const PREFIX_ENDS = [
  'sk|gh[oprsu]|hf|gsk|plx|xai|npm|sec|r8|api|ntn|ret|vly|fw|v1|re|pat|gd|sa|lc|AK|II|EY',
  'ive|est|rod|gl[a-z]{2,5}|PX|29|hv[sb]|pi|sq0[a-z]{3}|[psc]t|xox[a-z]|app|SG|shp[a-z]{2}|try[su]',
  'pul|sbp|ems|tkn|pw|auth|MAK|key|\\d{8}',
].join('|')
const PREFIXED_KEY = new RegExp(`[-_.:][\\w-]{16}(?<=(?:${PREFIX_ENDS})[-_.:][\\w-]{16})`)
const UNSEPARATED_KEY = /A(?:Iza|[KSBC][IC]A[A-Z\d]{16}|T[AC]TT3)|SK[\dA-Fa-f]{16}/

const DIGIT = /\d/
const NEEDS_DIGITS = PHONE | IBAN | US_SSN | CARD

/** The bits of `wanted` whose patterns may match `text`. */
export function openGates(text: string, wanted: number): number {
  let open = 0
  if ((wanted & EMAIL) !== 0 && text.includes('@')) open |= EMAIL
  // `eyJ` by its rarest letter: the search for one is faster.
  if ((wanted & JWT) !== 0 && text.includes('J') && text.includes('yJ')) open |= JWT
  if ((wanted & API_KEY) !== 0 && mayHaveKey(text)) open |= API_KEY
  // V8 looks for one letter or a class of few at many places at once: what a text is told by without the slower searches.
  if ((wanted & IP) !== 0 && text.includes(':') && IPV6_COLONS.test(text)) open |= IP
  if ((wanted & (NEEDS_DIGITS | IP)) === 0 || !DIGIT.test(text)) return open
  if ((wanted & IP) !== 0 && DOTTED_QUAD.test(text)) open |= IP
  if ((wanted & IBAN) !== 0 && COUNTRY_AND_DIGITS.test(text)) open |= IBAN
  if ((wanted & (PHONE | CARD | US_SSN)) !== 0 && SEVEN_DIGITS.test(text)) {
    open |= wanted & PHONE
    if ((wanted & CARD) !== 0 && TWELVE_DIGITS.test(text)) open |= CARD
    if ((wanted & US_SSN) !== 0 && THREE_TWO_FOUR.test(text)) open |= US_SSN
  }
  return open
}

// Of texts whose UTF-8 bytes are read one a character: a wide separator is two or three of these.
const SEVEN_DIGITS_IN_BYTES = /\d(?:[ .\-()/\x80-\xff]{0,9}\d){6}/
const TWELVE_DIGITS_IN_BYTES = /\d(?:[ \-\x80-\xff]{0,3}\d){11}/
const THREE_TWO_FOUR_IN_BYTES = /\d(?:-|[\x80-\xff]{3})\d\d(?:-|[\x80-\xff]{3})\d/

/**
 * Whether a wanted pattern may match any of the texts whose UTF-8 bytes stand somewhere in `latin1`, one character a byte. Errs on the
 * side of yes more often than `openGates`, and looks at many texts in one go.
 */
export function anyGateInBytes(latin1: string, wanted: number): boolean {
  const others = wanted & ~(PHONE | CARD | US_SSN)
  if (others !== 0 && openGates(latin1, others) !== 0) return true
  // What is rarer first: most texts have dates and versions in them.
  if ((wanted & PHONE) !== 0) return SEVEN_DIGITS_IN_BYTES.test(latin1)
  if ((wanted & CARD) !== 0 && TWELVE_DIGITS_IN_BYTES.test(latin1)) return true
  return (wanted & US_SSN) !== 0 && THREE_TWO_FOUR_IN_BYTES.test(latin1)
}

function mayHaveKey(text: string): boolean {
  if (PREFIXED_KEY.test(text) || text.includes('dapi')) return true
  return (text.includes('A') || text.includes('SK')) && UNSEPARATED_KEY.test(text)
}
