import { Clauses, reportWord } from './clauses.ts'
import { headingOf } from './compile-common.ts'
import type { Code } from './diagnostics/codes.ts'
import { durationNs, literalValue } from './literals.ts'
import type { AlertDecl, EvalDecl, Module } from './module.ts'
import { lookup, namesIn } from './module.ts'
import type { AlertPlan, EvalPlan } from './plan.ts'
import type { Span } from './source.ts'
import { didYouMean } from './suggest.ts'
import type { ExprNode } from './syntax/ast.ts'
import { unescapeText } from './syntax/text.ts'

const VERDICTS = ['pass', 'fail', 'unknown', 'error'] as const
const RECEIVERS = ['slack', 'pagerduty', 'webhook'] as const
const SEVERITIES = ['page', 'ticket', 'info'] as const
const LATER_FUNCTIONS = ['mean', 'sum', 'min', 'max', 'p50', 'p95', 'p99', 'pass_rate', 'coverage']

/** What an eval compiles to: asked for the eval that the alert watches, wherever it is declared. */
export type EvalOf = (module: Module, decl: EvalDecl) => EvalPlan | null

/** Null when it is in error (told). */
export function compileAlert(decl: AlertDecl, module: Module, evalOf: EvalOf): AlertPlan | null {
  const clauses = new Clauses(decl, 'alert', module.reporter)
  const heading = headingOf(decl, clauses, module)
  const onEvalId = compileOn(clauses, module, evalOf)
  const when = compileWhen(clauses, module)
  const forNs = compileFor(clauses, module)
  const severity = clauses.word('severity', SEVERITIES, null)
  const notify = clauses.values('notify').flatMap((node) => compileReceiver(node, module) ?? [])
  const noData = compileNoData(clauses, module)
  if (!clauses.complete || onEvalId === null || when === null || severity === null || noData === null || forNs === null)
    return null
  return { kind: 'alert', ...heading, onEvalId, when, forNs, severity, notify, noData }
}

function compileOn(clauses: Clauses, module: Module, evalOf: EvalOf): string | null {
  const node = clauses.value('on', 'scope')?.node
  if (node === undefined || node.base.text === '') return null
  const { reporter } = module
  const [group] = node.by
  if (group !== undefined) {
    reporter.report('E0903', group.span, 'alerts by group are not supported yet in this version', {
      label: 'part of the language, not of this version',
    })
    return null
  }
  const extra = node.within?.span ?? node.where?.span
  if (extra !== undefined) {
    reporter.report('E0409', extra, 'an alert watches all verdicts of an eval', {
      label: 'not possible here',
      notes: ['narrow the `on:` of the eval, or write another eval'],
    })
    return null
  }
  const found = lookup(module, 'rules', node.base.text)
  if (found.kind === 'broken') return null
  if (found.kind === 'absent') {
    const candidates = namesIn(module, 'rules')
    reporter.report(
      'E0104',
      node.base.span,
      `there is no eval \`${node.base.text}\`${didYouMean(node.base.text, candidates)}`,
      { label: 'nothing to watch' },
    )
    return null
  }
  const { decl, module: home } = found.found
  if (decl.kind === 'alert') {
    reporter.report('E0409', node.base.span, `\`${node.base.text}\` is an alert, and alerts watch evals`, {
      label: 'not an eval',
    })
    return null
  }
  return evalOf(home, decl)?.id ?? null
}

function compileWhen(clauses: Clauses, module: Module): AlertPlan['when'] | null {
  const node = clauses.value('when', 'when')?.node
  if (node === undefined || node.condition.kind === 'error') return null
  const { reporter } = module
  if (node.unsupported?.text === 'over')
    return refuse('E0401', node.unsupported.span, 'a window is one length of time', 'such as `over 10m`', module)
  if (node.unsupported?.text === 'for')
    return refuse(
      'E0401',
      node.unsupported.span,
      '`for` is a clause of its own',
      'write `for: 5m` on the next line',
      module,
    )
  const later = laterForm(node.condition, node.unsupported)
  if (later !== null) {
    reporter.report('E0903', later.span, `\`${later.text}\` in \`when:\` is not supported yet in this version`, {
      label: 'part of the language, not of this version',
      notes: ['this version has `count(fail) >= 1 over 10m` and `rate(fail) > 5% over 1h`'],
    })
    return null
  }
  const condition = node.condition
  const call = condition.kind === 'binary' ? condition.left : null
  const form = 'write `count(fail) >= 1 over 10m` or `rate(fail) > 5% over 1h`'
  if (condition.kind !== 'binary' || call?.kind !== 'call')
    return refuse('E0401', condition.span, 'an alert fires on a count or a rate', form, module)
  const { op } = condition
  if (op !== '<' && op !== '<=' && op !== '>' && op !== '>=')
    return refuse('E0401', condition.opSpan, `\`${op}\` cannot decide an alert`, 'one of `<`, `<=`, `>`, `>=`', module)
  const fn = call.name.text
  if (fn !== 'count' && fn !== 'rate')
    return refuse(
      'E0210',
      call.name.span,
      `there is no \`${fn}\` of verdicts${didYouMean(fn, ['count', 'rate'])}`,
      form,
      module,
    )
  const of = verdictIn(call.args[0]?.value, call.args.length === 1 && call.args[0]?.where === null, call.span, module)
  const value = thresholdOf(fn, condition.right, module)
  if (node.over === null)
    return refuse('E0401', condition.span, 'an alert looks over a window of time', 'add `over 10m`', module)
  const overNs = positiveDuration(node.over.text, node.over.span, module)
  return of === null || value === null || overNs === null ? null : { fn, of, cmp: op, value, overNs }
}

