/**
 * Templates: `template online eval first_token(limit: duration = 2s) {…}` and evals made from them, `online eval ft =
 * latency.first_token(on: checkout, limit: 1500ms)`. What comes out is the plan of the same eval written out by hand. What is wrong
 * in a template whatever is made from it is told once, there; what one use makes wrong is told at the use.
 */
import { CLAUSES, type DeclKind, type Inherited, OF_A_USE } from './clauses.ts'
import { Reporter } from './diagnostics/reporter.ts'
import { type ExprContext, type Project, scratchOf } from './elaborate/context.ts'
import { asDeclared, CONST_TYPES } from './elaborate/declarations.ts'
import { elaborate } from './elaborate/expression.ts'
import { renaming } from './machine-fix.ts'
import { type EvalDecl, type Found, lookup, type Module, namesIn, type TemplateDecl, viewOf } from './module.ts'
import { takeNamedArgs } from './named-args.ts'
import { findField, isSubject, SUBJECTS } from './schema.ts'
import { didYouMean } from './suggest.ts'
import type { ArgNode, ClauseNode, ExprNode, Ident, ParamNode, ScopeNode, UseNode } from './syntax/ast.ts'
import { ERRONEOUS, type Typed } from './typed.ts'
import type { Type } from './types.ts'

/** An eval made from a template: its own clauses, and those that it takes over. */
export interface Instance {
  readonly decl: EvalDecl
  readonly inherited: Inherited
  /** What is wrong in what is taken over, and is told at the use. */
  readonly told: Reporter
}

export function kindOfEval(mode: 'online' | 'offline'): 'online eval' | 'offline eval' {
  return mode === 'online' ? 'online eval' : 'offline eval'
}

/** The template that a use names; null when there is none or it is in error (told). */
export function templateOf(decl: EvalDecl, use: UseNode, module: Module): Found<TemplateDecl> | null {
  const { text, span } = use.template
  if (text === '' || decl.damaged) return null
  const { reporter } = module
  const found = lookup(module, 'templates', text)
  if (found.kind === 'broken') return null
  if (found.kind === 'absent') {
    const names = namesIn(module, 'templates')
    reporter.report('E0104', span, `there is no template \`${text}\`${didYouMean(text, names)}`, {
      label: 'made from what?',
      ...renaming(span, text, names),
    })
    return null
  }
  const { mode } = found.found.decl
  if (mode !== decl.mode) {
    reporter.report('E0122', span, `\`${text}\` is a template of ${mode} evals`, {
      label: `write \`${mode} eval ${decl.name.text}\``,
    })
    return null
  }
  return found.found
}

/** Null when the arguments are in error (told). */
export function instanceOf(
  decl: EvalDecl,
  use: UseNode,
  { decl: template, module: home }: Found<TemplateDecl>,
  module: Module,
  project: Project,
): Instance | null {
  const on = decl.mode === 'online' ? use.args.find((arg) => arg.key?.text === 'on') : undefined
  const values = argumentsOf(
    decl,
    use,
    use.args.filter((arg) => arg !== on),
    template,
    home,
    module,
    project,
  )
  const onClause = on === undefined ? null : scopeClause(on, module)
  const own = decl.clauses.filter((clause) => mayBeSaid(clause, decl, template, module))
  if (values === null || onClause === undefined || own.length < decl.clauses.length) return null
  const told = new Reporter(home.reporter.source)
  return {
    decl: { ...decl, use: null, clauses: onClause === null ? own : [onClause, ...own] },
    inherited: { clauses: template.clauses, module: viewOf(home, told, values), isTrial: false },
    told,
  }
}

/** What a template measures is not for its uses to change: a parameter is. */
function mayBeSaid({ key }: ClauseNode, decl: EvalDecl, template: TemplateDecl, module: Module): boolean {
  const kind = kindOfEval(decl.mode)
  const all = [...CLAUSES[kind].required, ...CLAUSES[kind].optional]
  // What is no clause of evals at all is told as everywhere.
  if (OF_A_USE[kind].includes(key.text) || !all.includes(key.text)) return true
  module.reporter.report('E0124', key.span, `\`${key.text}:\` is for the template \`${template.name.text}\` to say`, {
    label: `here stand ${OF_A_USE[kind].join(', ')}`,
    notes: ['what should differ from use to use is a parameter of the template'],
  })
  return false
}

