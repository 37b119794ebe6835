/** The verdict of an eval on a subject, clause by clause. */
import { walkExpr } from '../../../dsl/expr-walk.ts'
import type { EvalPlan, Expr, OfflineEvalPlan, OnlineEvalPlan, Plan, ScopePlan } from '../../../dsl/plan.ts'
import type { Reason } from '../../model/result.ts'
import { maskHint } from '../../regex/mask.ts'
import { compilePatterns, type PatternSet } from '../../regex/patterns.ts'
import { createCompiler } from '../compile.ts'
import type { Compiler } from '../compiler.ts'
import { type Context, createContext } from '../context.ts'
import { withDependencies } from '../dependencies.ts'
import { compileEvalSet } from '../eval-set.ts'
import { compileMeasure } from '../measure.ts'
import type { Judged } from '../offline-eval.ts'
import { scoreInResultUnit, scoreTypeOf } from '../score.ts'
import type { ProjectedSpan, TraceView } from '../subject.ts'
import { isError, TRUE, UNKNOWN } from '../truth.ts'
import { decide } from '../verdict.ts'
import { explainNode } from './node.ts'
import type { ClauseTree, Explanation } from './tree.ts'
import type { ExplainSettings } from './value.ts'

export interface ExplainOptions {
  /** Compiled from the plan by default; given to share them. */
  readonly patterns?: PatternSet
  /** Masks what texts show; by default what the eval itself looks for, and the plan's `redact:` clauses and the standard packs name. */
  readonly mask?: (text: string) => string
}

export interface Explainer {
  /** `span`: undefined where the subject is the trace. `judged`: what an offline eval's judge said; a metric that asks none is worked out without. */
  explain(trace: TraceView, span: ProjectedSpan | undefined, judged?: Judged): Explanation
}

/** Of one eval of the plan. Throws where the plan has none of that id. */
export function createExplainer(plan: Plan, evalId: string, options: ExplainOptions = {}): Explainer {
  const plans = new Map(plan.evals.map((one) => [one.id, one]))
  const evalPlan = plans.get(evalId)
  if (evalPlan === undefined) throw new RangeError(`there is no eval ${evalId} in the plan`)
  const patterns = options.patterns ?? compilePatterns(plan.patterns)
  const mask = options.mask ?? maskWith(patterns, plan, patternsIn(evalPlan))
  const set = compileEvalSet({ ...plan, evals: withDependencies(evalPlan, plans) }, patterns)
  return {
    explain: (trace, span, judged) => {
      set.begin()
      const context = createContext()
      const shared = { patterns, verdictOf: set.verdictOf }
      const explained = { context, patterns: plan.patterns, mask }
      const head = {
        evalId,
        traceId: trace.traceId,
        spanId: span?.spanId ?? '',
        name: span === undefined ? trace.root.name : (span.toolName ?? span.name),
      }
      const outcome =
        evalPlan.kind === 'online'
          ? explainOnline(evalPlan, shared, explained, trace, span)
          : explainOffline(evalPlan, shared, explained, trace, span, judged)
      return { ...head, subject: scopeOf(evalPlan).subject, ...outcome }
    },
  }
}

const NOT_JUDGED: Judged = { kind: 'none', why: { code: 'judge_unreachable', detail: 'nobody asked it' } }

type Shared = Pick<Compiler, 'patterns' | 'verdictOf'>
type Explained = Omit<ExplainSettings, 'compiler'>
type Outcome = Pick<Explanation, 'verdict' | 'clauses'> & { reason?: Reason; score?: number }

function scopeOf(plan: EvalPlan): ScopePlan {
  return plan.kind === 'online' ? plan.scope : plan.sample.scope
}

/** Those that its conditions match by, as indexes. */
function patternsIn(plan: EvalPlan): number[] {
  const { where, traceWhere } = scopeOf(plan)
  const found: number[] = []
  for (const expr of [where, traceWhere, plan.kind === 'online' ? plan.score : null, plan.pass]) {
    if (expr === null) continue
    walkExpr(expr, (inner) => {
      if (inner.op === 'matches') found.push(...inner.patterns)
    })
  }
  return found
}

/**
 * Matches as their hints, wherever they are: what evidence would show of them. A pattern that nobody redacts by is no secret's: with
 * `/\w/` in one rule, every value of every report would be stars. `more`: those that count as well.
 */
