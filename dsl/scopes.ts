/** Scopes: which subjects a rule looks at. Names are followed and conditions joined, so that a plan needs no names. */

import { MAX_CHAIN, reportLongChain } from './chains.ts'
import type { ExprContext, Project } from './elaborate/context.ts'
import { elaborateCondition } from './elaborate/expression.ts'
import { renaming } from './machine-fix.ts'
import { lookup, type Module, namesIn, otherMeaning, type ScopeDecl } from './module.ts'
import type { Expr, ScopePlan } from './plan.ts'
import { aSubject, isSubject, SUBJECTS } from './schema.ts'
import { didYouMean } from './suggest.ts'
import type { Ident, ScopeNode } from './syntax/ast.ts'

/** Scopes that are being followed, by module, and those that lead into a circle, or too far (told). */
const visiting = new WeakMap<Module, Set<string>>()
const circular = new WeakMap<Module, Set<ScopeDecl>>()

/** Null when the scope is in error (told). */
export function compileScope(node: ScopeNode, module: Module, project: Project): ScopePlan | null {
  const base = baseOf(node.base, module, project)
  if (base === null) return null
  const traceWhere =
    node.within === null ? base.traceWhere : joined(base.traceWhere, withinOf(node.within, base, module, project))
  if (node.where === null) return { ...base, traceWhere }
  const context: ExprContext = {
    project,
    module,
    subject: base.subject,
    score: null,
    aggregate: null,
    matched: new Set(),
  }
  const where = elaborateCondition(node.where, context)
  return { subject: base.subject, where: joined(base.where, where.expr), traceWhere }
}

function joined(a: Expr | null, b: Expr | null): Expr | null {
  if (a === null || b === null) return a ?? b
  const args = [a, b].flatMap((expr) => (expr.op === 'and' ? expr.args : [expr]))
  return { op: 'and', args }
}

function baseOf(name: Ident, module: Module, project: Project): ScopePlan | null {
  if (name.text === '') return null
  if (isSubject(name.text)) return { subject: name.text, where: null, traceWhere: null }
  return namedScope(name, module, project)
}

/** The plan of a scope's name; null when there is none or it is in error (told). */
export function namedScope(name: Ident, module: Module, project: Project): ScopePlan | null {
  const found = lookup(module, 'scopes', name.text)
  if (found.kind === 'broken') return null
  if (found.kind === 'absent') {
    const meaning = otherMeaning(module, name.text)
    const subjects = SUBJECTS.map((subject) => subject.name)
    const message =
      meaning === null
        ? `there is no subject or scope \`${name.text}\`${didYouMean(name.text, [...subjects, ...namesIn(module, 'scopes')])}`
        : `\`${name.text}\` is ${meaning}, not a subject or a scope`
    module.reporter.report('E0205', name.span, message, {
      label: 'nothing to look at',
      ...(meaning === null && renaming(name.span, name.text, [...subjects, ...namesIn(module, 'scopes')])),
      notes: [`subjects: ${subjects.join(', ')}`],
    })
    return null
  }
  const { decl, module: home } = found.found
  if (decl.damaged || circular.get(home)?.has(decl)) return null
  const open = visiting.get(home) ?? new Set()
  visiting.set(home, open)
  if (open.has(decl.name.text)) {
    giveUpOn(open, home)
    home.reporter.report('E0114', decl.name.span, `scope \`${decl.name.text}\` is defined by itself`, {
      label: 'goes round in a circle',
    })
    return null
  }
  if (open.size >= MAX_CHAIN) {
    giveUpOn(open, home)
    reportLongChain(`scope \`${decl.name.text}\``, decl.name.span, home.reporter)
    return null
  }
  open.add(decl.name.text)
  const plan = compileScope(decl.scope, home, project)
  open.delete(decl.name.text)
  return plan
}

function giveUpOn(names: ReadonlySet<string>, home: Module): void {
  const members = circular.get(home) ?? new Set()
  circular.set(home, members)
  for (const name of names) {
    const member = home.names.scopes.get(name)
    if (member !== undefined) members.add(member)
  }
}

function withinOf(name: Ident, base: ScopePlan, module: Module, project: Project): Expr | null {
  if (name.text === '' || name.text === 'trace') return null
  if (base.subject === 'trace' || base.subject === 'session') {
    module.reporter.report('E0205', name.span, `${aSubject(base.subject)} is not inside a trace`, {
      label: 'write `where`, or leave it out',
    })
    return null
  }
  const outer = namedScope(name, module, project)
  if (outer === null) return null
  if (outer.subject !== 'trace') {
    module.reporter.report(
      'E0205',
      name.span,
      `\`in\` names a scope of traces, and \`${name.text}\` is one of \`${outer.subject}\``,
      { label: 'not a scope of traces' },
    )
    return null
  }
  return outer.where
}
