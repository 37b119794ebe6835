/** `when:` of an alert, in its three forms: a threshold, a regression against a reference, an anomaly. */
import { compileMeasure, type Measured, type Watched } from './alert-measure.ts'
import { boundedNs, refuse } from './alert-refusals.ts'
import type { ExprContext, Project, Typed } from './elaborate/context.ts'
import { elaborate } from './elaborate/expression.ts'
import { adapt } from './elaborate/literals.ts'
import { reportMismatch } from './elaborate/mismatch.ts'
import type { Module } from './module.ts'
import type { AlertWhen } from './plan.ts'
import type { Range } from './score-of.ts'
import { numberWithUnit } from './syntax/advice.ts'
import type { ExprNode, Ident, WhenNode } from './syntax/ast.ts'
import { commonType, type Type } from './types.ts'

type Cmp = '<' | '<=' | '>' | '>='
type BinaryNode = Extract<ExprNode, { kind: 'binary' }>

const FORMS =
  'such as `count(fail) >= 1 over 10m`, `mean(score) regresses by 0.3 vs 14d`, `p95(score) is anomalous over 1h vs 4w`'
const HOUR_NS = 3600e9

/** Null when it is in error (told). */
export function compileWhen(node: WhenNode, on: Watched, module: Module, project: Project): AlertWhen | null {
  if (!isOneOfEach(node, module) || node.condition.kind === 'error') return null
  const { condition, change } = node
  if (change !== null) return compileRegression(node, change, on, module, project)
  if (condition.kind === 'is' && condition.what.text === 'anomalous')
    return compileAnomaly(node, condition, on, module, project)
  if (condition.kind === 'binary') return compileThreshold(node, condition, on, module, project)
  if (condition.kind === 'is' && condition.what.text === '') return null
  return refuse('E0401', condition.span, 'this does not say when to fire', FORMS, module)
}

function isOneOfEach({ over, vs, surplus }: WhenNode, module: Module): boolean {
  const second = over[1] ?? vs[1]
  const unfinished = over[0] ?? vs[0]
  const joined = unfinished && surplus && numberWithUnit(unfinished.text, surplus.text)
  if (joined)
    refuse('E0401', unfinished.span, `a number and its unit are one word: \`${joined}\``, 'such as `over 10m`', module)
  else if (second !== undefined)
    refuse('E0401', second.span, 'a window is one length of time', 'such as `over 10m`, once', module)
  else if (surplus?.text === 'for')
    refuse('E0401', surplus.span, '`for` is a clause of its own', 'write `for: 5m` on the next line', module)
  else if (surplus?.text === 'anomalous')
    refuse('E0401', surplus.span, '`anomalous` follows `is`', 'write `is anomalous over 1h vs 4w`', module)
  else if (surplus !== null && surplus !== undefined)
    refuse('E0401', surplus.span, `\`${surplus.text}\` does not belong here`, FORMS, module)
  else return true
  return false
}

function notTogether(node: Ident | undefined, message: string, label: string, module: Module): boolean {
  if (node !== undefined) refuse('E0504', node.span, message, label, module)
  return node !== undefined
}

function compileThreshold(
  node: WhenNode,
  condition: BinaryNode,
  on: Watched,
  module: Module,
  project: Project,
): AlertWhen | null {
  const { op } = condition
  if (op === 'and' || op === 'or')
    return refuse('E0401', condition.opSpan, 'an alert has one condition', 'write an alert for each', module)
  if (condition.left.kind === 'literal')
    return refuse('E0401', condition.left.span, 'the number that is looked at stands in front', FORMS, module)
  if (op !== '<' && op !== '<=' && op !== '>' && op !== '>=')
    return refuse('E0401', condition.opSpan, `\`${op}\` cannot decide an alert`, 'one of `<`, `<=`, `>`, `>=`', module)
  const measured = compileMeasure(condition.left, on, module, project)
  const vs = node.vs[0]
  if (notTogether(vs, 'a threshold is compared with nothing else', 'write `regresses by … vs 14d`', module)) return null
  const over = node.over[0]
  if (over === undefined) {
    if (measured === null) return null
    return refuse('E0401', condition.span, 'an alert looks over a window of time', 'add `over 10m`', module)
  }
  const overNs = boundedNs(over, 'a window', '1s', '30d', module)
  if (measured === null) return null
  const value = thresholdOf(condition, measured, module, project)
  if (value === null || !isReachable(op, value, measured.range, condition.right, module) || overNs === null) return null
  return { kind: 'threshold', measure: measured.measure, cmp: op, value, overNs }
}

