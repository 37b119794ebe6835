/** What an eval, alert or scorecard of a plan says, clause by clause, for those who compare two of them. */
import type {
  AlertPlan,
  BudgetPlan,
  EvalPlan,
  Expr,
  JudgePlan,
  MissingPolicy,
  OfflineMethod,
  ScopePlan,
  ScorecardPlan,
} from './plan.ts'
import { type PrintOptions, printExpr, printPatterns, printScope } from './print-expr.ts'
import { printDuration } from './print-literal.ts'
import { printMetric } from './print-metric.ts'
import { printFalseAlarms, printGroups, printNoData, printRow, printTarget, printWhen } from './print-rule.ts'

export interface PrintedClause {
  /** As the language calls it: `pass`, `sample`. */
  readonly clause: string
  /** Empty when it is not there. */
  readonly text: string
  /** The part of `text` that decides what is measured; a sample's size is not in it. */
  readonly measured: string
}

/** Every clause that either kind of eval may have, in one order; `kind` first. */
export function clausesOfEval(plan: EvalPlan, options: PrintOptions): PrintedClause[] {
  const { kind, title, owner, mode, pass, missing } = plan
  const same = (clause: string, text: string): PrintedClause => ({ clause, text, measured: text })
  const aside = (clause: string, text: string): PrintedClause => ({ clause, text, measured: '' })
  const own =
    plan.kind === 'online'
      ? [
          same('on', printScope(plan.scope, options)),
          same('score', plan.score === null ? '' : printExpr(plan.score, options)),
          aside('redact', redactText(plan.redact, options)),
        ]
      : [
          aside('every', `cron ${JSON.stringify(plan.schedule.cron)} in ${JSON.stringify(plan.schedule.timeZone)}`),
          aside('missed', plan.missed ?? ''),
          sampleClause(plan.sample, options),
          ...methodClauses(plan.method, options),
          aside('proxy', plan.proxy === undefined ? '' : printMetric(plan.proxy, options)),
          aside('labels', plan.labels === null ? '' : JSON.stringify(plan.labels)),
          aside('budget', plan.budget === null ? '' : budgetText(plan.budget)),
        ]
  const clauses = [
    same('kind', kind),
    aside('title', title ?? ''),
    aside('owner', owner ?? ''),
    aside('mode', mode),
    ...own,
    same('pass', printExpr(pass, options)),
    same('missing', missing === null ? '' : missingText(missing)),
  ]
  return [...clauses, ...othersOf(plan, EVAL_KEYS, options)]
}

/** Told above, or no clause at all: identity and place. */
const EVAL_KEYS = new Set([
  ...['id', 'name', 'package', 'measureHash', 'writtenMeasureHash', 'verdictHash', 'file', 'line', 'was', 'when'],
  ...['kind', 'title', 'owner', 'mode', 'scope', 'score', 'redact', 'pass', 'missing'],
  ...['schedule', 'missed', 'sample', 'method', 'proxy', 'labels', 'anchors', 'budget'],
])

/** Of an alert or a scorecard. */
export function clausesOfRule(plan: AlertPlan | ScorecardPlan, options: PrintOptions): PrintedClause[] {
  const same = (clause: string, text: string): PrintedClause => ({ clause, text, measured: text })
  const own = plan.kind === 'alert' ? alertClauses(plan, options) : scorecardClauses(plan, options)
  const clauses = Object.entries({ title: plan.title ?? '', owner: plan.owner ?? '', mode: plan.mode, ...own })
  const notify = plan.notify.map(({ receiver, target }) => `${receiver}(${JSON.stringify(target)})`).join(', ')
  return [
    ...clauses.map(([clause, text]) => same(clause, text)),
    same('notify', notify),
    ...othersOf(plan, RULE_KEYS, options),
  ]
}

function alertClauses(plan: AlertPlan, options: PrintOptions): Record<string, string> {
  const by = plan.by.length === 0 ? '' : ` by ${printGroups(plan.by)}`
  return {
    on: `${printTarget(plan.on, options)}${by}`,
    when: printWhen(plan.when, options),
    false_alarms: printFalseAlarms(plan.falseAlarms),
    for: plan.forNs === 0 ? '' : printDuration(plan.forNs),
    no_data: printNoData(plan.noData),
    severity: plan.severity,
  }
}

