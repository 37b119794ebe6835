/** The clauses of evals and alerts. A key whose value has a form of its own is a token of its own, so one token decides. */
import type { ClauseNode, ClauseValue, ExprNode, Ident } from './ast.ts'
import { keyIdent, noIdent, type Rule } from './grammar-base.ts'
import { ClauseValueGrammar } from './grammar-clause-values.ts'
import * as t from './tokens.ts'

export class ClauseGrammar extends ClauseValueGrammar {
  protected clauses: Rule<ClauseNode[]> = this.RULE<() => ClauseNode[]>(
    'clauses',
    () => {
      const clauses: ClauseNode[] = []
      this.CONSUME(t.LCurly)
      this.MANY(() => {
        const clause = this.SUBRULE(this.clause)
        this.ACTION(() => clauses.push(clause))
      })
      this.CONSUME(t.RCurly)
      return clauses
    },
    { recoveryValueFunc: () => [] },
  )

  /** Of the clause that is being read: recovery keeps it. */
  private clauseKey: Ident = noIdent

  protected clause: Rule<ClauseNode> = this.RULE<() => ClauseNode>(
    'clause',
    () => {
      const start = this.begin()
      this.ACTION(() => {
        this.clauseKey = keyIdent(this.LA(1))
      })
      const value = this.SUBRULE(this.clauseValue)
      return this.ACTION(() => ({ key: this.clauseKey, value, span: this.spanFrom(start) }))
    },
    { recoveryValueFunc: () => ({ key: this.clauseKey, value: { kind: 'error' }, span: this.clauseKey.span }) },
  )

  protected clauseValue: Rule<ClauseValue> = this.RULE<() => ClauseValue>(
    'clauseValue',
    () =>
      this.OR([
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeyOn)
            return { kind: 'scope', node: this.SUBRULE(this.scope) }
          },
        },
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeyEvery)
            return this.SUBRULE(this.schedule)
          },
        },
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeySample)
            return this.SUBRULE(this.sample)
          },
        },
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeyJudge)
            return this.SUBRULE(this.judge)
          },
        },
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeyScale)
            const low = this.SUBRULE(this.operand)
            this.CONSUME(t.To)
            return { kind: 'scale', low, high: this.SUBRULE2(this.operand) }
          },
        },
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeyWhen)
            return this.SUBRULE(this.when)
          },
        },
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeyMissing)
            const node = this.SUBRULE(this.policy)
            return this.ACTION(() => (node === null ? { kind: 'error' } : { kind: 'policy', node }))
          },
        },
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeyNoData)
            const node = this.SUBRULE2(this.policy)
            return this.ACTION(() => (node === null ? { kind: 'error' } : { kind: 'policy', node }))
          },
        },
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeyBudget)
            return this.SUBRULE(this.budget)
          },
        },
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeyFalseAlarms)
            const node = this.SUBRULE(this.falseAlarms)
            return this.ACTION(() => (node === null ? { kind: 'error' } : { kind: 'false_alarms', node }))
          },
        },
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeyPeriod)
            return this.SUBRULE(this.period)
          },
        },
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeyRow)
            return this.SUBRULE(this.row)
          },
        },
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeyValues)
            const items: ExprNode[] = []
            this.AT_LEAST_ONE_SEP({
              SEP: t.Comma,
              DEF: () => {
                items.push(this.SUBRULE(this.expr))
              },
            })
            return { kind: 'values', items }
          },
        },
        {
          ALT: (): ClauseValue => {
            this.CONSUME(t.KeyOther)
            return { kind: 'skipped' }
          },
        },
      ]),
    { recoveryValueFunc: () => ({ kind: 'error' }) },
  )
}
