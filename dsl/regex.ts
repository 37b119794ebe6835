/**
 * Users' regexes: RE2 syntax, checked by the very engine that will run them, with reasons for what RE2 leaves out.
 */
import { RE2JS, RE2JSException } from 're2js'
import type { Code } from './diagnostics/codes.ts'
import { isPlainRegex } from './plain-regex.ts'
import { placesOf } from './regex-size.ts'

export interface RegexProblem {
  readonly code: Code
  readonly message: string
  /** Offsets into the literal as written. */
  readonly start: number
  readonly end: number
  /** Why, and what to write instead. */
  readonly notes: readonly string[]
  /** What the whole literal should be, where that is certain. */
  readonly instead?: string
}

/** Splits `/source/i`. */
export function splitRegex(raw: string): { source: string; flags: string } {
  const close = raw.lastIndexOf('/')
  return { source: raw.slice(1, close), flags: raw.slice(close + 1) }
}

/** A larger one comes from a generator, and takes seconds to compile. */
const MAX_CHARS = 10_000
const MAX_PLACES = 10_000
const SHOWN_CHARS = 120

const verdicts = new Map<string, RegexProblem | null>()

/** Null: the regex is fine. Remembered by text: packs repeat the same patterns. */
export function regexProblem(raw: string): RegexProblem | null {
  let known = verdicts.get(raw)
  if (known === undefined) {
    known = examine(raw)
    if (verdicts.size > 10_000) verdicts.clear()
    verdicts.set(raw, known)
  }
  return known
}

function examine(raw: string): RegexProblem | null {
  const { source, flags } = splitRegex(raw)
  if (source.length > MAX_CHARS) {
    const message = `this regex is too long: ${source.length} characters, and at most ${MAX_CHARS} are taken`
    const why = 'write several patterns, and ask for them by `matches any [a, b]`'
    return { code: 'E0304', message, start: 0, end: raw.length, notes: [why] }
  }
  if (placesOf(source) > MAX_PLACES) {
    const message = `this regex is too large: its counted repetitions come to more than ${MAX_PLACES} characters`
    return { code: 'E0304', message, start: 0, end: raw.length, notes: ['write `*` or `+`, or count less: `{1,100}`'] }
  }
  const flag = /[^i]|i(?=.*i)/.exec(flags)
  if (flag !== null) {
    const start = source.length + 2 + flag.index
    const why = '`i` (ignore case) is the only flag; others are written inside: `(?s)`, `(?m)`'
    const message = `\`${flag[0]}\` is not a flag of a regex`
    return { code: 'E0305', message, start, end: start + 1, notes: [why], ...withoutFlags(source, flags) }
  }
  return isPlainRegex(source) ? null : (unsupported(source) ?? invalid(source, flags))
}

/** `g`, `u` and the like say nothing of whether there is a match; `s` and `m` stand inside. */
function withoutFlags(source: string, flags: string): { instead?: string } {
  if (/[^dgimsuvy]/.test(flags)) return {}
  const inside = [...new Set(flags)].filter((flag) => flag === 's' || flag === 'm').join('')
  return { instead: `/${inside === '' ? '' : `(?${inside})`}${source}/${flags.includes('i') ? 'i' : ''}` }
}

const LINEAR =
  'regexes run on every span, in time linear in the text: RE2 syntax leaves out what would need backtracking'

const INSTEAD_OF_LOOKING = [
  'ask a second condition: `x matches /a/ and not (x matches /ab/)`',
  'or match the look-alike too, and name what counts `value`: `/order [0-9]+|(?P<value>[0-9]+)/`',
]
const INSTEAD_OF_REFERRING = 'write the cases out, `/aa|bb/`, or match each part by a pattern of its own'

function unsupported(source: string): RegexProblem | null {
  for (const match of source.matchAll(
    /\\([\s\S])|\(\?(<?[=!])|\[(?:\^?\]?(?:\[:[a-z^]+:\]|\\.|(?!\[:[a-z^]+:\])[^\]\\])*)\]/g,
  )) {
    const at = match.index + 1
    const [whole, escaped, look] = match
    if (look !== undefined) {
      const name = look.startsWith('<') ? 'lookbehind' : 'lookahead'
      return {
        code: 'E0301',
        message: `a regex cannot look around: ${name} \`(?${look}\``,
        start: at,
        end: at + whole.length,
        notes: [LINEAR, ...INSTEAD_OF_LOOKING],
      }
    }
    if (escaped !== undefined && /[1-9]/.test(escaped))
      return {
        code: 'E0302',
        message: `a regex cannot refer back to a group: \`\\${escaped}\``,
        start: at,
        end: at + 2,
        notes: [LINEAR, INSTEAD_OF_REFERRING],
      }
    if (escaped === 'k')
      return {
        code: 'E0302',
        message: 'a regex cannot refer back to a group: `\\k`',
        start: at,
        end: at + 2,
        notes: [LINEAR, INSTEAD_OF_REFERRING],
      }
    if (escaped === 'Q') {
      const why = 'a `/` inside it could not be told from the end of the regex; escape each character instead'
      return { code: 'E0303', message: 'a regex cannot quote by `\\Q…\\E`', start: at, end: at + 2, notes: [why] }
    }
  }
  return null
}

function invalid(source: string, flags: string): RegexProblem | null {
  try {
    RE2JS.compile(source, flags.includes('i') ? RE2JS.CASE_INSENSITIVE : 0)
    return null
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    const reason = cut(error.message.replace(/^error parsing regexp: /, ''))
    return {
      code: 'E0304',
      message: `this regex is not RE2: ${reason}`,
      start: 0,
      end: source.length + 2,
      notes: ['patterns are RE2 syntax: https://github.com/google/re2/wiki/Syntax'],
    }
  }
}

/** The engine's words quote the pattern from the mistake to its end. */
function cut(text: string): string {
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}…`
}
