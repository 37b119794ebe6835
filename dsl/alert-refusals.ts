/** What the parts of an alert have in common: refusing in one line, and lengths of time with bounds. */
import type { Code } from './diagnostics/codes.ts'
import { durationNs } from './literals.ts'
import type { Module } from './module.ts'
import type { Span } from './source.ts'
import type { Ident } from './syntax/ast.ts'

export function refuse(code: Code, span: Span, message: string, label: string, module: Module): null {
  module.reporter.report(code, span, message, { label })
  return null
}

function exactNs(text: string): number {
  const ns = durationNs(text)
  if (ns === null) throw new RangeError(`${text} is no length of time that can be counted`)
  return ns
}

/** A length of time between two others, as they are written; null when it is none (told). */
export function boundedNs(node: Ident, what: string, from: string, to: string, module: Module): number | null {
  const ns = durationNs(node.text)
  if (ns === null || ns < exactNs(from) || ns > exactNs(to))
    return refuse('E0502', node.span, `${what} is from ${from} to ${to} long`, `\`${node.text}\` is not`, module)
  return ns
}
