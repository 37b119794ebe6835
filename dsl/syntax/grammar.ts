/**
 * The grammar, by chevrotain. Actions build the typed tree directly: a concrete syntax tree in between costs a third more
 * time and tells nothing else. One declaration is parsed at a time (see `segments.ts`); inside one, chevrotain's recovery
 * goes on at the next clause.
 */
import type { ClauseNode, DeclNode, ExprNode, FalseAlarmsNode, Ident, ParamNode, PolicyNode, UseNode } from './ast.ts'
import { type GrammarOptions, NOWHERE, noIdent, type Rule } from './grammar-base.ts'
import { TestGrammar } from './grammar-tests.ts'
import * as t from './tokens.ts'

export class EvalGrammar extends TestGrammar {
  constructor(options: GrammarOptions) {
    super(options)
    this.performSelfAnalysis()
  }

  declaration: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'declaration',
    () =>
      this.OR([
        { ALT: () => this.SUBRULE(this.packageDecl) },
        { ALT: () => this.SUBRULE(this.importDecl) },
        { ALT: () => this.SUBRULE(this.constDecl) },
        { ALT: () => this.SUBRULE(this.patternDecl) },
        { ALT: () => this.SUBRULE(this.scopeDecl) },
        { ALT: () => this.SUBRULE(this.defaultDecl) },
        { ALT: () => this.SUBRULE(this.defineDecl) },
        { ALT: () => this.SUBRULE(this.templateDecl) },
        { ALT: () => this.SUBRULE(this.evalDecl) },
        { ALT: () => this.SUBRULE(this.alertDecl) },
        { ALT: () => this.SUBRULE(this.scorecardDecl) },
        { ALT: () => this.SUBRULE(this.testDecl) },
      ]),
    { recoveryValueFunc: () => null },
  )

  protected packageDecl: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'packageDecl',
    () => {
      const start = this.begin()
      this.CONSUME(t.Package)
      const name = this.SUBRULE(this.ident)
      return this.ACTION(() => ({ kind: 'package', name, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
  )

  protected importDecl: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'importDecl',
    () => {
      const start = this.begin()
      this.CONSUME(t.Import)
      const alias = this.SUBRULE(this.ident)
      this.CONSUME(t.From)
      const specifier = this.SUBRULE(this.text)
      return this.ACTION(() => ({ kind: 'import', alias, specifier, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
  )

  protected constDecl: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'constDecl',
    () => {
      const start = this.begin()
      let type: Ident | null = null
      this.CONSUME(t.Const)
      const name = this.OR([
        {
          ALT: () => {
            const key = this.SUBRULE(this.key)
            type = this.SUBRULE2(this.ident)
            return key
          },
        },
        { ALT: () => this.SUBRULE(this.ident) },
      ])
      this.CONSUME(t.Assign)
      const value = this.SUBRULE(this.expr)
      return this.ACTION(() => ({ kind: 'const', name, type, value, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
  )

  protected patternDecl: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'patternDecl',
    () => {
      const start = this.begin()
      let check: Ident | null = null
      this.CONSUME(t.Pattern)
      const name = this.SUBRULE(this.ident)
      this.CONSUME(t.Assign)
      const regex = this.SUBRULE(this.operand)
      this.OPTION(() => {
        this.CONSUME(t.Check)
        check = this.SUBRULE2(this.ident)
      })
      return this.ACTION(() => ({ kind: 'pattern', name, regex, check, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
  )

  protected scopeDecl: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'scopeDecl',
    () => {
      const start = this.begin()
      this.CONSUME(t.Scope)
      const name = this.SUBRULE(this.ident)
      this.CONSUME(t.Assign)
      const scope = this.SUBRULE(this.scope)
      return this.ACTION(() => ({ kind: 'scope', name, scope, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
  )

  protected defaultDecl: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'defaultDecl',
    () => {
      const start = this.begin()
      this.CONSUME(t.Default)
      const key = this.SUBRULE(this.key)
      let policy: PolicyNode | null = null
      let falseAlarms: FalseAlarmsNode | null = null
      this.OR([
        {
          ALT: () => {
            falseAlarms = this.SUBRULE(this.falseAlarms)
          },
        },
        {
          ALT: () => {
            policy = this.SUBRULE(this.policy)
          },
        },
      ])
      return this.ACTION(() => ({ kind: 'default', key, policy, falseAlarms, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
  )

  protected defineDecl: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'defineDecl',
    () => {
      const start = this.begin()
      this.CONSUME(t.Define)
      const name = this.SUBRULE(this.ident)
      this.CONSUME(t.Assign)
      const value = this.SUBRULE(this.expr)
      return this.ACTION(() => ({ kind: 'define', name, value, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
  )

  protected evalMode: Rule<'online' | 'offline'> = this.RULE<() => 'online' | 'offline'>(
    'evalMode',
    () => {
      const mode = this.OR([
        {
          ALT: (): 'online' | 'offline' => {
            this.CONSUME(t.Online)
            return 'online'
          },
        },
        {
          ALT: (): 'online' | 'offline' => {
            this.CONSUME(t.Offline)
            return 'offline'
          },
        },
      ])
      this.CONSUME(t.EvalWord)
      return mode
    },
    { resyncEnabled: false, recoveryValueFunc: () => 'online' },
  )

  protected evalDecl: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'evalDecl',
    () => {
      const start = this.begin()
      let use: UseNode | null = null
      let clauses: ClauseNode[] = []
      const mode = this.SUBRULE(this.evalMode)
      const name = this.SUBRULE(this.ident)
      this.OR([
        {
          ALT: () => {
            use = this.SUBRULE(this.use)
            this.OPTION(() => {
              clauses = this.SUBRULE(this.clauses)
            })
          },
        },
        {
          ALT: () => {
            clauses = this.SUBRULE2(this.clauses)
          },
        },
      ])
      return this.ACTION(() => ({ kind: 'eval', mode, name, use, clauses, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
  )

  /** `= latency.first_token(on: checkout, limit: 1500ms)`. */
  protected use: Rule<UseNode> = this.RULE<() => UseNode>(
    'use',
    () => {
      this.CONSUME(t.Assign)
      const start = this.begin()
      const template = this.SUBRULE(this.ident)
      const args = this.SUBRULE(this.args)
      return this.ACTION(() => ({ template, args, span: this.spanFrom(start) }))
    },
    { resyncEnabled: false, recoveryValueFunc: () => ({ template: noIdent, args: [], span: NOWHERE }) },
  )

  protected templateDecl: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'templateDecl',
    () => {
      const start = this.begin()
      const params: ParamNode[] = []
      this.CONSUME(t.Template)
      const mode = this.SUBRULE(this.evalMode)
      const name = this.SUBRULE(this.ident)
      this.CONSUME(t.LParen)
      this.MANY_SEP({
        SEP: t.Comma,
        DEF: () => {
          const param = this.SUBRULE(this.param)
          this.ACTION(() => params.push(param))
        },
      })
      this.CONSUME(t.RParen)
      const clauses = this.SUBRULE(this.clauses)
      return this.ACTION(() => ({ kind: 'template', mode, name, params, clauses, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
  )

  protected param: Rule<ParamNode> = this.RULE<() => ParamNode>(
    'param',
    () => {
      const start = this.begin()
      let fallback: ExprNode | null = null
      const name = this.SUBRULE(this.key)
      const type = this.SUBRULE(this.ident)
      this.OPTION(() => {
        this.CONSUME(t.Assign)
        fallback = this.SUBRULE(this.expr)
      })
      return this.ACTION(() => ({ name, type, fallback, span: this.spanFrom(start) }))
    },
    {
      resyncEnabled: false,
      recoveryValueFunc: () => ({ name: noIdent, type: noIdent, fallback: null, span: NOWHERE }),
    },
  )

  protected alertDecl: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'alertDecl',
    () => {
      const start = this.begin()
      this.CONSUME(t.Alert)
      const name = this.SUBRULE(this.ident)
      const clauses = this.SUBRULE(this.clauses)
      return this.ACTION(() => ({ kind: 'alert', name, clauses, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
  )

  protected scorecardDecl: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'scorecardDecl',
    () => {
      const start = this.begin()
      this.CONSUME(t.Scorecard)
      const name = this.SUBRULE(this.ident)
      const clauses = this.SUBRULE(this.clauses)
      return this.ACTION(() => ({ kind: 'scorecard', name, clauses, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
  )
}