function argumentsOf(
  decl: EvalDecl,
  use: UseNode,
  args: readonly ArgNode[],
  template: TemplateDecl,
  home: Module,
  module: Module,
  project: Project,
): ReadonlyMap<string, Typed> | null {
  const where = whereOf(template, home)
  const params = template.params.map(({ name, fallback }) => ({ name: name.text, required: fallback === null }))
  const names = new Set(params.map(({ name }) => name))
  const misplaced = args.find((arg) => arg.key !== null && !names.has(arg.key.text) && isClause(arg.key.text, decl))
  if (misplaced?.key) {
    module.reporter.report('E0122', misplaced.key.span, `\`${misplaced.key.text}:\` is a clause, not a parameter`, {
      label: 'stands in a block behind the brackets: `(…) { … }`',
      notes: [where],
    })
    return null
  }
  const usage = `${use.template.text}(${template.params.map(({ name }) => `${name.text}: …`).join(', ')})`
  const call = { name: use.template, args, span: use.span }
  const words = { code: 'E0122', what: `\`${use.template.text}\``, usage, module, notes: [where] } as const
  const taken = takeNamedArgs(call, params, words)
  if (taken === null) return null
  const values = new Map<string, Typed>()
  for (const param of template.params) {
    const given = taken.get(param.name.text)
    const value =
      given === undefined ? fallbackOf(param, home, project) : constantIn(given, param, module, project, [where])
    if (value === null || value.type.kind === 'unknown') return null
    values.set(param.name.text, value)
  }
  return values
}

function isClause(key: string, { mode }: EvalDecl): boolean {
  const { required, optional } = CLAUSES[kindOfEval(mode)]
  return required.includes(key) || optional.includes(key)
}

function whereOf({ name }: TemplateDecl, home: Module): string {
  const { line } = home.reporter.source.position(name.span.start)
  return `template \`${name.text}\`: ${home.path}, line ${line}`
}

function fallbackOf(param: ParamNode, home: Module, project: Project): Typed | null {
  return param.fallback === null ? null : constantIn(param.fallback, param, home, project, [])
}

/** The value of an argument: made of literals and constants, and of the parameter's type. */
function constantIn(
  node: ExprNode,
  param: ParamNode,
  module: Module,
  project: Project,
  notes: readonly string[],
): Typed {
  const context: ExprContext = { project, module, subject: null, score: null, aggregate: null, matched: new Set() }
  return asDeclared(elaborate(node, context), { name: param.name, type: param.type, value: node, notes }, module)
}

/** `on: llm_call in checkout where …` in brackets is read as an expression; undefined when it is no scope (told). */
function scopeClause({ key, value, where, span }: ArgNode, module: Module): ClauseNode | undefined {
  if (key === null || value.kind === 'error') return undefined
  const paths = value.kind === 'in' ? [value.value, value.items] : [value]
  const [base, within] = paths.map((node) => (node.kind === 'path' ? { text: node.path, span: node.span } : null))
  if (base == null || within === null) {
    module.reporter.report('E0205', value.span, '`on:` takes a subject or a scope', { label: 'such as `on: llm_call`' })
    return undefined
  }
  const node: ScopeNode = { base, within: within ?? null, where, by: [], span }
  return { key, value: { kind: 'scope', node }, span }
}

/** Compiles a template's clauses as an eval would have them. */
export type CompileTrial = (decl: EvalDecl, inherited: Inherited, module: Module, project: Project) => void

/** Needs an eval of its own to be said, or is told there. */
const LEFT_TO_USES: ReadonlySet<string> = new Set(['E0207', 'W0208'])

