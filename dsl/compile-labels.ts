/** `with { agent.version: "2" }` of tests: what results carry, and of which group of an alert a state is expected. */
import { didYouMeanField } from './field-guess.ts'
import { literalValue } from './literals.ts'
import type { Module } from './module.ts'
import type { AlertPlan, Subject } from './plan.ts'
import { printGroup } from './print-rule.ts'
import { aSubject, fieldOf } from './schema.ts'
import type { FieldNode } from './syntax/ast.ts'

/** By the label as it is written, `agent.version` or `attr("acme.tier")`. */
export type Labels = Record<string, string>

/** Labels of the results of an eval; null when one is in error (told). */
export function compileLabels(nodes: readonly FieldNode[], subject: Subject, module: Module): Labels | null {
  return labelsOf(nodes, module, ({ key }) => {
    if (/^attr\b/.test(key.text) || fieldOf(subject, key.text)?.groups === true) return true
    const known = fieldOf(subject, key.text) !== undefined
    const message = known
      ? `\`${key.text}\` groups nothing`
      : `${aSubject(subject)} has no field \`${key.text}\`${didYouMeanField(key.text, subject)}`
    module.reporter.report(known ? 'E0505' : 'E0203', key.span, message, { label: 'no label' })
    return false
  })
}

/** The group of an alert: a value for each of its labels, and no other. */
export function compileGroupOf(nodes: readonly FieldNode[], { name, by }: AlertPlan, module: Module): Labels | null {
  const wanted = by.map(printGroup)
  const labels = labelsOf(nodes, module, ({ key }) => {
    if (wanted.includes(key.text)) return true
    const label = wanted.length === 0 ? 'it has no groups' : `it is by ${wanted.join(', ')}`
    module.reporter.report('E0415', key.span, `\`${name}\` is not by \`${key.text}\``, { label })
    return false
  })
  const absent = wanted.filter((label) => labels !== null && !Object.hasOwn(labels, label))
  const [first] = nodes
  if (absent.length === 0 || first === undefined) return labels
  module.reporter.report('E0415', first.key.span, `a group of \`${name}\` has a value for each of its labels`, {
    label: `add ${absent.map((label) => `\`${label}: "…"\``).join(', ')}`,
  })
  return null
}

function labelsOf(nodes: readonly FieldNode[], module: Module, isLabel: (node: FieldNode) => boolean): Labels | null {
  const labels: Labels = {}
  let ok = true
  for (const node of nodes) {
    const { key, value } = node
    const text = value.kind === 'literal' && value.token === 'text' ? literalValue(value)?.value : undefined
    if (!isLabel(node)) ok = false
    else if (Object.hasOwn(labels, key.text)) {
      module.reporter.report('E0109', key.span, `\`${key.text}\` is written twice`, { label: 'again' })
      ok = false
    } else if (typeof text === 'string') labels[key.text] = text
    else {
      ok = false
      if (value.kind !== 'error')
        module.reporter.report('E0415', value.span, 'the value of a label is a text', { label: 'write it in quotes' })
    }
  }
  return ok ? labels : null
}
