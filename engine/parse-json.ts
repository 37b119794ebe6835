/**
 * JSON whose keys are anybody's. Node 24's own parser takes a key that is written `"\""` for a backslash when an object before it,
 * anywhere in the process, had a backslash for a key at the same place; the same goes for other escapes. Keys without escapes
 * are read right: so where there are others, it is shown none of them.
 */

import { messageOf } from './message-of.ts'

/** As `JSON.parse`; throws as it does. */
export function parseJson(text: string): unknown {
  if (!hasEscapedKey(text)) return JSON.parse(text)
  const keys: string[] = []
  const plain = text.replaceAll(STRING, (found, colon: string | undefined) => {
    if (colon === undefined) return found
    // The text of one string has no key to be mistaken.
    return `"k${keys.push(JSON.parse(found.slice(0, -colon.length)) as string) - 1}":`
  })
  return withKeys(JSON.parse(plain), keys)
}

/** What `JSON.parse` found wrong, without the text around it that V8 quotes: the text may be nobody's to read. */
export function jsonProblem(error: unknown): string {
  const message = messageOf(error)
  if (/^Unexpected token|" is not valid JSON$/.test(message)) return 'it has a character where none such may stand'
  return message
}

const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"([ \t\n\r]*:)?/gs
const REST_OF_STRING = /[^"\\]*(?:\\.[^"\\]*)*"([ \t\n\r]*:)?/sy

/** Backslashes stand in strings alone: of each string with one, whether a colon follows it. */
function hasEscapedKey(text: string): boolean {
  let at = text.indexOf('\\')
  while (at !== -1) {
    REST_OF_STRING.lastIndex = at
    const rest = REST_OF_STRING.exec(text)
    if (rest === null) return false
    if (rest[1] !== undefined) return true
    at = text.indexOf('\\', REST_OF_STRING.lastIndex)
  }
  return false
}

function withKeys(value: unknown, keys: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => withKeys(item, keys))
  // `fromEntries` makes a key `__proto__` a key like any other.
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [keys[Number(name.slice(1))] ?? '', withKeys(item, keys)]),
  )
}
