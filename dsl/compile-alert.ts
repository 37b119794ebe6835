import type { Watched } from './alert-measure.ts'
import { boundedNs, refuse } from './alert-refusals.ts'
import { compileWhen } from './alert-when.ts'
import { Clauses, reportWord } from './clauses.ts'
import { headingOf } from './compile-common.ts'
import type { Project } from './elaborate/context.ts'
import { formerIds } from './former-ids.ts'
import { compileGroups } from './groups.ts'
import { literalValue } from './literals.ts'
import type { AlertDecl, EvalDecl, Module } from './module.ts'
import { lookup, namesIn } from './module.ts'
import { type AlertPlan, type EvalPlan, type FalseAlarms, USUAL_FALSE_ALARMS } from './plan.ts'
import { compileReceivers } from './receivers.ts'
import { isSubject, SUBJECTS } from './schema.ts'
import { compileScope } from './scopes.ts'
import type { ExprNode, FalseAlarmsNode, ScopeNode } from './syntax/ast.ts'
import { evalNamesIn, unknownName } from './unknown-eval.ts'

const SEVERITIES = ['page', 'ticket', 'info'] as const

/** What an eval compiles to: asked for the eval that the alert watches, wherever it is declared. */
export type EvalOf = (module: Module, decl: EvalDecl) => EvalPlan | null

/** Null when it is in error (told). */
export function compileAlert(decl: AlertDecl, module: Module, project: Project, evalOf: EvalOf): AlertPlan | null {
  const clauses = new Clauses(decl, 'alert', module.reporter)
  const heading = headingOf(decl, clauses, module)
  const was = formerIds(clauses, module)
  const onNode = clauses.value('on', 'scope')?.node
  const watched = onNode === undefined ? null : compileOn(onNode, module, project, evalOf)
  const by = watched === null ? null : compileGroups(onNode?.by ?? [], subjectOf(watched), module, project)
  const whenNode = clauses.value('when', 'when')?.node
  const when = whenNode === undefined || watched === null ? null : compileWhen(whenNode, watched, module, project)
  const falseAlarms = budgetOf(clauses, when === null ? null : when.kind !== 'threshold', module)
  const forNs = compileFor(clauses, module)
  const severity = clauses.word('severity', SEVERITIES, null)
  const notify = compileReceivers(clauses, module)
  const noData = compileNoData(clauses, module)
  if (!clauses.complete || watched === null || by === null || when === null) return null
  if (severity === null || noData === null || forNs === null) return null
  const on: AlertPlan['on'] =
    watched.kind === 'eval' ? { kind: 'eval', evalId: watched.plan.id } : { kind: 'scope', scope: watched.scope }
  const condition = { on, by, when, falseAlarms, forNs, noData }
  const conditionHash = project.identities.ofCondition(condition, project.patterns.patterns)
  return { kind: 'alert', ...heading, was, ...condition, severity, notify, conditionHash }
}

function subjectOf(on: Watched): AlertSubject {
  if (on.kind === 'scope') return on.scope.subject
  return (on.plan.kind === 'online' ? on.plan.scope : on.plan.sample.scope).subject
}
type AlertSubject = Extract<Watched, { kind: 'scope' }>['scope']['subject']

