import type { TextRange } from './matcher.ts'

/**
 * The text with every range replaced by `*`, one for each UTF-16 code unit, so that offsets into it stay true. Ranges may
 * overlap and come in any order; what lies outside the text is ignored.
 */
export function maskRange(text: string, ranges: readonly TextRange[]): string {
  const sorted = [...ranges].sort((a, b) => a.start - b.start)
  let masked = ''
  let copiedTo = 0
  for (const range of sorted) {
    const start = Math.max(range.start, copiedTo)
    const end = Math.min(range.end, text.length)
    if (end <= start) continue
    masked += text.slice(copiedTo, start) + '*'.repeat(end - start)
    copiedTo = end
  }
  return copiedTo === 0 ? text : masked + text.slice(copiedTo)
}

/** A hint of a shorter match would show too much of it. */
const MIN_HINTED_LENGTH = 8

/**
 * What evidence may show of a match: enough for its owner to recognise it, never enough to use it (a quarter of it at the
 * most). `patternName` is the qualified name; the packs' kinds are told by its last part, and every other pattern, or a short
 * match, shows its length alone.
 */
export function maskHint(patternName: string, matched: string): string {
  const kind = patternName.slice(patternName.lastIndexOf('.') + 1)
  if (kind === 'email') return emailHint(matched)
  if (matched.length < MIN_HINTED_LENGTH) return '*'.repeat(matched.length)
  switch (kind) {
    case 'card':
      return `**** ${lastDigits(matched, Math.min(4, matched.length >> 2))}`
    case 'iban':
      return ibanHint(matched)
    case 'us_ssn':
      return '***-**-****'
    case 'phone':
      return `*** *** **${lastDigits(matched, 2)}`
    case 'ip':
      return matched.includes(':') ? '****:****' : '*.*.*.*'
    case 'api_key':
      return `${keyPrefix(matched)}****`
    case 'jwt':
      return 'eyJ****'
    default:
      return '*'.repeat(Math.min(matched.length, MAX_STARS))
  }
}

const MAX_STARS = 12

function emailHint(matched: string): string {
  const at = matched.lastIndexOf('@')
  const domain = matched.slice(at + 1)
  const dot = domain.lastIndexOf('.')
  if (at < 1 || dot < 1) return '*'.repeat(Math.min(matched.length, MAX_STARS))
  const isShort = matched.length < MIN_HINTED_LENGTH
  return `${isShort ? '' : matched.slice(0, 1)}***@${isShort ? '' : domain.slice(0, 1)}***${domain.slice(dot)}`
}

function ibanHint(matched: string): string {
  const compact = matched.replace(/[^0-9A-Za-z]/g, '')
  // The shortest IBAN has 15 characters.
  return compact.length < 15
    ? '*'.repeat(MAX_STARS)
    : `${compact.slice(0, 2)}** **** ${compact.slice(-Math.min(4, (compact.length >> 2) - 2))}`
}

function lastDigits(matched: string, count: number): string {
  return matched.replace(/\D/g, '').slice(-count)
}

/** The provider's public prefix (`sk-`, `ghp_`, `AKIA`), at most four characters and a quarter of the whole. */
function keyPrefix(matched: string): string {
  const longest = Math.min(4, matched.length >> 2)
  const separator = matched.search(/[-_.]/)
  return matched.slice(0, separator >= 0 && separator < longest ? separator + 1 : longest)
}
