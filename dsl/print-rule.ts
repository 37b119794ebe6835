/** Alerts and scorecards of a plan in the words of the language. */
import type { AlertMeasure, AlertPlan, AlertWhen, GroupPlan, ScorecardPlan, ValueType } from './plan.ts'
import { type PrintOptions, printExpr, printScope } from './print-expr.ts'
import { printDuration, printLiteral, printRatio } from './print-literal.ts'

/** `count(fail) >= 1 over 10m`, `mean(score) falls by 0.3 vs 14d`. */
export function printWhen(when: AlertWhen, options: PrintOptions): string {
  const measure = printMeasure(when.measure, options)
  switch (when.kind) {
    case 'threshold':
      return `${measure} ${when.cmp} ${printLiteral(when.value, when.measure.type)} over ${printDuration(when.overNs)}`
    case 'regression': {
      const word = when.worse === 'higher' ? 'rises' : 'falls'
      return `${measure} ${word} by ${printAmount(when.by, when.measure.type)} vs ${printDuration(when.referenceNs)}`
    }
    case 'anomaly':
      return `${measure} is anomalous over ${printDuration(when.overNs)} vs ${printDuration(when.referenceNs)}`
  }
}

function printAmount(by: Extract<AlertWhen, { kind: 'regression' }>['by'], type: ValueType): string {
  if (by.kind === 'relative') return printRatio(by.ratio)
  return type.kind === 'ratio' ? `${printRatio(by.value).slice(0, -1)}pp` : printLiteral(by.value, type)
}

export function printMeasure(measure: AlertMeasure, options: PrintOptions): string {
  switch (measure.kind) {
    case 'count':
      return `count(${measure.verdict})`
    case 'rate':
      return measure.verdict === 'pass' ? 'pass_rate' : `rate(${measure.verdict})`
    case 'coverage':
      return 'coverage'
    case 'score':
      return `${measure.fn}(score)`
    case 'subjects':
      return measure.where === null ? 'count' : `count(${printExpr(measure.where, options)})`
    case 'share':
      return `rate(${printExpr(measure.where, options)})`
    case 'value':
      return `${measure.fn}(${printExpr(measure.value, options)})`
  }
}

export function printTarget(on: AlertPlan['on'], options: PrintOptions): string {
  if (on.kind === 'scope') return printScope(on.scope, options)
  return options.evalName?.(on.evalId) ?? on.evalId
}

/** `agent.version, attr("acme.tier")`. */
export function printGroups(by: readonly GroupPlan[]): string {
  return by.map(printGroup).join(', ')
}

export function printGroup(group: GroupPlan): string {
  return group.kind === 'field' ? group.path : `attr(${JSON.stringify(group.name)})`
}

export function printFalseAlarms(budget: AlertPlan['falseAlarms']): string {
  if (budget === null) return ''
  return `${printRatio(budget.ratio)} per ${printDuration(budget.perNs)}${budget.shared ? ', shared' : ''}`
}

export function printNoData(noData: AlertPlan['noData']): string {
  return noData.kind === 'fire' ? `fire after ${printDuration(noData.afterNs)}` : noData.kind
}

export function printRow(row: ScorecardPlan['rows'][number], options: PrintOptions): string {
  const cells = row.cells.map(({ fn, evalId }) => `${fn}(${options.evalName?.(evalId) ?? evalId})`).join(', ')
  return row.by.length === 0 ? cells : `${cells} by ${printGroups(row.by)}`
}