function refuse(code: Code, span: Span, message: string, label: string, module: Module): null {
  module.reporter.report(code, span, message, { label })
  return null
}

function laterForm(
  condition: ExprNode,
  unsupported: { text: string; span: Span } | null,
): { text: string; span: Span } | null {
  if (unsupported !== null) return unsupported
  const call = condition.kind === 'binary' ? condition.left : condition
  return call.kind === 'call' && LATER_FUNCTIONS.includes(call.name.text) ? call.name : null
}

function verdictIn(
  node: ExprNode | undefined,
  alone: boolean,
  span: Span,
  module: Module,
): (typeof VERDICTS)[number] | null {
  const word = alone && node?.kind === 'path' ? VERDICTS.find((verdict) => verdict === node.path) : undefined
  if (word !== undefined) return word
  const guess = node?.kind === 'path' ? didYouMean(node.path, VERDICTS) : ''
  return refuse(
    'E0401',
    node?.span ?? span,
    `this is no verdict${guess}`,
    `one of ${VERDICTS.map((verdict) => `\`${verdict}\``).join(', ')}`,
    module,
  )
}

function thresholdOf(fn: 'count' | 'rate', node: ExprNode, module: Module): number | null {
  if (node.kind === 'error') return null
  const wanted = fn === 'count' ? 'int' : 'percent'
  const value = node.kind === 'literal' && node.token === wanted ? literalValue(node)?.value : undefined
  if (typeof value !== 'number') {
    const label = fn === 'count' ? 'a whole number is needed' : 'a percentage is needed, such as `5%`'
    return refuse('E0401', node.span, `a ${fn} is not compared with this`, label, module)
  }
  return fn === 'rate' && value > 1
    ? refuse('E0218', node.span, 'a rate is never more than 100%', 'out of reach', module)
    : value
}

function positiveDuration(text: string, span: Span, module: Module): number | null {
  const ns = durationNs(text)
  return ns === null || ns <= 0
    ? refuse('E0401', span, `\`${text}\` is no length of time`, 'must be more than nothing', module)
    : ns
}

function compileFor(clauses: Clauses, module: Module): number | null {
  const node = clauses.single('for')
  if (node === null) return clauses.has('for') ? null : 0
  if (node.kind === 'literal' && node.token === 'duration') return durationNs(node.raw)
  return node.kind === 'error' ? null : refuse('E0401', node.span, '`for:` takes a duration', 'such as `2h`', module)
}

function compileReceiver(node: ExprNode, module: Module): AlertPlan['notify'][number] | null {
  if (node.kind === 'error') return null
  const names = RECEIVERS.map((name) => `${name}("…")`)
  if (node.kind !== 'call')
    return refuse('E0402', node.span, '`notify:` takes receivers', `such as ${names.join(', ')}`, module)
  const receiver = RECEIVERS.find((name) => name === node.name.text)
  if (receiver === undefined)
    return refuse(
      'E0402',
      node.name.span,
      `there is no receiver \`${node.name.text}\`${didYouMean(node.name.text, RECEIVERS)}`,
      `one of ${names.join(', ')}`,
      module,
    )
  const [arg, more] = node.args
  if (arg?.value.kind === 'literal' && arg.value.token === 'text' && more === undefined && arg.value.raw.length > 2) {
    if (!DELIVERED.has(receiver)) warnOfReceiver(receiver, node.span, module)
    return { receiver, target: unescapeText(arg.value.raw) }
  }
  return arg?.value.kind === 'error'
    ? null
    : refuse('E0402', node.span, `\`${receiver}\` takes one text`, `such as ${EXAMPLES[receiver]}`, module)
}

/** What `alerting/receivers` posts to; the others' messages are printed. */
const DELIVERED: ReadonlySet<string> = new Set(['slack'])

function warnOfReceiver(receiver: string, span: Span, module: Module): void {
  module.reporter.report(
    'W0904',
    span,
    `\`${receiver}\` has no effect in this version yet: the message is printed, not delivered`,
    { label: 'tells nobody but the terminal', notes: ['`slack("#channel")` is delivered'] },
  )
}

const EXAMPLES: Record<(typeof RECEIVERS)[number], string> = {
  slack: '`slack("#checkout-alerts")`',
  pagerduty: '`pagerduty("checkout")`',
  webhook: '`webhook("https://example.com/hook")`',
}

function compileNoData(clauses: Clauses, module: Module): AlertPlan['noData'] | null {
  if (!clauses.has('no_data')) return { kind: 'keep' }
  const node = clauses.value('no_data', 'policy')?.node
  if (node === undefined || node.word.text === '') return null
  const word = node.word.text
  if (word === 'keep' || word === 'ok') {
    if (node.after !== null)
      module.reporter.report('E0112', node.after.span, `\`${word}\` takes no \`after\``, { label: 'leave it out' })
    return { kind: word }
  }
  if (word !== 'fire') {
    reportWord(module.reporter, 'no_data', { kind: 'path', path: word, span: node.word.span }, [
      'fire after 30m',
      'keep',
      'ok',
    ])
    return null
  }
  const after = node.after
  if (after?.kind === 'error') return null
  if (after?.kind !== 'literal' || after.token !== 'duration')
    return refuse(
      'E0401',
      after?.span ?? node.word.span,
      '`fire` says after how long a silence',
      'such as `fire after 30m`',
      module,
    )
  const afterNs = positiveDuration(after.raw, after.span, module)
  return afterNs === null ? null : { kind: 'fire', afterNs }
}