function scorecardClauses(plan: ScorecardPlan, options: PrintOptions): Record<string, string> {
  const { schedule, overNs, versusNs, rows } = plan
  return {
    every: `cron ${JSON.stringify(schedule.cron)} in ${JSON.stringify(schedule.timeZone)}`,
    over: `${printDuration(overNs)}${versusNs === null ? '' : ` vs ${printDuration(versusNs)}`}`,
    row: rows.map((row) => printRow(row, options)).join('; '),
  }
}

/** Told above, or no clause at all: identity and place. */
const RULE_KEYS = new Set([
  ...['id', 'name', 'package', 'kind', 'file', 'line', 'conditionHash', 'was', 'title', 'owner', 'mode', 'notify'],
  ...['on', 'by', 'when', 'falseAlarms', 'forNs', 'noData', 'severity', 'schedule', 'overNs', 'versusNs', 'rows'],
])

/** By the plan's own shape, so that what the language comes to say is compared before anyone writes words for it. */
function othersOf(plan: object, without: ReadonlySet<string>, options: PrintOptions): PrintedClause[] {
  return Object.entries(plan)
    .filter(([key]) => !without.has(key))
    .map(([key, value]) => {
      const text = printValue(key, value, options)
      return { clause: key, text, measured: text }
    })
}

function sampleClause(
  { size, scope, overNs, by, flagged }: Extract<EvalPlan, { kind: 'offline' }>['sample'],
  options: PrintOptions,
): PrintedClause {
  const population = `${printScope(scope, options)} over ${printDuration(overNs)}`
  return {
    clause: 'sample',
    text: `${size} of ${population}${flagged === undefined ? '' : ', half flagged'}${by.length === 0 ? '' : ` by ${by.join(', ')}`}`,
    measured: population,
  }
}

function methodClauses(method: OfflineMethod, options: PrintOptions): PrintedClause[] {
  const same = (clause: string, text: string): PrintedClause => ({ clause, text, measured: text })
  const { judge } = method
  const asked = judge === null ? same('judge', '') : judgeClause(judge)
  if (method.kind === 'metric') return [asked, same('metric', printMetric(method.metric, options))]
  const { show, scale, rubric } = method
  return [asked, same('show', show.join(', ')), same('scale', `${scale.low} to ${scale.high}`), same('rubric', rubric)]
}

function budgetText({ currency, perRunMicros, perMonthMicros, cheaper }: BudgetPlan): string {
  const parts = [
    [perRunMicros, 'run'],
    [perMonthMicros, 'month'],
  ] as const
  const bounds = parts
    .flatMap(([micros, per]) => (micros === null ? [] : [`${micros / 1e6} ${currency} per ${per}`]))
    .join(', ')
  return cheaper === undefined ? bounds : `${bounds} or else ${JSON.stringify(cheaper)}`
}

function judgeClause({ models, fallbacks, take }: JudgePlan): PrintedClause {
  const quoted = (names: readonly string[], between: string): string =>
    names.map((name) => JSON.stringify(name)).join(between)
  const panel = `${quoted(models, ', ')}${take === null ? '' : ` take ${take}`}`
  const standIns = fallbacks.length === 0 ? '' : ` or else ${quoted(fallbacks, ' or else ')}`
  return { clause: 'judge', text: `${panel}${standIns}`, measured: panel }
}

function redactText(redact: { fields: string[]; patterns: number[] } | null, options: PrintOptions): string {
  if (redact === null) return ''
  return `${redact.fields.join(', ')} (${printPatterns(redact.patterns, options).join(', ')})`
}

function missingText(missing: MissingPolicy): string {
  return missing.kind === 'pass' ? `pass because ${JSON.stringify(missing.because)}` : missing.kind
}

function printValue(key: string, value: unknown, options: PrintOptions): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return key.endsWith('Ns') ? printDuration(value) : String(value)
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) {
    if (key === 'patterns') return printPatterns(value.map(Number), options).join(', ')
    return value.map((item) => printValue(key, item, options)).join(', ')
  }
  if ('op' in value) return printExpr(value as Expr, options)
  if ('traceWhere' in value) return printScope(value as ScopePlan, options)
  const parts = Object.entries(value).map(([name, item]) => [name, printValue(name, item, options)] as const)
  return parts
    .filter(([, text]) => text !== '')
    .map(([name, text]) => (name === 'kind' || parts.length === 1 ? text : `${name.replace(/Ns$/, '')} ${text}`))
    .join(' ')
}