export function maskWith(
  patterns: PatternSet,
  plan: Pick<Plan, 'patterns' | 'evals'>,
  more: readonly number[] = [],
): (text: string) => string {
  const redacted = new Set(plan.evals.flatMap((one) => (one.kind === 'online' ? (one.redact?.patterns ?? []) : [])))
  for (const index of more) redacted.add(index)
  const secrets = plan.patterns.flatMap(({ builtin }, index) =>
    builtin !== null || redacted.has(index) ? [index] : [],
  )
  if (secrets.length === 0) return (text) => text
  const group = patterns.group(secrets)
  return (text) => {
    let masked = ''
    let at = 0
    for (const { pattern, start, end } of patterns.find(group, text)) {
      if (start < at) continue
      masked += text.slice(at, start) + maskHint(pattern, text.slice(start, end))
      at = end
    }
    return masked + text.slice(at)
  }
}

interface Scope {
  readonly inScope: boolean
  readonly error: Reason | null
  readonly clauses: ClauseTree[]
}

/** In the order in which it is asked: of the trace around first. */
function explainScope(
  scope: ScopePlan,
  compilers: { inTrace: Compiler; own: Compiler },
  explained: Explained,
  span: ProjectedSpan | undefined,
  arrival: boolean,
): Scope {
  const { context } = explained
  const clauses: ClauseTree[] = []
  const ask = (expr: Expr | null, compiler: Compiler): Reason | boolean => {
    if (expr === null) return true
    clauses.push({ clause: 'on', tree: explainNode(expr, { ...explained, compiler }) })
    const truth = compiler.truth(expr)(context)
    return truth === UNKNOWN && isError(context.why) ? context.why : truth === TRUE
  }
  context.span = arrival ? span : undefined
  const inTrace = ask(scope.traceWhere, compilers.inTrace)
  context.span = span
  const answer = inTrace === true ? ask(scope.where, compilers.own) : inTrace
  return { inScope: answer === true, error: typeof answer === 'object' ? answer : null, clauses }
}

function explainOnline(
  plan: OnlineEvalPlan,
  shared: Shared,
  explained: Explained,
  trace: TraceView,
  span: ProjectedSpan | undefined,
): Outcome {
  const { context } = explained
  const arrival = plan.when === 'arrival'
  const settings = { ...shared, arrival, score: plan.score }
  const compiler = createCompiler({ ...settings, level: plan.scope.subject === 'trace' ? 'trace' : 'span' })
  const inTrace = createCompiler({ ...settings, level: arrival ? 'span' : 'trace' })
  context.trace = arrival ? undefined : trace
  const { inScope, error, clauses } = explainScope(plan.scope, { inTrace, own: compiler }, explained, span, arrival)
  if (error !== null) return { verdict: 'error', reason: error, clauses }
  if (!inScope) return { verdict: 'none', clauses }

  let score: number | undefined
  if (plan.score !== null) {
    const value = compiler.value(plan.score)(context)
    if (value === undefined) context.scoreWhy = context.why
    clauses.push({ clause: 'score', tree: explainNode(plan.score, { ...explained, compiler }) })
    context.score = value
    score = scoreInResultUnit(value, scoreTypeOf(plan.score))
  }
  return { ...decided(plan, compiler, explained, context, clauses), ...(score !== undefined && { score }) }
}

function explainOffline(
  plan: OfflineEvalPlan,
  shared: Shared,
  explained: Explained,
  trace: TraceView,
  span: ProjectedSpan | undefined,
  given: Judged | undefined,
): Outcome {
  const { context } = explained
  const settings = { ...shared, arrival: false, score: 'given' } as const
  const { scope } = plan.sample
  const ofSession = scope.subject === 'session'
  const compiler = createCompiler({ ...settings, level: scope.subject === 'trace' || ofSession ? 'trace' : 'span' })
  const inTrace = createCompiler({ ...settings, level: 'trace' })
  context.trace = trace
  const { inScope, clauses } = explainScope(scope, { inTrace, own: compiler }, explained, span, false)
  if (!inScope) return { verdict: 'none', clauses }
  const measure = plan.method.kind === 'metric' ? compileMeasure(plan.method.metric, compiler, ofSession) : null
  const judged = given ?? measure?.(context) ?? NOT_JUDGED
  context.score = judged.kind === 'score' ? judged.score : undefined
  if (judged.kind === 'none') context.scoreWhy = judged.why
  const outcome = decided(plan, compiler, explained, context, clauses)
  return { ...outcome, ...(judged.kind === 'score' && { score: judged.score }) }
}

function decided(
  { pass, missing }: EvalPlan,
  compiler: Compiler,
  explained: Explained,
  context: Context,
  clauses: ClauseTree[],
): Outcome {
  const tree = explainNode(pass, { ...explained, compiler })
  const truth = compiler.truth(pass)(context)
  const { verdict, reason } = decide(truth, context.why, missing)
  const all: ClauseTree[] = [...clauses, { clause: 'pass', tree }]
  return { verdict, clauses: all, ...(reason !== undefined && { reason }) }
}
