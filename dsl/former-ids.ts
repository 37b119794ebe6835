/** `was: solved`: the names that an eval had before, by which the history of its results is found. */
import type { Clauses } from './clauses.ts'
import type { Reporter } from './diagnostics/reporter.ts'
import { literalValue } from './literals.ts'
import type { Module } from './module.ts'
import type { Span } from './source.ts'
import type { ExprNode } from './syntax/ast.ts'

/** Names of its own package, or in quotes ids of another: `was: solved, "support/solved"`. Ids, in the order of writing. */
export function formerIds(clauses: Clauses, module: Module): string[] {
  return clauses.values('was').flatMap((node) => idOf(node, module) ?? [])
}

function idOf(node: ExprNode, module: Module): string | null {
  if (node.kind === 'path' && !node.path.includes('.')) return `${module.packageName}/${node.path}`
  const text = node.kind === 'literal' && node.token === 'text' ? String(literalValue(node)?.value) : null
  if (text !== null && /^[A-Za-z_][\w.]*\/[A-Za-z_]\w*$/.test(text)) return text
  if (node.kind !== 'error')
    module.reporter.report('E0112', node.span, '`was:` takes former names', {
      label: 'such as `was: solved`, or with its package `was: "support/solved"`',
    })
  return null
}

export interface Renamed {
  readonly id: string
  readonly was: readonly string[]
  readonly span: Span
  readonly reporter: Reporter
}

/** A history belongs to one eval: not to one that is still there, nor to two. */
export function checkFormerIds(renamed: readonly Renamed[], isDeclared: (id: string) => boolean): void {
  const owners = new Map<string, string>()
  for (const { id, was, span, reporter } of renamed) {
    for (const former of was) {
      const owner = owners.get(former)
      const problem =
        former === id
          ? `\`${former}\` is its name now`
          : isDeclared(former)
            ? `\`${former}\` is still declared, so its history is its own`
            : owner === id
              ? `\`${former}\` is named twice`
              : owner !== undefined
                ? `\`${former}\` is claimed by \`${owner}\` as well`
                : null
      owners.set(former, id)
      if (problem !== null)
        reporter.report('E0121', span, `\`was:\` cannot take this name: ${problem}`, {
          label: 'a name that it had before and nothing has now',
        })
    }
  }
}
