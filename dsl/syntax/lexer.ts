import { type IToken, Lexer } from 'chevrotain'
import { AnyWord, KEYS, KeyOther, Name, tokenTypes, WORDS } from './tokens.ts'

// Validated by this folder's tests; at start-up that would cost time and tell nobody anything.
const lexer = new Lexer(tokenTypes, {
  positionTracking: 'onlyOffset',
  skipValidations: true,
  ensureOptimizations: false,
})

/** Total: every text has tokens; what belongs to no token becomes `Foreign` or one of the `Bad…` tokens. Comments are left out. */
export function lex(text: string): IToken[] {
  const { tokens, errors } = lexer.tokenize(text)
  const unread = errors[0]
  if (unread !== undefined) {
    const excerpt = JSON.stringify(text.slice(unread.offset, unread.offset + 20))
    throw new Error(`no token covers offset ${unread.offset}: ${excerpt}`)
  }
  for (const token of tokens) if (token.tokenType === AnyWord) classify(token)
  return tokens
}

function classify(token: IToken): void {
  const { image } = token
  const type = image.endsWith(':') ? (KEYS.get(keyName(image)) ?? KeyOther) : (WORDS.get(image) ?? Name)
  token.tokenType = type
  token.tokenTypeIdx = type.tokenTypeIdx as number
}

/** A key without its colon and the blanks before it. */
export function keyName(image: string): string {
  return image.slice(0, -1).trimEnd()
}
