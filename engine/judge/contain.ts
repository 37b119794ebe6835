/**
 * Keeps a trace's text inside its block of the prompt. The nonce alone makes the delimiters unguessable; the escaping holds
 * even against a text that knows the nonce (it may be copied from a logged prompt).
 */

import { fold } from './fold.ts'

const OPEN = '<<<'
const CLOSE = '>>>'

/** Control characters except tab and newline: some front ends and tokenisers act on them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g
/** Nothing that is replaced, but for a nonce. */
const PLAIN = /^[\t\n -;=?-Z\\-~]*$/
/** Marks that chat templates of model servers use between roles; a server may tokenise them as such inside a message. */
const ROLE_MARK =
  '<\\||\\|>|\\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\\]|<</?SYS>>|</?(?:start|end)_of_turn>|</?(?:s|bos|eos)>'

/**
 * Text that can neither end its block nor begin another: a mark keeps its look, not its characters. Marks are found however
 * they are written: in another case, in compatibility forms (`＜＜＜`), with invisible characters inside, the nonce in letters
 * that look alike. `nonce` is of [0-9a-z], see `assertNonce`.
 */
export function neutralise(text: string, nonce: string): string {
  // Most texts: an expression made for a nonce costs many times this look.
  if (PLAIN.test(text) && !text.toLowerCase().includes(nonce)) return text
  const clean = text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(CONTROL, '\ufffd')
  const marks = new RegExp(`(${nonce})|<{3,}|>{3,}|${ROLE_MARK}`, 'gi')
  return isAscii(clean)
    ? clean.replace(marks, (mark, isNonce) => (isNonce === undefined ? lookAlike(mark) : dots(mark)))
    : replaceFolded(clean, marks)
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
  return !/[^\u0000-\u007f]/.test(text)
}

/** Looks for the marks in what the text folds to, and replaces what stands for them. */
function replaceFolded(text: string, marks: RegExp): string {
  const { folded, starts } = fold(text)
  let result = ''
  let done = 0
  for (const match of folded.matchAll(marks)) {
    const from = starts[match.index] as number
    const to = starts[match.index + match[0].length] as number
    // Two marks may be made of one character.
    result += text.slice(done, Math.max(done, from)) + (match[1] === undefined ? lookAlike(match[0]) : dots(match[0]))
    done = Math.max(done, to)
  }
  return result + text.slice(done)
}

function lookAlike(mark: string): string {
  return mark.replaceAll('<', '‹').replaceAll('>', '›').replaceAll('[', '⟦').replaceAll(']', '⟧').replaceAll('|', '¦')
}

const dots = (mark: string): string => '·'.repeat(mark.length)

/**
 * One delimited block. `title` is ours, never the trace's.
 *
 * ```
 * <<<DATA 3f… input.text>>>
 * the text
 * <<<END 3f…>>>
 * ```
 */
export function block(title: string, text: string, nonce: string): string {
  return `${OPEN}DATA ${nonce} ${title}${CLOSE}\n${neutralise(text, nonce)}\n${OPEN}END ${nonce}${CLOSE}`
}

/** A nonce must be long enough not to be met by chance: at least 16 characters of [0-9a-z]. */
export function assertNonce(nonce: string): void {
  if (!/^[0-9a-z]{16,}$/.test(nonce)) throw new Error('a nonce has at least 16 characters of [0-9a-z]')
}
