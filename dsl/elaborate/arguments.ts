import type { ArgNode, ExprNode } from '../syntax/ast.ts'
import type { ExprContext, Typed } from './context.ts'

export type CallNode = Extract<ExprNode, { kind: 'call' }>
export type Elaborate = (node: ExprNode, context: ExprContext) => Typed

/** The arguments, when there are as many as asked for, none with a `where` unless it may have one; else told. */
export function takeArgs(
  node: CallNode,
  count: number,
  usage: string,
  context: ExprContext,
  whereAllowed = false,
): ArgNode[] | null {
  const filtered = whereAllowed ? undefined : node.args.find((arg) => arg.where !== null)
  if (node.args.length === count && filtered === undefined) return node.args
  const counted = count === 1 ? 'one argument' : `${count} arguments`
  const message =
    filtered === undefined
      ? `\`${node.name.text}\` takes ${counted}, and has ${node.args.length}`
      : `\`${node.name.text}\` takes no \`where\``
  context.module.reporter.report('E0211', filtered?.span ?? node.span, message, { label: `write \`${usage}\`` })
  return null
}