/** A literal or a constant of the wanted type, in the plan's units; null when it is in error (told). */
function constantOf(node: ExprNode, wanted: Type, module: Module, project: Project): Typed | null {
  const context: ExprContext = { project, module, subject: null, score: null, aggregate: null, matched: new Set() }
  const typed = adapt(elaborate(node, context), wanted)
  return typed.type.kind === 'unknown' || typed.expr.op !== 'literal' ? null : typed
}

function numberOf(typed: Typed): number | null {
  return typed.expr.op === 'literal' && typeof typed.expr.value === 'number' ? typed.expr.value : null
}

function thresholdOf(node: BinaryNode, { measure }: Measured, module: Module, project: Project): number | null {
  const typed = constantOf(node.right, measure.type, module, project)
  if (typed === null) return null
  if (commonType(measure.type, typed.type)?.kind === measure.type.kind) return numberOf(typed)
  const context: ExprContext = { project, module, subject: null, score: null, aggregate: null, matched: new Set() }
  reportMismatch(node, measure.type, typed.type, `\`${node.op}\` compares what is of one type`, context)
  return null
}

/** A threshold that always or never holds is none. */
function isReachable(cmp: Cmp, value: number, { low, high }: Range, node: ExprNode, module: Module): boolean {
  const never = { '<': value <= low, '<=': value < low, '>': value >= high, '>=': value > high }[cmp]
  const always = { '<': value > high, '<=': value >= high, '>': value < low, '>=': value <= low }[cmp]
  if (!never && !always) return true
  const message = never
    ? 'this never happens: the alert would never fire'
    : 'this is always so: the alert would always fire'
  refuse('E0218', node.span, message, 'out of reach', module)
  return false
}

function compileRegression(
  node: WhenNode,
  change: NonNullable<WhenNode['change']>,
  on: Watched,
  module: Module,
  project: Project,
): AlertWhen | null {
  const measured = compileMeasure(node.condition, on, module, project)
  const over = node.over[0]
  if (notTogether(over, 'a change is looked for all the time, and has no window', 'leave it out', module)) return null
  const [vs] = node.vs
  if (vs === undefined) {
    const message = `\`${change.word.text}\` says against what`
    return refuse('E0504', change.word.span, message, 'add the time before: `vs 14d`', module)
  }
  const referenceNs = boundedNs(vs, 'a reference', '1d', '90d', module)
  if (measured === null) return null
  if (!isDetectable(measured, node.condition, module)) return null
  const worse = worseOf(change.word, measured, module)
  const by = amountOf(change, measured, module, project)
  if (worse === null || by === null || referenceNs === null) return null
  const { measure, range } = measured
  const isMean = (measure.kind === 'score' || measure.kind === 'value') && measure.fn === 'mean'
  const bounds = isMean ? { bounds: { low: range.low, high: range.high } } : {}
  return { kind: 'regression', measure, worse, by, referenceNs, ...bounds }
}

/** What the detector can look at: shares, quantiles, and means of what has bounds (`docs/alerts.md`). */
function isDetectable({ measure, range }: Measured, node: ExprNode, module: Module): boolean {
  if (measure.kind === 'rate' || measure.kind === 'coverage' || measure.kind === 'share') return true
  if (measure.kind === 'count' || measure.kind === 'subjects') {
    refuse('E0504', node.span, 'a count follows the traffic, and tells no change by itself', 'use a rate', module)
    return false
  }
  if (measure.fn.startsWith('p')) return true
  if (measure.fn === 'mean' && Number.isFinite(range.low) && Number.isFinite(range.high)) return true
  const message =
    measure.fn === 'mean'
      ? 'a mean without bounds is moved by a single outlier: no change of it can be told from noise'
      : `a change of \`${measure.fn}\` cannot be told from noise`
  refuse('E0504', node.span, message, 'use a quantile: `p50`, `p95` or `p99`', module)
  return false
}

