/** Expressions, read flat: `precedence.ts` decides how tightly the operators bind. */
import type { IToken, ParserMethod, TokenType } from 'chevrotain'
import type { ArgNode, BinaryOp, ExprNode, FieldNode, Ident, LiteralKind } from './ast.ts'
import { GrammarBase, NOWHERE, noIdent, type Rule, spanOf } from './grammar-base.ts'
import { type FlatItem, foldExpression, type PrecedenceProblem } from './precedence.ts'
import * as t from './tokens.ts'

const LITERAL_KINDS = new Map<TokenType, LiteralKind>([
  [t.Text, 'text'],
  [t.TextBlock, 'block'],
  [t.TimeOfDay, 'time'],
  [t.Money, 'money'],
  [t.Duration, 'duration'],
  [t.Points, 'points'],
  [t.Percent, 'percent'],
  [t.Decimal, 'decimal'],
  [t.Int, 'int'],
])

export const errorExpr = (): ExprNode => ({ kind: 'error', span: NOWHERE })

export class ExpressionGrammar extends GrammarBase {
  /** Found while folding; of the last parsed input. */
  problems: PrecedenceProblem[] = []

  protected expr: Rule<ExprNode> = this.RULE<() => ExprNode>(
    'expr',
    () => {
      const items: FlatItem[] = []
      this.SUBRULE(this.prefixed, { ARGS: [items] })
      this.MANY(() =>
        this.OR([
          {
            ALT: () => {
              const op = this.SUBRULE(this.binaryOperator)
              this.ACTION(() => items.push(op))
              this.SUBRULE2(this.prefixed, { ARGS: [items] })
            },
          },
          {
            ALT: () => {
              const token = this.CONSUME(t.In)
              const list = this.SUBRULE(this.operand)
              this.ACTION(() => items.push({ kind: 'in', span: spanOf(token), items: list }))
            },
          },
          {
            ALT: () => {
              let any = false
              const token = this.CONSUME(t.Matches)
              this.OPTION(() => {
                this.CONSUME(t.Any)
                any = true
              })
              const patterns = this.SUBRULE2(this.operand)
              this.ACTION(() => items.push({ kind: 'matches', span: spanOf(token), any, patterns }))
            },
          },
          {
            ALT: () => {
              let negated = false
              const token = this.CONSUME(t.Is)
              this.OPTION2(() => {
                this.CONSUME(t.Not)
                negated = true
              })
              const what = this.SUBRULE(this.ident)
              this.ACTION(() => items.push({ kind: 'is', span: spanOf(token), negated, what }))
            },
          },
        ]),
      )
      return this.ACTION(() => foldExpression(items, this.problems))
    },
    { recoveryValueFunc: errorExpr },
  )

  protected prefixed: ParserMethod<[FlatItem[]], void> = this.RULE('prefixed', (items: FlatItem[]) => {
    this.MANY(() => {
      const token = this.CONSUME(t.Not)
      this.ACTION(() => items.push({ kind: 'not', span: spanOf(token) }))
    })
    const node = this.SUBRULE(this.operand)
    this.ACTION(() => items.push({ kind: 'operand', node: node ?? errorExpr() }))
  })

  protected binaryOperator: Rule<FlatItem> = this.RULE<() => FlatItem>('binaryOperator', () => {
    const token = this.OR([
      { ALT: () => this.CONSUME(t.And) },
      { ALT: () => this.CONSUME(t.Or) },
      { ALT: () => this.CONSUME(t.Comparison) },
      { ALT: () => this.CONSUME(t.Coalesce) },
      { ALT: () => this.CONSUME(t.Plus) },
      { ALT: () => this.CONSUME(t.Minus) },
      { ALT: () => this.CONSUME(t.Star) },
      { ALT: () => this.CONSUME(t.Contains) },
      {
        ALT: () => {
          const starts = this.CONSUME(t.Starts)
          this.CONSUME(t.With)
          return starts
        },
      },
    ])
    return this.ACTION(() => ({
      kind: 'binary',
      op: token.tokenType === t.Starts ? 'starts with' : (token.image as BinaryOp),
      span: spanOf(token),
    }))
  })

