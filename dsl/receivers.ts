/** `notify: slack("#shop"), email("ops@example.com")`: who is told. Secrets stand in the configuration, never here. */
import type { Clauses } from './clauses.ts'
import type { Module } from './module.ts'
import type { ReceiverName, ReceiverPlan } from './plan.ts'
import { didYouMean } from './suggest.ts'
import type { ExprNode } from './syntax/ast.ts'
import { unescapeText } from './syntax/text.ts'

export interface ReceiverForm {
  readonly example: string
  /** What is wrong with a target; null when nothing is. */
  readonly problem: (target: string) => string | null
}

const blank = (target: string): string | null => (/^\s|\s$/.test(target) ? 'it begins or ends with a blank' : null)

/** A name of the configuration, or an address of one's own. */
function nameOrAddress(target: string): string | null {
  if (target.includes('://') && !/^https?:\/\/[^\s/]+\S*$/.test(target)) return 'this is no http or https address'
  return /\s/.test(target) ? 'neither a name nor an address has blanks' : null
}

export const RECEIVERS: Readonly<Record<ReceiverName, ReceiverForm>> = {
  slack: {
    example: 'slack("#checkout-alerts")',
    problem: (target) => (/^[#@][^\s#@]+$/.test(target) ? null : 'a channel begins with `#`, a person with `@`'),
  },
  pagerduty: { example: 'pagerduty("checkout")', problem: blank },
  webhook: { example: 'webhook("https://example.com/hook")', problem: nameOrAddress },
  teams: { example: 'teams("checkout")', problem: nameOrAddress },
  email: {
    example: 'email("checkout@example.com")',
    problem: (target) => (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(target) ? null : 'this is no address'),
  },
  alertmanager: { example: 'alertmanager("main")', problem: nameOrAddress },
}
export const RECEIVER_NAMES = Object.keys(RECEIVERS) as ReceiverName[]

export function compileReceivers(clauses: Clauses, module: Module): ReceiverPlan[] {
  const receivers: ReceiverPlan[] = []
  for (const node of clauses.values('notify')) {
    const receiver = receiverOf(node, module)
    if (receiver === null) continue
    if (receivers.some((other) => other.receiver === receiver.receiver && other.target === receiver.target))
      report(module, node, 'this receiver is named twice', 'told once is enough')
    else receivers.push(receiver)
  }
  return receivers
}

function report(module: Module, { span }: { span: ExprNode['span'] }, message: string, label: string): null {
  module.reporter.report('E0402', span, message, { label })
  return null
}

function receiverOf(node: ExprNode, module: Module): ReceiverPlan | null {
  if (node.kind === 'error') return null
  const examples = RECEIVER_NAMES.map((name) => `${name}("…")`).join(', ')
  if (node.kind !== 'call') return report(module, node, '`notify:` takes receivers', `such as ${examples}`)
  const name = RECEIVER_NAMES.find((known) => known === node.name.text)
  if (name === undefined) {
    if (node.name.text === '') return null
    const message = `there is no receiver \`${node.name.text}\`${didYouMean(node.name.text, RECEIVER_NAMES)}`
    return report(module, node.name, message, `one of ${examples}`)
  }
  const { example, problem } = RECEIVERS[name]
  const [arg, more] = node.args
  if (arg?.value.kind === 'error') return null
  const isText = arg?.value.kind === 'literal' && arg.value.token === 'text' && arg.value.raw.length > 2
  if (!isText || more !== undefined || arg.where !== null || arg.key !== null)
    return report(module, node, `\`${name}\` takes one text`, `such as \`${example}\``)
  const target = unescapeText(arg.value.kind === 'literal' ? arg.value.raw : '')
  const wrong = target.trim() === '' ? 'it is empty' : problem(target)
  if (wrong !== null)
    return report(module, arg, `\`${name}\` cannot reach "${target}": ${wrong}`, `such as \`${example}\``)
  return { receiver: name, target }
}