function worseOf(word: Ident, { better }: Measured, module: Module): 'higher' | 'lower' | null {
  if (word.text === 'rises') return 'higher'
  if (word.text === 'falls') return 'lower'
  if (better !== null) return better === 'higher' ? 'lower' : 'higher'
  return refuse('E0504', word.span, 'nothing tells which way is worse', 'write `rises by` or `falls by`', module)
}

function amountOf(
  { word, by }: NonNullable<WhenNode['change']>,
  { measure, range }: Measured,
  module: Module,
  project: Project,
): Extract<AlertWhen, { kind: 'regression' }>['by'] | null {
  if (by === null) return refuse('E0504', word.span, `\`${word.text}\` says by how much`, 'such as `by 0.3`', module)
  const isShare = measure.type.kind === 'ratio'
  const wanted: Type = isShare ? { kind: 'points' } : measure.type
  // A difference of whole numbers' means and quantiles need not be whole.
  const typed = constantOf(by, wanted.kind === 'int' ? { kind: 'number' } : wanted, module, project)
  if (typed === null) return null
  const value = numberOf(typed)
  if (typed.type.kind === 'ratio' && isShare)
    return refuse('E0504', by.span, 'percentages differ by percentage points', 'such as `by 2pp`', module)
  const relative = typed.type.kind === 'ratio'
  const fits = relative || commonType(wanted, typed.type) !== null
  if (!fits || value === null)
    return refuse(
      'E0504',
      by.span,
      `this is no difference of two ${PLURALS[wanted.kind] ?? 'such values'}`,
      EXAMPLES[wanted.kind] ?? 'such as `by 0.3`',
      module,
    )
  const widest = relative && change(word) ? 1 : range.high - range.low
  if (value <= 0) return refuse('E0218', by.span, 'a change is more than nothing', 'out of reach', module)
  if (value >= widest) return refuse('E0218', by.span, 'it never changes by that much', 'out of reach', module)
  return relative ? { kind: 'relative', ratio: value } : { kind: 'absolute', value }
}

/** A value cannot fall by all of it; it can rise by more. */
const change = (word: Ident): boolean => word.text === 'falls'

const PLURALS: Partial<Record<Type['kind'], string>> = {
  duration: 'durations',
  points: 'percentages',
  money: 'amounts',
  tokens: 'numbers of tokens',
  number: 'numbers',
  int: 'numbers',
}
const EXAMPLES: Partial<Record<Type['kind'], string>> = {
  duration: 'such as `by 500ms` or `by 20%`',
  points: 'such as `by 2pp`',
  money: 'such as `by 0.05 USD` or `by 20%`',
  tokens: 'such as `by 500` or `by 20%`',
}

function compileAnomaly(
  node: WhenNode,
  condition: Extract<ExprNode, { kind: 'is' }>,
  on: Watched,
  module: Module,
  project: Project,
): AlertWhen | null {
  const measured = compileMeasure(condition.value, on, module, project)
  if (condition.negated)
    return refuse('E0504', condition.span, 'what is usual needs no alert', 'write `is anomalous`', module)
  const [vs] = node.vs
  if (vs === undefined)
    return refuse(
      'E0504',
      condition.what.span,
      '`anomalous` says against what',
      'add the weeks before: `vs 4w`',
      module,
    )
  const referenceNs = boundedNs(vs, 'the reference of an anomaly', '2w', '12w', module)
  const over = node.over[0]
  const overNs = over === undefined ? HOUR_NS : boundedNs(over, 'the window of an anomaly', '5m', '1d', module)
  if (measured === null || referenceNs === null || overNs === null) return null
  return { kind: 'anomaly', measure: measured.measure, overNs, referenceNs }
}