  protected operand: Rule<ExprNode> = this.RULE<() => ExprNode>(
    'operand',
    () => {
      const start = this.begin()
      let negative = false
      this.OPTION(() => {
        this.CONSUME(t.Minus)
        negative = true
      })
      const node = this.OR([
        {
          ALT: (): ExprNode => {
            const token = this.CONSUME(t.Literal)
            return this.ACTION(() => literalNode(token))
          },
        },
        { ALT: (): ExprNode => this.SUBRULE(this.pathOrCall) },
        {
          ALT: (): ExprNode => {
            this.CONSUME(t.LParen)
            const inner = this.SUBRULE(this.expr)
            this.CONSUME(t.RParen)
            return inner
          },
        },
        { ALT: (): ExprNode => this.SUBRULE(this.list) },
        { ALT: (): ExprNode => this.SUBRULE(this.record) },
      ])
      return this.ACTION(() => (negative ? { kind: 'negate', arg: node, span: this.spanFrom(start) } : node))
    },
    { recoveryValueFunc: errorExpr },
  )

  protected list: Rule<ExprNode> = this.RULE<() => ExprNode>(
    'list',
    () => {
      const start = this.begin()
      const items: ExprNode[] = []
      this.CONSUME(t.LSquare)
      this.MANY_SEP({
        SEP: t.Comma,
        DEF: () => {
          items.push(this.SUBRULE(this.expr))
        },
      })
      this.CONSUME(t.RSquare)
      return this.ACTION(() => ({ kind: 'list', items, span: this.spanFrom(start) }))
    },
    { recoveryValueFunc: errorExpr },
  )

  protected record: Rule<ExprNode> = this.RULE<() => ExprNode>(
    'record',
    () => {
      const start = this.begin()
      const fields: FieldNode[] = []
      this.CONSUME(t.LCurly)
      this.MANY(() => {
        fields.push(this.SUBRULE(this.field))
        this.OPTION(() => this.CONSUME(t.Comma))
      })
      this.CONSUME(t.RCurly)
      return this.ACTION(() => ({ kind: 'record', fields, span: this.spanFrom(start) }))
    },
    { recoveryValueFunc: errorExpr },
  )

  protected pathOrCall: Rule<ExprNode> = this.RULE<() => ExprNode>(
    'pathOrCall',
    () => {
      const start = this.begin()
      let args: ArgNode[] | null = null
      const name = this.SUBRULE(this.ident)
      this.OPTION(() => {
        args = this.SUBRULE(this.args)
      })
      return this.ACTION(() =>
        args === null
          ? { kind: 'path', path: name.text, span: this.spanFrom(start) }
          : { kind: 'call', name, args, span: this.spanFrom(start) },
      )
    },
    { recoveryValueFunc: errorExpr },
  )

  protected args: Rule<ArgNode[]> = this.RULE<() => ArgNode[]>(
    'args',
    () => {
      this.CONSUME(t.LParen)
      const found: ArgNode[] = []
      this.MANY_SEP({
        SEP: t.Comma,
        DEF: () => {
          const arg = this.SUBRULE(this.arg)
          this.ACTION(() => arg !== null && found.push(arg))
        },
      })
      this.CONSUME(t.RParen)
      return found
    },
    { resyncEnabled: false, recoveryValueFunc: () => [] },
  )

  protected arg: Rule<ArgNode | null> = this.RULE<() => ArgNode | null>(
    'arg',
    () => {
      const start = this.begin()
      let key: Ident | null = null
      let where: ExprNode | null = null
      this.OPTION(() => {
        key = this.SUBRULE(this.key)
      })
      const value = this.SUBRULE(this.expr)
      this.OPTION2(() => {
        this.CONSUME(t.Where)
        where = this.SUBRULE2(this.expr)
      })
      return this.ACTION(() => ({ key, value, where, span: this.spanFrom(start) }))
    },
    { recoveryValueFunc: () => null },
  )

  protected field: Rule<FieldNode> = this.RULE<() => FieldNode>(
    'field',
    () => {
      const key = this.SUBRULE(this.key)
      const value = this.SUBRULE(this.operand)
      return this.ACTION(() => ({ key, value }))
    },
    { recoveryValueFunc: () => ({ key: noIdent, value: errorExpr() }) },
  )
}

export function literalNode(token: IToken): ExprNode {
  const span = spanOf(token)
  if (token.tokenType === t.Regex) return { kind: 'regex', raw: token.image, span }
  const kind = LITERAL_KINDS.get(token.tokenType)
  // The `Bad…` tokens: told by the lexer's pass.
  return kind === undefined ? { kind: 'error', span } : { kind: 'literal', token: kind, raw: token.image, span }
}
