/** `by agent.version, attr("acme.tier", string)`: what alerts and rows of scorecards are divided by. */
import type { ExprContext, Project } from './elaborate/context.ts'
import { elaborate } from './elaborate/expression.ts'
import { didYouMeanField } from './field-guess.ts'
import type { Module } from './module.ts'
import type { GroupPlan, Subject } from './plan.ts'
import { aSubject, fieldOf, fieldsOf } from './schema.ts'
import type { ExprNode } from './syntax/ast.ts'

/** Null when one of them is in error (told). */
export function compileGroups(
  nodes: readonly ExprNode[],
  subject: Subject,
  module: Module,
  project: Project,
): GroupPlan[] | null {
  const groups: GroupPlan[] = []
  let ok = true
  const seen = new Set<string>()
  for (const node of nodes) {
    const group = groupOf(node, subject, module, project)
    const name = group === null ? '' : group.kind === 'field' ? group.path : group.name
    if (group !== null && seen.has(name))
      module.reporter.report('E0505', node.span, `\`${name}\` is named twice`, { label: 'again' })
    seen.add(name)
    if (group === null) ok = false
    else groups.push(group)
  }
  return ok ? groups : null
}

function groupOf(node: ExprNode, subject: Subject, module: Module, project: Project): GroupPlan | null {
  const { reporter } = module
  if (node.kind === 'error') return null
  if (node.kind === 'call' && node.name.text === 'attr') return attributeOf(node, subject, module, project)
  const path = node.kind === 'path' ? node.path : null
  if (path === '') return null
  const field = path === null ? undefined : fieldOf(subject, path)
  if (field?.groups) return { kind: 'field', path: field.path }
  const usable = fieldsOf(subject).filter((known) => known.groups)
  const notes = [`${usable.map((known) => `\`${known.path}\``).join(', ')}, or \`attr("acme.tier", string)\``]
  if (path !== null && field === undefined) {
    const message = `${aSubject(subject)} has no field \`${path}\`${didYouMeanField(path, subject)}`
    reporter.report('E0203', node.span, message, { label: 'nothing to group by', notes })
  } else {
    const message = path === null ? '`by` takes fields' : `\`${path}\` has too many values to group by`
    reporter.report('E0505', node.span, message, { label: 'not of few values', notes })
  }
  return null
}

function attributeOf(
  node: Extract<ExprNode, { kind: 'call' }>,
  subject: Subject,
  module: Module,
  project: Project,
): GroupPlan | null {
  const context: ExprContext = { project, module, subject, score: null, aggregate: null, matched: new Set() }
  const { expr } = elaborate(node, context)
  if (expr.op !== 'attr') return null
  if (['string', 'bool', 'int'].includes(expr.type.kind)) return { kind: 'attr', name: expr.name, type: expr.type }
  module.reporter.report('E0505', node.span, `a ${expr.type.kind} has too many values to group by`, {
    label: 'a string, bool or int groups',
  })
  return null
}