/** An eval, or a scope: a subject, a named scope, one narrowed by `in` and `where`. */
function compileOn(node: ScopeNode, module: Module, project: Project, evalOf: EvalOf): Watched | null {
  const { text, span } = node.base
  if (text === '') return null
  const { reporter } = module
  if (isSubject(text)) return watchedScope(node, module, project)
  const rule = lookup(module, 'rules', text)
  const scope = lookup(module, 'scopes', text)
  if (rule.kind === 'found' && scope.kind === 'found') {
    reporter.report('E0501', span, `\`${text}\` is an eval and a scope: it is not clear which is watched`, {
      label: 'rename one of them',
    })
    return null
  }
  if (scope.kind === 'found') return watchedScope(node, module, project)
  if (rule.kind === 'broken' || scope.kind === 'broken') return null
  if (rule.kind === 'absent') {
    const candidates = [...evalNamesIn(module), ...namesIn(module, 'scopes'), ...SUBJECTS.map(({ name }) => name)]
    const { guess, details } = unknownName({ module, name: text, span, spaces: ['rules', 'scopes'] }, candidates)
    reporter.report('E0104', span, `there is no eval or scope \`${text}\`${guess}`, {
      label: 'nothing to watch',
      ...details,
    })
    return null
  }
  const { decl, module: home } = rule.found
  if (decl.kind !== 'eval') {
    const kind = decl.kind === 'alert' ? 'an alert' : 'a scorecard'
    reporter.report('E0409', span, `\`${text}\` is ${kind}, and alerts watch evals and scopes`, {
      label: 'not an eval',
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
  const plan = evalOf(home, decl)
  return plan === null ? null : { kind: 'eval', plan }
}

function watchedScope(node: ScopeNode, module: Module, project: Project): Watched | null {
  const scope = compileScope(node, module, project)
  if (scope === null) return null
  if (scope.subject !== 'session') return { kind: 'scope', scope, name: node.base.text }
  return refuse(
    'E0409',
    node.base.span,
    'a session is never over: an alert watches evals, traces and spans',
    'such as `on: trace`',
    module,
  )
}

/** `statistical`: null where the condition is in error. */
function budgetOf(clauses: Clauses, statistical: boolean | null, module: Module): FalseAlarms | null {
  const clause = clauses.clause('false_alarms')
  const node = clauses.value('false_alarms', 'false_alarms')?.node
  const own = node === undefined ? null : falseAlarmsOf(node, module)
  if (statistical === false) {
    if (clause !== null)
      module.reporter.report('E0503', clause.key.span, 'a threshold has no false alarms: it fires when it holds', {
        label: 'leave it out',
        notes: ['`false_alarms:` belongs to `regresses`, `rises`, `falls` and `is anomalous`'],
      })
    return null
  }
  if (own !== null) return { ...own, shared: false }
  const shared = module.defaultFalseAlarms === null ? null : falseAlarmsOf(module.defaultFalseAlarms, module)
  return shared === null ? USUAL_FALSE_ALARMS : { ...shared, shared: true }
}

/** A default is checked although nothing lives by it. */
export function checkDefaultFalseAlarms(module: Module): void {
  if (module.defaultFalseAlarms !== null) falseAlarmsOf(module.defaultFalseAlarms, module)
}

function falseAlarmsOf({ ratio, per }: FalseAlarmsNode, module: Module): Omit<FalseAlarms, 'shared'> | null {
  const perNs = boundedNs(per, 'the time of a budget of false alarms', '1d', '90d', module)
  if (ratio.kind === 'error') return null
  const value = ratio.kind === 'literal' && ratio.token === 'percent' ? literalValue(ratio)?.value : undefined
  if (typeof value !== 'number' || value <= 0 || value > 0.5)
    return refuse(
      'E0503',
      ratio.span,
      'the chance of a false alarm is more than 0% and at most 50%',
      'such as `5% per 30d`',
      module,
    )
  return perNs === null ? null : { ratio: value, perNs }
}

function compileFor(clauses: Clauses, module: Module): number | null {
  const node = clauses.single('for')
  if (node === null) return clauses.has('for') ? null : 0
  if (node.kind === 'literal' && node.token === 'duration')
    return boundedNs({ text: node.raw, span: node.span }, '`for:`', '0s', '30d', module)
  return node.kind === 'error' ? null : refuse('E0401', node.span, '`for:` takes a duration', 'such as `2h`', module)
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
    const written = { kind: 'path' as const, path: word, span: node.word.span }
    reportWord(module.reporter, 'no_data', written, ['fire after 30m', 'keep', 'ok'])
    return null
  }
  return silence(node.after, node.word.span, module)
}

function silence(after: ExprNode | null, span: ExprNode['span'], module: Module): AlertPlan['noData'] | null {
  if (after?.kind === 'error') return null
  if (after?.kind !== 'literal' || after.token !== 'duration')
    return refuse(
      'E0401',
      after?.span ?? span,
      '`fire` says after how long a silence',
      'such as `fire after 30m`',
      module,
    )
  const afterNs = boundedNs({ text: after.raw, span: after.span }, 'a silence', '1s', '30d', module)
  return afterNs === null ? null : { kind: 'fire', afterNs }
}
