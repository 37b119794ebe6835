/** Tests: fixtures, verdict streams, what a judge returns, and what is expected. */
import type {
  DeclNode,
  ExpectNode,
  ExprNode,
  FieldNode,
  FixtureNode,
  GivenNode,
  Ident,
  StringNode,
  TodoNode,
} from './ast.ts'
import { NOWHERE, type Rule, tokenIdent } from './grammar-base.ts'
import { ClauseGrammar } from './grammar-clauses.ts'
import { errorExpr, literalNode } from './grammar-expressions.ts'
import * as t from './tokens.ts'

const noFixture: FixtureNode = { fields: [], spans: [], span: NOWHERE }

export class TestGrammar extends ClauseGrammar {
  protected testDecl: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'testDecl',
    () => {
      const start = this.begin()
      const given: GivenNode[] = []
      const expect: ExpectNode[] = []
      let todo: TodoNode | null = null
      this.CONSUME(t.Test)
      const name = this.SUBRULE(this.text)
      this.CONSUME(t.LCurly)
      this.MANY(() =>
        this.OR([
          {
            ALT: () => {
              const node = this.SUBRULE(this.given)
              this.ACTION(() => node !== null && given.push(node))
            },
          },
          {
            ALT: () => {
              const node = this.SUBRULE(this.expect)
              this.ACTION(() => {
                if (node?.kind === 'todo') todo = node
                else if (node !== null) expect.push(node)
              })
            },
          },
        ]),
      )
      this.CONSUME(t.RCurly)
      return this.ACTION(() => ({ kind: 'test', name, given, expect, todo, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
  )

  protected given: Rule<GivenNode | null> = this.RULE<() => GivenNode | null>(
    'given',
    () => {
      const start = this.begin()
      this.CONSUME(t.Given)
      const node = this.OR([
        {
          ALT: (): GivenNode | null => {
            this.CONSUME(t.Trace)
            const fixture = this.SUBRULE(this.fixture)
            return { kind: 'trace', fixture, span: NOWHERE }
          },
        },
        {
          ALT: (): GivenNode | null => {
            let changes: FixtureNode | null = null
            this.CONSUME(t.Like)
            const test = this.SUBRULE(this.text)
            this.OPTION(() => {
              changes = this.SUBRULE2(this.fixture)
            })
            return { kind: 'like', test, fixture: changes, span: NOWHERE }
          },
        },
        {
          ALT: (): GivenNode | null => {
            let trace: StringNode | null = null
            this.CONSUME(t.File)
            const path = this.SUBRULE2(this.text)
            this.OPTION2(() => {
              this.CONSUME2(t.Trace)
              trace = this.SUBRULE3(this.text)
            })
            return { kind: 'file', path, trace, span: NOWHERE }
          },
        },
        {
          ALT: (): GivenNode | null => {
            const evalName = this.SUBRULE(this.ident)
            this.CONSUME(t.Judge)
            this.CONSUME(t.Returns)
            const returns = this.SUBRULE(this.operand)
            return { kind: 'judge', evalName, returns, span: NOWHERE }
          },
        },
        { ALT: (): GivenNode | null => this.SUBRULE(this.verdicts) },
      ])
      return this.ACTION(() => (node === null ? null : { ...node, span: this.spanFrom(start) }))
    },
    { recoveryValueFunc: () => null },
  )

  protected verdicts: Rule<GivenNode | null> = this.RULE<() => GivenNode | null>(
    'verdicts',
    () => {
      const runs: { verdict: Ident; score: ExprNode | null; times: Ident | null }[] = []
      let each: Ident | null = null
      const evalName = this.SUBRULE(this.key)
      this.AT_LEAST_ONE_SEP({
        SEP: t.Comma,
        DEF: () => {
          let score: ExprNode | null = null
          let times: Ident | null = null
          const verdict = this.SUBRULE(this.ident)
          this.OPTION3(() => {
            score = this.SUBRULE(this.amount)
          })
          this.OPTION(() => {
            this.CONSUME(t.Times)
            const token = this.CONSUME(t.Int)
            times = this.ACTION(() => tokenIdent(token))
          })
          this.ACTION(() => runs.push({ verdict, score, times }))
        },
      })
      this.OPTION2(() => {
        this.CONSUME(t.Each)
        const token = this.CONSUME(t.Duration)
        each = this.ACTION(() => tokenIdent(token))
      })
      const labels = this.SUBRULE(this.labels)
      return { kind: 'verdicts', evalName, runs, each, labels: labels ?? [], span: NOWHERE }
    },
    { recoveryValueFunc: () => null },
  )

  /** Of an eval or alert; or `expect todo "why"`, of the test. */
  /** The score of a run: a literal, or one below zero. */
  protected amount: Rule<ExprNode> = this.RULE<() => ExprNode>(
    'amount',
    () => {
      const start = this.begin()
      let negative = false
      this.OPTION(() => {
        this.CONSUME(t.Minus)
        negative = true
      })
      const token = this.CONSUME(t.Literal)
      return this.ACTION(() => {
        const arg = literalNode(token)
        return negative ? { kind: 'negate', arg, span: this.spanFrom(start) } : arg
      })
    },
    { recoveryValueFunc: errorExpr },
  )

  /** `with { agent.version: "2" }`, or nothing. */
  protected labels: Rule<FieldNode[]> = this.RULE<() => FieldNode[]>(
    'labels',
    () => {
      let fields: FieldNode[] = []
      this.OPTION(() => {
        this.CONSUME(t.With)
        const node = this.SUBRULE(this.record)
        fields = this.ACTION(() => (node.kind === 'record' ? node.fields : []))
      })
      return fields
    },
    { recoveryValueFunc: () => [] },
  )

  protected expect: Rule<ExpectNode | TodoNode | null> = this.RULE<() => ExpectNode | TodoNode | null>(
    'expect',
    () => {
      const start = this.begin()
      this.CONSUME(t.Expect)
      const node = this.OR([
        {
          ALT: (): ExpectNode | TodoNode => {
            let why: StringNode | null = null
            this.CONSUME(t.Todo)
            this.OPTION(() => {
              why = this.SUBRULE(this.text)
            })
            return { kind: 'todo', why, span: NOWHERE }
          },
        },
        { ALT: (): ExpectNode | TodoNode => this.SUBRULE(this.expected) },
      ])
      return this.ACTION(() => ({ ...node, span: this.spanFrom(start) }))
    },
    { recoveryValueFunc: () => null },
  )

  protected expected: Rule<ExpectNode> = this.RULE<() => ExpectNode>(
    'expected',
    () => {
      let because: ExprNode | null = null
      let at: Ident | null = null
      const name = this.SUBRULE(this.key)
      const outcome = this.SUBRULE(this.ident)
      this.OPTION(() => {
        this.CONSUME(t.Because)
        because = this.SUBRULE(this.operand)
      })
      this.OPTION2(() => {
        this.CONSUME(t.At)
        const token = this.CONSUME(t.Duration)
        at = this.ACTION(() => tokenIdent(token))
      })
      const labels = this.SUBRULE(this.labels)
      return { kind: 'expect', name, outcome, because, at, labels: labels ?? [], span: NOWHERE }
    },
    { resyncEnabled: false },
  )

  protected fixture: Rule<FixtureNode> = this.RULE<() => FixtureNode>(
    'fixture',
    () => {
      const start = this.begin()
      const fields: FieldNode[] = []
      const spans: { subject: Ident; fixture: FixtureNode }[] = []
      this.CONSUME(t.LCurly)
      this.MANY(() =>
        this.OR([
          {
            ALT: () => {
              const field = this.SUBRULE(this.field)
              this.ACTION(() => fields.push(field))
            },
          },
          {
            ALT: () => {
              const subject = this.SUBRULE(this.ident)
              const fixture = this.SUBRULE(this.fixture)
              this.ACTION(() => spans.push({ subject, fixture }))
            },
          },
        ]),
      )
      this.CONSUME(t.RCurly)
      return this.ACTION(() => ({ fields, spans, span: this.spanFrom(start) }))
    },
    { recoveryValueFunc: () => noFixture },
  )
}
