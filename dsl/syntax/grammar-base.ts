/** What all of the grammar's parts share: how chevrotain is set up, the three smallest rules, and places. */
import { EmbeddedActionsParser, type IToken, type ParserMethod, type TokenType } from 'chevrotain'
import type { Span } from '../source.ts'
import type { Ident, StringNode } from './ast.ts'
import { expectations } from './expectations.ts'
import { keyName } from './lexer.ts'
import { unescapeText } from './text.ts'
import * as t from './tokens.ts'

export type Rule<R> = ParserMethod<[], R>

export const NOWHERE: Span = { start: 0, end: 0 }
export const noIdent: Ident = { text: '', span: NOWHERE }
const noString: StringNode = { value: '', span: NOWHERE }

export interface GrammarOptions {
  /** Look for ambiguities, which the tests do; it doubles the time to start. */
  readonly validate: boolean
  /** Go on behind an error. What has none is read the same without, in less time. */
  readonly recover: boolean
}

export class GrammarBase extends EmbeddedActionsParser {
  constructor(options: GrammarOptions) {
    super(t.tokenTypes, {
      recoveryEnabled: options.recover,
      maxLookahead: 2,
      skipValidations: !options.validate,
      errorMessageProvider: expectations,
    })
  }

  // Inserting what has no value of its own (a bracket, `eval`) is a harmless repair; a made-up name or value is not.
  override canTokenTypeBeInsertedInRecovery(type: TokenType): boolean {
    const valued = type === t.Name || type === t.Word || type === t.Literal || type === t.Key || type === t.Comparison
    return !valued && !(type.CATEGORIES ?? []).some((category) => category === t.Literal || category === t.Key)
  }

  protected ident: Rule<Ident> = this.RULE<() => Ident>(
    'ident',
    () => {
      const token = this.CONSUME(t.Word)
      return this.ACTION(() => tokenIdent(token))
    },
    { resyncEnabled: false, recoveryValueFunc: () => noIdent },
  )

  protected key: Rule<Ident> = this.RULE<() => Ident>(
    'key',
    () => {
      const token = this.CONSUME(t.Key)
      return this.ACTION(() => keyIdent(token))
    },
    { resyncEnabled: false, recoveryValueFunc: () => noIdent },
  )

  protected text: Rule<StringNode> = this.RULE<() => StringNode>(
    'text',
    () => {
      const token = this.CONSUME(t.Text)
      return this.ACTION(() => ({ value: unescapeText(token.image), span: spanOf(token) }))
    },
    { resyncEnabled: false, recoveryValueFunc: () => noString },
  )

  /** Offset at which the next token starts; at the end of input, where the last one ended. */
  protected begin(): number {
    const next = this.LA(1)
    return Number.isNaN(next.startOffset) || next.startOffset < 0 ? endOf(this.LA(0)) : next.startOffset
  }

  protected spanFrom(start: number): Span {
    return { start, end: Math.max(start, endOf(this.LA(0))) }
  }
}

/** Tokens carry no end: the lexer tracks starts only, which is a good part of its time. */
export function endOf(token: IToken): number {
  // Set where a token stands for a mark that is written otherwise (`&&`), and else as long as its image; 0 of one that was made up.
  const { endOffset } = token
  return (endOffset === undefined ? token.startOffset + token.image.length : endOffset + 1) || 0
}

export function spanOf(token: IToken): Span {
  return { start: token.startOffset, end: endOf(token) }
}

export function tokenIdent(token: IToken): Ident {
  return { text: token.image, span: spanOf(token) }
}

export function keyIdent(token: IToken): Ident {
  const text = keyName(token.image)
  return { text, span: { start: token.startOffset, end: token.startOffset + text.length } }
}
