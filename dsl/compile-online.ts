import { Clauses, type Inherited } from './clauses.ts'
import { checkMissing, headingOf } from './compile-common.ts'
import type { ExprContext, Project, Typed } from './elaborate/context.ts'
import { elaborate, elaborateCondition } from './elaborate/expression.ts'
import { presentWhenTrue, without } from './elaborate/facts.ts'
import { formerIds } from './former-ids.ts'
import type { Unhashed } from './hash.ts'
import type { EvalDecl, Module } from './module.ts'
import type { OnlineEvalPlan, ScopePlan } from './plan.ts'
import { aSubject, fieldOf, findField } from './schema.ts'
import { compileScope } from './scopes.ts'
import type { ExprNode } from './syntax/ast.ts'
import { describeType, isNumeric } from './types.ts'
import { whenJudged } from './when-judged.ts'

/** Null when it is in error (told). `whenOf` tells when another eval of the project is judged. */
export function compileOnline(
  decl: EvalDecl,
  module: Module,
  project: Project,
  whenOf: (evalId: string) => 'arrival' | 'settle',
  inherited: Inherited | null = null,
): Unhashed<OnlineEvalPlan> | null {
  const clauses = new Clauses(decl, 'online eval', module.reporter, inherited)
  const heading = headingOf(decl, clauses, module)
  const was = formerIds(clauses, module)
  const on = clauses.value('on', 'scope')?.node
  if (on?.by[0] !== undefined)
    clauses
      .home('on', module)
      .reporter.report('E0004', on.by[0].span, '`by` groups alerts and samples, not the subjects of an eval', {
        label: 'not expected here',
      })
  const scope = on === undefined ? null : compileScope(on, clauses.home('on', module), project)
  if (scope === null) return null
  if (scope.subject === 'session') {
    clauses
      .home('on', module)
      .reporter.report('E0205', on?.base.span ?? decl.name.span, 'a session is judged offline only', {
        label: 'it is never over while spans arrive',
      })
    return null
  }
  const matched = new Set<number>()
  const context: ExprContext = { project, module, subject: scope.subject, score: null, aggregate: null, matched }
  const score = compileScore(clauses, { ...context, module: clauses.home('score', module) })
  const pass = compilePass(clauses, {
    ...context,
    module: clauses.home('pass', module),
    score: score === null ? null : { type: score.type, missing: score.missing },
  })
  if (pass === null) return null
  const causes = without(pass.missing, certainIn(scope))
  const missing = checkMissing(decl, clauses, module, causes, null)
  if (!clauses.complete) return null
  const redact = compileRedact(clauses, scope, matched, clauses.home('redact', module))
  const when = whenJudged(scope, [score?.expr ?? null, pass.expr], whenOf)
  return { kind: 'online', ...heading, was, scope, when, score: score?.expr ?? null, pass: pass.expr, missing, redact }
}

/** Fields that every subject in scope has, because the scope asks something of them. */
export function certainIn(scope: ScopePlan): ReadonlySet<string> {
  const own = scope.where === null ? [] : presentWhenTrue(scope.where)
  const outer = scope.traceWhere === null ? [] : [...presentWhenTrue(scope.traceWhere)].map((key) => `trace.${key}`)
  return new Set([...own, ...outer])
}

function compileScore(clauses: Clauses, context: ExprContext): Typed | null {
  const node = clauses.single('score')
  if (node === null) return null
  const score = elaborate(node, context)
  if (score.type.kind !== 'unknown' && !isNumeric(score.type))
    context.module.reporter.report('E0201', node.span, `a score is a number, and this is ${describeType(score.type)}`, {
      label: 'cannot be averaged',
      notes: score.type.kind === 'bool' ? ['a condition belongs in `pass:`'] : [],
    })
  return score
}

/** Null when the clause is not there or its form is in error. */
export function compilePass(clauses: Clauses, context: ExprContext): Typed | null {
  const node = clauses.single('pass')
  return node === null ? null : elaborateCondition(node, context)
}

function compileRedact(
  clauses: Clauses,
  scope: ScopePlan,
  matched: ReadonlySet<number>,
  module: Module,
): OnlineEvalPlan['redact'] {
  const clause = clauses.clause('redact')
  if (clause === null) return null
  const { reporter } = module
  if (scope.subject === 'trace') {
    reporter.report('E0311', clause.key.span, 'redaction looks at one span at a time, and this eval is about a trace', {
      label: 'cannot be applied',
      notes: ['judge the spans that hold the texts: `on: llm_call`, `on: tool_call`, `on: span`'],
    })
    return null
  }
  if (matched.size === 0) {
    reporter.report('E0311', clause.key.span, '`redact:` masks what `matches` found, and `pass:` matches nothing', {
      label: 'would mask nothing',
    })
    return null
  }
  const fields = clauses.values('redact').flatMap((node) => redactedField(node, scope, module) ?? [])
  return { fields, patterns: [...matched].sort((a, b) => a - b) }
}

function redactedField(node: ExprNode, scope: ScopePlan, module: Module): string | null {
  if (node.kind === 'error') return null
  const path = node.kind === 'path' ? node.path : null
  const field = path === null ? undefined : fieldOf(scope.subject, path)
  if (field?.text) return field.path
  const known = path !== null && findField(path) !== undefined
  const label = known && field === undefined ? `${aSubject(scope.subject)} has none` : 'not a text'
  module.reporter.report(
    'E0312',
    node.span,
    path === null ? '`redact:` takes fields' : `\`${path}\` is not a text that can be masked here`,
    {
      label,
      notes: ['such as `redact: input.text, output.text`'],
    },
  )
  return null
}
