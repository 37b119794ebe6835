/**
 * The grammar, by chevrotain. Actions build the typed tree directly: a concrete syntax tree in between costs a third more
 * time and tells nothing else. One declaration is parsed at a time (see `segments.ts`); inside one, chevrotain's recovery
 * goes on at the next clause.
 */
import type { DeclNode, Ident } from './ast.ts'
import type { GrammarOptions, Rule } from './grammar-base.ts'
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
        { ALT: () => this.SUBRULE(this.evalDecl) },
        { ALT: () => this.SUBRULE(this.alertDecl) },
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
      const policy = this.SUBRULE(this.policy)
      return this.ACTION(() => ({ kind: 'default', key, policy, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
  )

  protected evalDecl: Rule<DeclNode | null> = this.RULE<() => DeclNode | null>(
    'evalDecl',
    () => {
      const start = this.begin()
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
      const name = this.SUBRULE(this.ident)
      const clauses = this.SUBRULE(this.clauses)
      return this.ACTION(() => ({ kind: 'eval', mode, name, clauses, span: this.spanFrom(start) }) as const)
    },
    { recoveryValueFunc: () => null },
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
}
