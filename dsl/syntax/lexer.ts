import { type IToken, Lexer } from 'chevrotain'
import { tokenTypes } from './tokens.ts'

// Validated by this folder's tests; at start-up that would cost time and tell nobody anything.
const lexer = new Lexer(tokenTypes, {
  positionTracking: 'onlyOffset',
  skipValidations: true,
  ensureOptimizations: false,
})

export interface LexedFile {
  tokens: IToken[]
  comments: IToken[]
}

/** Total: every text has tokens; what belongs to no token becomes `Foreign` or one of the `Bad…` tokens. */
export function lex(text: string): LexedFile {
  const { tokens, groups, errors } = lexer.tokenize(text)
  const unread = errors[0]
  if (unread !== undefined)
    throw new Error(
      `no token covers offset ${unread.offset}: ${JSON.stringify(text.slice(unread.offset, unread.offset + 20))}`,
    )
  return { tokens, comments: groups.comments ?? [] }
}
