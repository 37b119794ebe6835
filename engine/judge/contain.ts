/**
 * Keeps a trace's text inside its block of the prompt. The nonce alone makes the delimiters unguessable; the escaping holds
 * even against a text that knows the nonce (it may be copied from a logged prompt).
 */

const OPEN = '<<<'
const CLOSE = '>>>'

/** Control characters except tab and newline: some front ends and tokenisers act on them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g
/** Marks that chat templates of model servers use between roles; a server may tokenise them as such inside a message. */
const ROLE_MARKS = /<\||\|>|\[\/?INST\]|<<\/?SYS>>|<\/?(?:start|end)_of_turn>|<\/?s>/gi

/**
 * Text that can neither end its block nor begin another: every mark keeps its length and its look, not its characters.
 * `nonce` is of [0-9a-z], see `assertNonce`.
 */
export function neutralise(text: string, nonce: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(CONTROL, '\ufffd')
    .replace(new RegExp(nonce, 'gi'), '·'.repeat(nonce.length))
    .replace(/<{3,}|>{3,}/g, lookAlike)
    .replace(ROLE_MARKS, lookAlike)
}

function lookAlike(mark: string): string {
  return mark.replaceAll('<', '‹').replaceAll('>', '›').replaceAll('[', '⟦').replaceAll(']', '⟧')
}

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
