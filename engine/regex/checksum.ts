/**
 * Checksums that a pattern may name (`check luhn`, `check iban`): a match which fails its checksum is not a match.
 */

export type ChecksumName = 'luhn' | 'iban'

const DIGIT_0 = 48
const DIGIT_9 = 57
const UPPER_A = 65
const UPPER_Z = 90
const LOWER_A = 97
const LOWER_Z = 122

/**
 * ISO/IEC 7812-1 annex B (Luhn, mod 10) over the ASCII digits of `text`; everything else in it is ignored. At least two
 * digits, not all of them zero: a run of zeros passes the sum, and is a placeholder wherever it occurs.
 */
export function isLuhn(text: string): boolean {
  let sum = 0
  let digits = 0
  let anyNonZero = false
  for (let i = text.length - 1; i >= 0; i--) {
    const code = text.charCodeAt(i)
    if (code < DIGIT_0 || code > DIGIT_9) continue
    const digit = code - DIGIT_0
    if (digit !== 0) anyNonZero = true
    const weighted = digits % 2 === 1 ? digit * 2 : digit
    sum += weighted > 9 ? weighted - 9 : weighted
    digits++
  }
  return digits >= 2 && anyNonZero && sum % 10 === 0
}

/**
 * ISO 13616 / ISO 7064 MOD 97-10 over the ASCII letters and digits of `text`; everything else in it is ignored. The first
 * four characters are moved to the end, letters count as 10 to 35, and the remainder by 97 must be 1.
 */
export function isIban(text: string): boolean {
  const compact = text.replace(/[^0-9A-Za-z]/g, '')
  if (compact.length < 5) return false
  let remainder = 0
  for (let i = 0; i < compact.length; i++) {
    const code = compact.charCodeAt((i + 4) % compact.length)
    if (code >= DIGIT_0 && code <= DIGIT_9) remainder = (remainder * 10 + code - DIGIT_0) % 97
    else if (code >= UPPER_A && code <= UPPER_Z) remainder = (remainder * 100 + code - UPPER_A + 10) % 97
    else if (code >= LOWER_A && code <= LOWER_Z) remainder = (remainder * 100 + code - LOWER_A + 10) % 97
  }
  return remainder === 1
}

/** Whether `matched` passes `check`; no check passes everything. */
export function passesCheck(check: ChecksumName | null, matched: string): boolean {
  if (check === null) return true
  return check === 'luhn' ? isLuhn(matched) : isIban(matched)
}
