/** The clauses of evals and alerts. A key whose value has a form of its own is a token of its own, so one token decides. */
import type { BudgetNode, ClauseNode, ClauseValue, ExprNode, Ident, PolicyNode, ScopeNode, StringNode } from './ast.ts'
import { keyIdent, NOWHERE, noIdent, type Rule, tokenIdent } from './grammar-base.ts'
import { ExpressionGrammar } from './grammar-expressions.ts'
import * as t from './tokens.ts'

const noScope: ScopeNode = { base: noIdent, within: null, where: null, by: [], span: NOWHERE }

export class ClauseGrammar extends ExpressionGrammar {
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

  protected scope: Rule<ScopeNode> = this.RULE<() => ScopeNode>(
    'scope',
    () => {
      const start = this.begin()
      let within: Ident | null = null
      let where: ExprNode | null = null
      const by: Ident[] = []
      const base = this.SUBRULE(this.ident)
      this.OPTION(() => {
        this.CONSUME(t.In)
        within = this.SUBRULE2(this.ident)
      })
      this.OPTION2(() => {
        this.CONSUME(t.Where)
        where = this.SUBRULE(this.expr)
      })
      this.OPTION3(() => {
        this.CONSUME(t.By)
        this.AT_LEAST_ONE_SEP({
          SEP: t.Comma,
          DEF: () => {
            by.push(this.SUBRULE3(this.ident))
          },
        })
      })
      return this.ACTION(() => ({ base, within, where, by, span: this.spanFrom(start) }))
    },
    { recoveryValueFunc: () => noScope },
  )

  protected schedule: Rule<ClauseValue> = this.RULE<() => ClauseValue>(
    'schedule',
    () => {
      const start = this.begin()
      let cron: StringNode | null = null
      let at: Ident | null = null
      let zone: StringNode | null = null
      const unit = this.SUBRULE(this.ident)
      this.OPTION(() => {
        cron = this.SUBRULE(this.text)
      })
      this.OPTION2(() => {
        this.CONSUME(t.At)
        const token = this.CONSUME(t.TimeOfDay)
        at = this.ACTION(() => tokenIdent(token))
      })
      this.OPTION3(() => {
        this.CONSUME(t.In)
        zone = this.SUBRULE2(this.text)
      })
      return this.ACTION(() => ({ kind: 'schedule', node: { unit, cron, at, zone, span: this.spanFrom(start) } }))
    },
    { recoveryValueFunc: () => ({ kind: 'error' }) },
  )

  protected sample: Rule<ClauseValue> = this.RULE<() => ClauseValue>(
    'sample',
    () => {
      const start = this.begin()
      const by: Ident[] = []
      const size = this.OR([{ ALT: () => this.CONSUME(t.All) }, { ALT: () => this.CONSUME(t.Int) }])
      this.CONSUME(t.Of)
      const scope = this.SUBRULE(this.scope)
      this.CONSUME(t.Over)
      const over = this.CONSUME(t.Duration)
      this.OPTION(() => {
        this.CONSUME(t.By)
        this.AT_LEAST_ONE_SEP({
          SEP: t.Comma,
          DEF: () => {
            by.push(this.SUBRULE(this.ident))
          },
        })
      })
      return this.ACTION(() => ({
        kind: 'sample',
        node: {
          size: tokenIdent(size),
          scope: { ...scope, by: [...scope.by, ...by] },
          over: tokenIdent(over),
          span: this.spanFrom(start),
        },
      }))
    },
    { recoveryValueFunc: () => ({ kind: 'error' }) },
  )

  protected judge: Rule<ClauseValue> = this.RULE<() => ClauseValue>(
    'judge',
    () => {
      const start = this.begin()
      const models: StringNode[] = []
      const fallbacks: StringNode[] = []
      let take: Ident | null = null
      this.AT_LEAST_ONE_SEP({
        SEP: t.Comma,
        DEF: () => {
          models.push(this.SUBRULE(this.text))
        },
      })
      this.OPTION(() => {
        this.CONSUME(t.Take)
        take = this.SUBRULE(this.ident)
      })
      this.MANY(() => {
        this.CONSUME(t.Or)
        this.CONSUME(t.Else)
        fallbacks.push(this.SUBRULE2(this.text))
      })
      return this.ACTION(() => ({ kind: 'judge', node: { models, fallbacks, take, span: this.spanFrom(start) } }))
    },
    { recoveryValueFunc: () => ({ kind: 'error' }) },
  )

  protected budget: Rule<ClauseValue> = this.RULE<() => ClauseValue>(
    'budget',
    () => {
      const start = this.begin()
      const parts: BudgetNode['parts'] = []
      this.AT_LEAST_ONE_SEP({
        SEP: t.Comma,
        DEF: () => {
          const amount = this.SUBRULE(this.operand)
          this.CONSUME(t.Per)
          const per = this.SUBRULE(this.ident)
          this.ACTION(() => parts.push({ amount, per }))
        },
      })
      return this.ACTION(() => ({ kind: 'budget', node: { parts, span: this.spanFrom(start) } }))
    },
    { recoveryValueFunc: () => ({ kind: 'error' }) },
  )

  protected when: Rule<ClauseValue> = this.RULE<() => ClauseValue>(
    'when',
    () => {
      const start = this.begin()
      let over: Ident | null = null
      let unsupported: Ident | null = null
      const condition = this.SUBRULE(this.expr)
      this.OPTION(() => {
        this.CONSUME(t.Over)
        const token = this.CONSUME(t.Duration)
        over = this.ACTION(() => tokenIdent(token))
      })
      // `regresses by 0.3 vs 14d`, `is anomalous`, …: read, so that the checker can say that it is not there yet.
      this.OPTION2(() => {
        unsupported = this.SUBRULE(this.ident)
        this.MANY(() => this.OR([{ ALT: () => this.CONSUME(t.Word) }, { ALT: () => this.CONSUME(t.Literal) }]))
      })
      return this.ACTION(() => ({ kind: 'when', node: { condition, over, unsupported, span: this.spanFrom(start) } }))
    },
    { recoveryValueFunc: () => ({ kind: 'error' }) },
  )

  protected policy: Rule<PolicyNode | null> = this.RULE<() => PolicyNode | null>(
    'policy',
    () => {
      const start = this.begin()
      let because: ExprNode | null = null
      let after: ExprNode | null = null
      const word = this.SUBRULE(this.ident)
      this.OPTION(() => {
        this.CONSUME(t.Because)
        because = this.SUBRULE(this.operand)
      })
      this.OPTION2(() => {
        this.CONSUME(t.After)
        after = this.SUBRULE2(this.operand)
      })
      return this.ACTION(() => ({ word, because, after, span: this.spanFrom(start) }))
    },
    { recoveryValueFunc: () => null },
  )
}
