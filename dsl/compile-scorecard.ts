import { boundedNs } from './alert-refusals.ts'
import { Clauses } from './clauses.ts'
import type { EvalOf } from './compile-alert.ts'
import { headingOf } from './compile-common.ts'
import type { Project } from './elaborate/context.ts'
import { compileGroups } from './groups.ts'
import { lookup, type Module, type ScorecardDecl } from './module.ts'
import type { EvalPlan, ScorecardFn, ScorecardPlan, Subject, ValueType } from './plan.ts'
import { compileReceivers } from './receivers.ts'
import { compileSchedule } from './schedule.ts'
import { scoreOf } from './score-of.ts'
import { didYouMean } from './suggest.ts'
import type { ExprNode, Ident, RowNode } from './syntax/ast.ts'
import { evalNamesIn, unknownName } from './unknown-eval.ts'

export const SCORECARD_FUNCTIONS: readonly ScorecardFn[] = [
  'pass_rate',
  'fail_rate',
  'unknown_rate',
  'error_rate',
  'coverage',
  'count',
  'spend',
  'mean',
  'p50',
  'p95',
  'p99',
]
const OF_SCORES: ReadonlySet<ScorecardFn> = new Set(['mean', 'p50', 'p95', 'p99'])

type Row = ScorecardPlan['rows'][number]

/** Null when it is in error (told). */
export function compileScorecard(
  decl: ScorecardDecl,
  module: Module,
  project: Project,
  evalOf: EvalOf,
): ScorecardPlan | null {
  const { reporter } = module
  const clauses = new Clauses(decl, 'scorecard', reporter)
  const heading = headingOf(decl, clauses, module)
  const every = clauses.value('every', 'schedule')
  const schedule = every === null ? null : compileSchedule(every.node, reporter)
  const period = clauses.value('over', 'period')
  const overNs = period === null ? null : boundedNs(period.over, 'a period', '1h', '90d', module)
  const versusNs = period === null || period.vs === null ? null : boundedNs(period.vs, 'a period', '1h', '90d', module)
  const rows = clauses.all('row', 'row').map(({ node }) => compileRow(node, module, project, evalOf))
  const notify = compileReceivers(clauses, module)
  if (!clauses.complete || schedule === null || overNs === null || rows.includes(null)) return null
  if (period?.vs !== null && versusNs === null) return null
  const found = rows.filter((row) => row !== null)
  return { kind: 'scorecard', ...heading, schedule, overNs, versusNs, rows: found, notify }
}

function compileRow(node: RowNode, module: Module, project: Project, evalOf: EvalOf): Row | null {
  const found = node.cells.map((cell) => compileCell(cell, module, evalOf))
  const cells = found.filter((cell) => cell !== null)
  if (cells.length < found.length) return null
  const [first] = cells
  if (node.by.length === 0 || first === undefined) return { cells: cells.map(cellPlan), by: [] }
  const other = cells.find((cell) => cell.subject !== first.subject)
  if (other !== undefined) {
    module.reporter.report('E0506', node.span, 'a row that is divided is about one kind of subject', {
      label: `\`${first.subject}\` and \`${other.subject}\` are two`,
      notes: ['write a `row:` for each'],
    })
    return null
  }
  const by = compileGroups(node.by, first.subject, module, project)
  return by === null ? null : { cells: cells.map(cellPlan), by }
}

interface Cell {
  readonly fn: ScorecardFn
  readonly plan: EvalPlan
  readonly type: ValueType
  readonly subject: Subject
}

const cellPlan = ({ fn, plan, type }: Cell): Row['cells'][number] => ({ fn, evalId: plan.id, type })

function compileCell(node: ExprNode, module: Module, evalOf: EvalOf): Cell | null {
  const { reporter } = module
  if (node.kind === 'error') return null
  if (node.kind !== 'call') {
    reporter.report('E0506', node.span, 'a row has numbers of evals', { label: 'such as `pass_rate(fast)`' })
    return null
  }
  const fn = SCORECARD_FUNCTIONS.find((known) => known === node.name.text)
  if (fn === undefined) {
    const message = `a scorecard has no \`${node.name.text}\`${didYouMean(node.name.text, SCORECARD_FUNCTIONS)}`
    const notes = [`there are: ${SCORECARD_FUNCTIONS.join(', ')}`]
    if (node.name.text !== '') reporter.report('E0506', node.name.span, message, { label: 'unknown function', notes })
    return null
  }
  const [arg, more] = node.args
  if (arg?.value.kind === 'error') return null
  if (arg?.value.kind !== 'path' || more !== undefined || arg.where !== null || arg.key !== null) {
    reporter.report('E0506', node.span, `\`${fn}\` takes the name of an eval`, { label: `such as \`${fn}(fast)\`` })
    return null
  }
  const plan = evalNamed({ text: arg.value.path, span: arg.value.span }, module, evalOf)
  return plan === null ? null : cellOf(fn, plan, arg.value, module)
}

function evalNamed(name: Ident, module: Module, evalOf: EvalOf): EvalPlan | null {
  const found = lookup(module, 'rules', name.text)
  if (found.kind === 'broken' || name.text === '') return null
  if (found.kind === 'absent') {
    const unknown = { module, name: name.text, span: name.span, spaces: ['rules'] as const }
    const { guess, details } = unknownName(unknown, evalNamesIn(module))
    const message = `there is no eval \`${name.text}\`${guess}`
    module.reporter.report('E0104', name.span, message, { label: 'unknown', ...details })
    return null
  }
  const { decl, module: home } = found.found
  if (decl.kind === 'eval') return evalOf(home, decl)
  const kind = decl.kind === 'alert' ? 'an alert' : 'a scorecard'
  module.reporter.report('E0506', name.span, `\`${name.text}\` is ${kind}, and a row has numbers of evals`, {
    label: 'not an eval',
  })
  return null
}

function cellOf(fn: ScorecardFn, plan: EvalPlan, node: ExprNode, module: Module): Cell | null {
  const subject = (plan.kind === 'online' ? plan.scope : plan.sample.scope).subject
  if (fn === 'spend') {
    if (plan.kind === 'offline') return { fn, plan, type: { kind: 'money', currency: 'USD' }, subject }
    const message = `\`${plan.name}\` is judged online and costs nothing: \`spend\` is of judges`
    module.reporter.report('E0506', node.span, message, { label: 'not an offline eval' })
    return null
  }
  if (!OF_SCORES.has(fn)) return { fn, plan, type: { kind: fn === 'count' ? 'int' : 'ratio' }, subject }
  const score = scoreOf(plan)
  if (score !== null) return { fn, plan, type: score.type, subject }
  module.reporter.report('E0506', node.span, `\`${plan.name}\` has no score, and \`${fn}\` is of scores`, {
    label: 'nothing to measure',
    notes: ['add `score: …` to the eval, or write `pass_rate`'],
  })
  return null
}
