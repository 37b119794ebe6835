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

/**
 * What evidence may show of a match: enough for its owner to recognise it, never enough to use it. `patternName` is the
 * qualified name; packs' own kinds are told by its last part, and every other pattern shows its length alone.
 */
export function maskHint(patternName: string, matched: string): string {
  const kind = patternName.slice(patternName.lastIndexOf('.') + 1)
  switch (kind) {
    case 'email':
      return emailHint(matched)
    case 'card':
      return `**** ${lastDigits(matched, 4)}`
    case 'iban':
      return `${matched.slice(0, 2)}** **** ${matched.replace(/[^0-9A-Za-z]/g, '').slice(-4)}`
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
      return '*'.repeat(Math.min(matched.length, 12))
  }
}

function emailHint(matched: string): string {
  const at = matched.lastIndexOf('@')
  const domain = matched.slice(at + 1)
  const dot = domain.lastIndexOf('.')
  if (at < 1 || dot < 1) return '***@***'
  return `${matched.slice(0, 1)}***@${domain.slice(0, 1)}***${domain.slice(dot)}`
}

function lastDigits(matched: string, count: number): string {
  return matched.replace(/\D/g, '').slice(-count)
}

/** The provider's public prefix (`sk-`, `ghp_`, `AKIA`), at most four characters. */
function keyPrefix(matched: string): string {
  const separator = matched.search(/[-_.]/)
  return matched.slice(0, separator >= 0 && separator < 4 ? separator + 1 : 4)
}
