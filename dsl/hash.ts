/**
 * Identity of what a rule means (`docs/language/README.md`, Identity). Only the meaning goes in: names of constants,
 * patterns and scopes, comments, layout and the order of clauses have left no trace in what is hashed.
 */
import { CAPS } from './caps.ts'
import { someExpr, walkExpr } from './expr-walk.ts'
import { JUDGE_TEMPLATE_VERSION, JUDGE_WINDOW_VERSION } from './judge-template.ts'
import { asksJudge } from './metrics.ts'
import type {
  AlertPlan,
  Expr,
  JudgePlan,
  OfflineEvalPlan,
  OfflineMethod,
  OnlineEvalPlan,
  PatternPlan,
  Plan,
} from './plan.ts'
import { findField } from './schema.ts'
import { sha256Hex } from './sha256.ts'

/** Of the evals whose verdicts an expression asks for: what they mean counts, not what they are called. */
export type HashOfEval = (evalId: string) => string

export interface HashInputs {
  patterns: readonly PatternPlan[]
  hashOfEval: HashOfEval
}

export type Unhashed<E> = Omit<E, 'measureHash' | 'verdictHash'>

/** Of both kinds of eval: 32 hex digits each. */
export function hashesOf(
  plan: Unhashed<OnlineEvalPlan> | Unhashed<OfflineEvalPlan>,
  inputs: HashInputs,
): { measureHash: string; verdictHash: string } {
  const decision = canonical({ pass: plan.pass, missing: plan.missing }, inputs)
  const measured = canonical(measure(plan), inputs)
  // Where `pass` reads nothing but the score, a new threshold is derived from stored scores and starts no new series.
  const series = readsOnlyScore(plan.pass) ? measured : `${measured}${decision}`
  return { measureHash: digest(series), verdictHash: digest(decision) }
}

/** When an alert fires. Which eval it watches goes in by its id; what that measures has hashes of its own. */
export function conditionHashOf(
  condition: Pick<AlertPlan, 'on' | 'by' | 'when' | 'falseAlarms' | 'forNs' | 'noData'>,
  patterns: readonly PatternPlan[],
): string {
  return digest(canonical(condition, { patterns, hashOfEval: (evalId) => evalId }))
}

/** What identities are made by: one place, so that who stores nothing can do without them. */
export interface Identities {
  readonly ofEval: typeof hashesOf
  readonly ofCondition: typeof conditionHashOf
}

export const IDENTITIES: Identities = { ofEval: hashesOf, ofCondition: conditionHashOf }

/** For plans that are looked at and not kept: every identity is empty. */
export const NO_IDENTITIES: Identities = {
  ofEval: () => ({ measureHash: '', verdictHash: '' }),
  ofCondition: () => '',
}

function measure(plan: Unhashed<OnlineEvalPlan> | Unhashed<OfflineEvalPlan>): object {
  if (plan.kind === 'online') {
    const { scope, score, pass } = plan
    const read = readsOnlyScore(pass) ? [] : [pass]
    return {
      kind: 'online',
      scope,
      score,
      fields: fieldRevisions([scope.where, scope.traceWhere, score, ...read]),
    }
  }
  const { sample, method } = plan
  return {
    kind: 'offline',
    // The population; how many of it are looked at changes the error bars, not what is measured.
    population: { scope: sample.scope, overNs: sample.overNs },
    ...measureOf(method),
    fields: [...fieldRevisions([sample.scope.where, sample.scope.traceWhere]), ...fieldsOfMethod(method)],
  }
}

/** What a judge sees of a long text. */
const WINDOW = { version: JUDGE_WINDOW_VERSION, units: CAPS.judgeTextUnits }

function measureOf(method: OfflineMethod): object {
  if (method.kind === 'metric')
    return {
      metric: method.metric,
      judge: method.judge === null ? null : judgesOf(method.judge),
      ...(asksJudge(method) && { window: WINDOW }),
    }
  const { judge, show, scale, rubric } = method
  return { judge: judgesOf(judge), judgeTemplate: JUDGE_TEMPLATE_VERSION, window: WINDOW, show, scale, rubric }
}

/** A panel is the same in whatever order it is written; stand-ins are no part of the measure. */
function judgesOf({ models, take }: JudgePlan): object {
  const panel = [...models].sort()
  return take === null || take === 'mean' ? panel : { panel, take }
}

function fieldsOfMethod(method: OfflineMethod): string[] {
  if (method.kind === 'rubric') return method.show.map(shownRevision)
  return Object.values(method.metric.args).flatMap((arg) =>
    arg.kind === 'expr' ? fieldRevisions([arg.expr]) : arg.kind === 'documents' ? [shownRevision(arg.path)] : [],
  )
}

/** True where a change of `pass` is derived again from stored scores. */
export function readsOnlyScore(pass: Expr): boolean {
  const others = new Set(['field', 'trace_field', 'attr', 'aggregate', 'before', 'repeats', 'verdict_of'])
  return !someExpr([pass], (expr) => others.has(expr.op))
}

/**
 * `path@revision` of each field read, sorted: a field that comes to mean something else starts a new series. `cost` is as sent
 * and no more: there is no price table whose version would belong here.
 */
function fieldRevisions(exprs: readonly (Expr | null)[]): string[] {
  const found = new Set<string>()
  for (const expr of exprs) {
    if (expr === null) continue
    walkExpr(expr, (inner) => {
      if (inner.op === 'field' || inner.op === 'trace_field') found.add(shownRevision(inner.path))
      if (inner.op === 'repeats') found.add(shownRevision('arguments.text'))
    })
  }
  return [...found].sort()
}

function shownRevision(path: string): string {
  const field = findField(path) ?? findField(path.slice(path.indexOf('.') + 1))
  return `${path}@${field?.revision ?? 0}`
}

/**
 * The text that is hashed: JSON with sorted keys, patterns by what they match, and other evals by what they mean. Equal
 * meanings have equal texts.
 */
function canonical(value: unknown, inputs: HashInputs): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, inputs)).join(',')}]`
  let text = ''
  for (const key of Object.keys(value).sort()) {
    const item: unknown = value[key as keyof typeof value]
    text += `${text === '' ? '{' : ','}"${key}":${canonical(referred(key, item, inputs), inputs)}`
  }
  return text === '' ? '{}' : `${text}}`
}

function referred(key: string, item: unknown, inputs: HashInputs): unknown {
  if (key === 'patterns' && Array.isArray(item))
    return item.map((index) => patternMeaning(inputs.patterns[Number(index)]))
  return key === 'evalId' ? inputs.hashOfEval(String(item)) : item
}

function patternMeaning(pattern: PatternPlan | undefined): object {
  if (pattern === undefined) throw new RangeError('a plan refers to a pattern that it does not have')
  const { source, caseInsensitive, check } = pattern
  return { source, caseInsensitive, check }
}

function digest(text: string): string {
  return sha256Hex(text).slice(0, 32)
}

/** Of the whole plan, places included: the version of the definitions in force. One compiler writes all keys in one order. */
export function hashOfPlan(plan: Omit<Plan, 'hash'>): string {
  return sha256Hex(JSON.stringify(plan))
}
