/**
 * Reads messages of nothing but texts, which most are, without the JSON parser: their strings are cut out of the text as they stand.
 * Anything else (escapes, other keys or values, keys twice) is left to the parser, so that there is one answer to every text.
 */
import type { Message, MessagePart } from '../model/span.ts'

/** What JSON allows in no string unescaped. In halves: V8 looks for a class of up to sixteen characters at once, for more one by one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const LOW_CONTROLS = /[\x00-\x0f]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const HIGH_CONTROLS = /[\x10-\x1f]/

const QUOTE = 0x22
const COMMA = 0x2c
const SPACE = 0x20

let text = ''
let at = 0

/** The messages of `[{"role":…,"parts":[{"type":"text","content":…}…],"finish_reason":…}…]`, keys in any order; undefined for everything else. */
export function plainMessages(json: string): Message[] | undefined {
  if (!json.startsWith('[{') || json.includes('\\') || LOW_CONTROLS.test(json) || HIGH_CONTROLS.test(json)) {
    return undefined
  }
  text = json
  at = 1
  const messages = readList(readMessage)
  const isWhole = at === json.length
  text = ''
  return isWhole ? messages : undefined
}

/** Its first bracket is read. Undefined, wherever the cursor then is, for a list of anything else. */
function readList<T>(readItem: () => T | undefined): T[] | undefined {
  const items: T[] = []
  while (true) {
    const item = readItem()
    if (item === undefined) return undefined
    items.push(item)
    if (take(COMMA)) {
      take(SPACE)
      continue
    }
    return takeText(']') ? items : undefined
  }
}

function readMessage(): Message | undefined {
  if (!takeText('{')) return undefined
  let role: string | undefined
  let parts: MessagePart[] | undefined
  let finishReason: string | undefined
  do {
    take(SPACE)
    if (role === undefined && takeKey('"role":')) role = readString()
    else if (parts === undefined && takeKey('"parts":') && takeText('[')) parts = readList(readPart)
    else if (finishReason === undefined && takeKey('"finish_reason":')) finishReason = readString()
    else return undefined
  } while (take(COMMA))
  // What a tool said is read by what is beside it.
  if (!takeText('}') || role === undefined || role === 'tool' || parts === undefined) return undefined
  return finishReason === undefined ? { role, parts } : { role, parts, finishReason }
}

function readPart(): MessagePart | undefined {
  if (!takeText('{')) return undefined
  let type: string | undefined
  let content: string | undefined
  do {
    take(SPACE)
    if (type === undefined && takeKey('"type":')) type = readString()
    else if (content === undefined && takeKey('"content":')) content = readString()
    else return undefined
  } while (take(COMMA))
  if (!takeText('}') || type !== 'text' || content === undefined) return undefined
  return { type, content }
}

function readString(): string | undefined {
  if (!take(QUOTE)) return undefined
  const end = text.indexOf('"', at)
  if (end < 0) return undefined
  const value = text.slice(at, end)
  at = end + 1
  return value
}

/** With the space that some writers put after it. */
function takeKey(key: string): boolean {
  if (!takeText(key)) return false
  take(SPACE)
  return true
}

/** A loop: calls into the engine for a few letters take longer. */
function takeText(expected: string): boolean {
  const { length } = expected
  for (let i = 0; i < length; i++) if (text.charCodeAt(at + i) !== expected.charCodeAt(i)) return false
  at += length
  return true
}

function take(unit: number): boolean {
  if (text.charCodeAt(at) !== unit) return false
  at++
  return true
}
