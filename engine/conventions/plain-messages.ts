/**
 * Reads messages of nothing but texts, which most are, without the JSON parser: their strings are cut out of the text as they stand.
 * Anything else (escapes, other keys or values, keys twice) is left to the parser, so that there is one answer to every text. What stands
 * around the content of a single text is the same from span to span: it is compared as a whole, not read again.
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

/** What stood around the only content of messages that were read. */
interface Frame {
  /** Up to the content and from its closing quote on. */
  readonly head: string
  readonly tail: string
  readonly role: string
  readonly finishReason: string | undefined
}

/** A sender has two or three: a prompt's, an answer's, one for each reason to finish. */
const MAX_FRAMES = 8
const MAX_FRAME_CHARS = 256
const frames: Frame[] = []
let nextFrame = 0

let text = ''
let at = 0
/** Of the content that was read last. */
let contentStart = 0
let contentEnd = 0

/** The messages of `[{"role":…,"parts":[{"type":"text","content":…}…],"finish_reason":…}…]`, keys in any order; undefined for everything else. */
export function plainMessages(json: string): Message[] | undefined {
  if (!json.startsWith('[{') || json.includes('\\') || LOW_CONTROLS.test(json) || HIGH_CONTROLS.test(json)) {
    return undefined
  }
  for (const { head, tail, role, finishReason } of frames) {
    const end = json.length - tail.length
    if (end < head.length || !json.startsWith(head) || !json.endsWith(tail)) continue
    // Another quote would end the content earlier.
    if (json.indexOf('"', head.length) !== end) continue
    return [messageOf(role, [{ type: 'text', content: json.slice(head.length, end) }], finishReason)]
  }
  text = json
  at = 1
  const messages = readList(readMessage)
  const isWhole = at === json.length
  text = ''
  if (!isWhole || messages === undefined) return undefined
  remember(json, messages)
  return messages
}

function remember(json: string, messages: readonly Message[]): void {
  const [only] = messages
  if (only === undefined || messages.length > 1 || only.parts.length !== 1) return
  if (json.length - (contentEnd - contentStart) > MAX_FRAME_CHARS) return
  frames[nextFrame] = {
    ...{ head: copyOf(json.slice(0, contentStart)), tail: copyOf(json.slice(contentEnd)) },
    ...{ role: copyOf(only.role), finishReason: only.finishReason && copyOf(only.finishReason) },
  }
  nextFrame = (nextFrame + 1) % MAX_FRAMES
}

/** What V8 cuts out of a text keeps all of it in memory: somebody's prompt, for good. */
function copyOf(text: string): string {
  return Buffer.from(text).toString()
}

function messageOf(role: string, parts: MessagePart[], finishReason: string | undefined): Message {
  return finishReason === undefined ? { role, parts } : { role, parts, finishReason }
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
  return messageOf(role, parts, finishReason)
}

function readPart(): MessagePart | undefined {
  if (!takeText('{')) return undefined
  let type: string | undefined
  let content: string | undefined
  do {
    take(SPACE)
    if (type === undefined && takeKey('"type":')) type = readString()
    else if (content === undefined && takeKey('"content":')) {
      content = readString()
      contentEnd = at - 1
      contentStart = contentEnd - (content?.length ?? 0)
    } else return undefined
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
