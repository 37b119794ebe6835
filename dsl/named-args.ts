/** Arguments by name, of metrics and templates: each once, none unknown, none forgotten. */
import type { Code } from './diagnostics/codes.ts'
import { renaming } from './machine-fix.ts'
import type { Module } from './module.ts'
import type { Span } from './source.ts'
import { didYouMean } from './suggest.ts'
import type { ArgNode, ExprNode, Ident } from './syntax/ast.ts'

export interface NamedCall {
  readonly name: Ident
  readonly args: readonly ArgNode[]
  readonly span: Span
}

export interface ArgsWords {
  readonly code: Code
  /** What takes the arguments, as messages name it. */
  readonly what: string
  readonly usage: string
  readonly module: Module
  readonly notes: readonly string[]
}

/** By name; null when something is wrong with them (told, all of it). */
export function takeNamedArgs(
  call: NamedCall,
  params: readonly { name: string; required: boolean }[],
  { code, what, usage, module, notes }: ArgsWords,
): Map<string, ExprNode> | null {
  const { reporter } = module
  const names = params.map(({ name }) => name)
  const taken = new Map<string, ExprNode>()
  let sound = true
  const refuse = (span: Span, message: string, label: string, fix = {}): void => {
    sound = false
    reporter.report(code, span, message, { label, notes: [...notes], ...fix })
  }
  for (const { key, value, where, span } of call.args) {
    if (key === null) refuse(span, `arguments of ${what} have names`, `write \`${usage}\``)
    else if (!names.includes(key.text))
      refuse(
        key.span,
        `${what} has no \`${key.text}:\`${didYouMean(key.text, names)}`,
        names.length === 0 ? 'takes no arguments' : `there are: ${names.join(', ')}`,
        renaming(key.span, key.text, names),
      )
    else if (taken.has(key.text)) refuse(key.span, `\`${key.text}:\` is given twice`, 'again')
    else if (where !== null) refuse(where.span, `\`${key.text}:\` takes no \`where\``, 'not expected here')
    else taken.set(key.text, value)
  }
  const absent = params.filter(({ name, required }) => required && !taken.has(name)).map(({ name }) => `\`${name}:\``)
  // With an argument in error, what seems to be missing may be the one that is wrong.
  if (absent.length > 0 && sound) refuse(call.name.span, `${what} needs ${absent.join(', ')}`, `write \`${usage}\``)
  return sound ? taken : null
}
