/** What stands behind the keys of clauses, where it has a form of its own. */
import type {
  BudgetNode,
  ClauseValue,
  ExprNode,
  FalseAlarmsNode,
  Ident,
  PolicyNode,
  SampleNode,
  ScopeNode,
  StringNode,
  WhenNode,
} from './ast.ts'
import { NOWHERE, noIdent, type Rule, tokenIdent } from './grammar-base.ts'
import { ExpressionGrammar, literalNode } from './grammar-expressions.ts'
import * as t from './tokens.ts'

const noScope: ScopeNode = { base: noIdent, within: null, where: null, by: [], span: NOWHERE }

export class ClauseValueGrammar extends ExpressionGrammar {
  protected scope: Rule<ScopeNode> = this.RULE<() => ScopeNode>(
    'scope',
    () => {
      const start = this.begin()
      let within: Ident | null = null
      let where: ExprNode | null = null
      const base = this.SUBRULE(this.ident)
      this.OPTION(() => {
        this.CONSUME(t.In)
        within = this.SUBRULE2(this.ident)
      })
      this.OPTION2(() => {
        this.CONSUME(t.Where)
        where = this.SUBRULE(this.expr)
      })
      const by = this.SUBRULE(this.grouping)
      return this.ACTION(() => ({ base, within, where, by: by ?? [], span: this.spanFrom(start) }))
    },
    { recoveryValueFunc: () => noScope },
  )

  /** `by agent.version, attr("acme.tier", string)`, or nothing. */
  protected grouping: Rule<ExprNode[]> = this.RULE<() => ExprNode[]>(
    'grouping',
    () => {
      const by: ExprNode[] = []
      this.OPTION(() => {
        this.CONSUME(t.By)
        this.AT_LEAST_ONE_SEP({
          SEP: t.Comma,
          DEF: () => {
            by.push(this.SUBRULE(this.pathOrCall))
          },
        })
      })
      return by
    },
    { recoveryValueFunc: () => [] },
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
      const size = this.OR([{ ALT: () => this.CONSUME(t.All) }, { ALT: () => this.CONSUME(t.Int) }])
      this.CONSUME(t.Of)
      const scope = this.SUBRULE(this.scope)
      this.CONSUME(t.Over)
      const over = this.CONSUME(t.Duration)
      let lean: SampleNode['lean'] = null
      this.OPTION(() => {
        this.CONSUME(t.Comma)
        const part = this.SUBRULE(this.ident)
        let what: Ident | null = null
        // A missing word is told by the checker: the parser would take the next clause with it.
        this.OPTION2(() => {
          what = this.SUBRULE2(this.ident)
        })
        this.ACTION(() => {
          lean = { part, what }
        })
      })
      const by = this.SUBRULE(this.grouping)
      return this.ACTION(() => ({
        kind: 'sample',
        node: {
          size: tokenIdent(size),
          scope: { ...scope, by: [...scope.by, ...(by ?? [])] },
          over: tokenIdent(over),
          lean,
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
      let cheaper: StringNode | null = null
      this.AT_LEAST_ONE_SEP({
        SEP: t.Comma,
        DEF: () => {
          const amount = this.SUBRULE(this.operand)
          this.CONSUME(t.Per)
          const per = this.SUBRULE(this.ident)
          this.ACTION(() => parts.push({ amount, per }))
        },
      })
      this.OPTION(() => {
        this.CONSUME(t.Or)
        this.CONSUME(t.Else)
        cheaper = this.SUBRULE(this.text)
      })
      return this.ACTION(() => ({ kind: 'budget', node: { parts, cheaper, span: this.spanFrom(start) } }))
    },
    { recoveryValueFunc: () => ({ kind: 'error' }) },
  )

  protected when: Rule<ClauseValue> = this.RULE<() => ClauseValue>(
    'when',
    () => {
      const start = this.begin()
      let change: WhenNode['change'] = null
      const over: Ident[] = []
      const vs: Ident[] = []
      let surplus: Ident | null = null
      const condition = this.SUBRULE(this.expr)
      this.OPTION(() => {
        change = this.SUBRULE(this.change)
      })
      this.MANY(() =>
        this.OR([
          {
            ALT: () => {
              this.CONSUME(t.Over)
              const token = this.CONSUME(t.Literal)
              this.ACTION(() => over.push(tokenIdent(token)))
            },
          },
          {
            ALT: () => {
              this.CONSUME(t.Vs)
              const token = this.CONSUME2(t.Literal)
              this.ACTION(() => vs.push(tokenIdent(token)))
            },
          },
        ]),
      )
      // `for 5m` and what else people write here: read, so that the checker can say where it belongs.
      this.OPTION2(() => {
        const token = this.CONSUME(t.Name)
        this.MANY2(() => this.OR2([{ ALT: () => this.CONSUME(t.Word) }, { ALT: () => this.CONSUME3(t.Literal) }]))
        surplus = this.ACTION(() => tokenIdent(token))
      })
      return this.ACTION(() => ({
        kind: 'when',
        node: { condition, change, over, vs, surplus, span: this.spanFrom(start) },
      }))
    },
    { recoveryValueFunc: () => ({ kind: 'error' }) },
  )

  protected change: Rule<WhenNode['change']> = this.RULE<() => WhenNode['change']>(
    'change',
    () => {
      let by: ExprNode | null = null
      const token = this.OR([
        { ALT: () => this.CONSUME(t.Regresses) },
        { ALT: () => this.CONSUME(t.Rises) },
        { ALT: () => this.CONSUME(t.Falls) },
      ])
      this.OPTION(() => {
        this.CONSUME(t.By)
        by = this.SUBRULE(this.operand)
      })
      return this.ACTION(() => ({ word: tokenIdent(token), by }))
    },
    { recoveryValueFunc: () => null },
  )

  /** `5% per 30d`. */
  protected falseAlarms: Rule<FalseAlarmsNode | null> = this.RULE<() => FalseAlarmsNode | null>(
    'falseAlarms',
    () => {
      const start = this.begin()
      const token = this.CONSUME(t.Literal)
      this.CONSUME(t.Per)
      const per = this.CONSUME(t.Duration)
      return this.ACTION(() => ({
        ratio: literalNode(token),
        per: tokenIdent(per),
        span: this.spanFrom(start),
      }))
    },
    { recoveryValueFunc: () => null },
  )

  /** `7d vs 7d`. */
  protected period: Rule<ClauseValue> = this.RULE<() => ClauseValue>(
    'period',
    () => {
      let vs: Ident | null = null
      const over = this.CONSUME(t.Duration)
      this.OPTION(() => {
        this.CONSUME(t.Vs)
        const token = this.CONSUME2(t.Duration)
        vs = this.ACTION(() => tokenIdent(token))
      })
      return this.ACTION(() => ({ kind: 'period', over: tokenIdent(over), vs }))
    },
    { recoveryValueFunc: () => ({ kind: 'error' }) },
  )

  protected row: Rule<ClauseValue> = this.RULE<() => ClauseValue>(
    'row',
    () => {
      const start = this.begin()
      const cells: ExprNode[] = []
      this.AT_LEAST_ONE_SEP({
        SEP: t.Comma,
        DEF: () => {
          cells.push(this.SUBRULE(this.pathOrCall))
        },
      })
      const by = this.SUBRULE(this.grouping)
      return this.ACTION(() => ({ kind: 'row', node: { cells, by: by ?? [], span: this.spanFrom(start) } }))
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