/** Looks at a template by itself: false when nothing could be made from it (told). */
export function checkTemplate(decl: TemplateDecl, home: Module, project: Project, compile: CompileTrial): boolean {
  if (decl.damaged) return false
  const before = home.reporter.diagnostics.length
  const params = placeholders(decl, home, project)
  for (const { key } of decl.clauses)
    if (key.text === 'was')
      home.reporter.report('E0124', key.span, 'a template has no history: `was:` is for what is made from it', {
        label: 'not here',
      })
  if (home.reporter.diagnostics.length > before) return false
  let best: Reporter | null = null
  const scratch = scratchOf(project)
  for (const clauses of trialClauses(decl)) {
    const told = new Reporter(home.reporter.source)
    const view = viewOf(home, told, params)
    const { mode, name, span } = decl
    compile(
      { kind: 'eval', mode, name, use: null, clauses, span },
      { clauses: decl.clauses, module: view, isTrial: true },
      view,
      scratch,
    )
    const failed = errorsOf(told).length > 0
    if (!failed || best === null || errorsOf(told).length < errorsOf(best).length) best = told
    if (!failed) break
  }
  home.reporter.adopt((best?.diagnostics ?? []).filter(({ code }) => !LEFT_TO_USES.has(code)))
  return best !== null && errorsOf(best).length === 0
}

function errorsOf(reporter: Reporter) {
  return reporter.diagnostics.filter(({ code, severity }) => severity === 'error' && !LEFT_TO_USES.has(code))
}

/** A template that leaves open what it is of has to work for one subject at the least. */
function trialClauses({ mode, name, clauses }: TemplateDecl): ClauseNode[][] {
  const { span } = name
  const word = (text: string): Ident => ({ text, span })
  const key = mode === 'online' ? 'on' : 'sample'
  if (clauses.some((clause) => clause.key.text === key)) return [[]]
  return SUBJECTS.filter((subject) => mode === 'offline' || subject.name !== 'session').map(({ name: subject }) => {
    const scope: ScopeNode = { base: word(subject), within: null, where: null, by: [], span }
    const value =
      mode === 'online'
        ? ({ kind: 'scope', node: scope } as const)
        : ({ kind: 'sample', node: { size: word('1'), scope, over: word('1h'), lean: null, span } } as const)
    return [{ key: word(key), value, span }]
  })
}

/** Of each parameter its default, or something of its type that no check knows more of. */
function placeholders(decl: TemplateDecl, home: Module, project: Project): ReadonlyMap<string, Typed> {
  const { reporter } = home
  const values = new Map<string, Typed>()
  for (const param of decl.params) {
    const { text, span } = param.name
    if (text === '') continue
    if (values.has(text)) reporter.report('E0103', span, `two parameters are called \`${text}\``, { label: 'again' })
    const taken =
      findField(text) !== undefined ||
      isSubject(text) ||
      ['true', 'false', 'score'].includes(text) ||
      isClauseOf(text, decl)
    if (taken || text.includes('.'))
      reporter.report('E0117', span, `\`${text}\` cannot name a parameter`, { label: 'has a meaning already' })
    const type = CONST_TYPES[param.type.text]
    const opaque: Typed =
      type === undefined
        ? ERRONEOUS
        : { expr: { op: 'attr', name: text, type: { kind: 'bool' } }, type: typeOf(type), flexible: false, missing: [] }
    const fallback =
      param.fallback === null
        ? asDeclared(opaque, { ...param, value: null, notes: [] }, home)
        : fallbackOf(param, home, project)
    values.set(text, fallback ?? opaque)
  }
  return values
}

function typeOf(kind: Type['kind']): Type {
  return kind === 'money' ? { kind, currency: 'USD' } : ({ kind } as Type)
}

function isClauseOf(key: string, { mode }: TemplateDecl): boolean {
  const kind: DeclKind = kindOfEval(mode)
  return CLAUSES[kind].required.includes(key) || CLAUSES[kind].optional.includes(key)
}

/** Where the clauses that were taken over turn out wrong, the use is told of it. */
export function reportMisfit(
  decl: EvalDecl,
  use: UseNode,
  { told }: Instance,
  { decl: template, module: home }: Found<TemplateDecl>,
  module: Module,
): boolean {
  const error = told.diagnostics.find(({ severity }) => severity === 'error')
  if (error === undefined) return false
  module.reporter.report('E0125', use.template.span, `\`${decl.name.text}\` cannot be made so: ${error.message}`, {
    label: 'does not go together',
    notes: [`${whereOf(template, home)}; the cause is in line ${error.line}`],
  })
  return true
}
