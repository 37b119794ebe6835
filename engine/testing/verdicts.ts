/** The verdicts of one eval on a fixture: the very code that judges production traffic, with a judge that says what the test says. */

import { walkExpr } from '../../dsl/expr-walk.ts'
import type { EvalPlan, Expr, OfflineEvalPlan, OnlineEvalPlan, Plan, TestGiven } from '../../dsl/plan.ts'
import { compileEvaluator } from '../evaluate/evaluator.ts'
import { compileOfflineEval, type Judged } from '../evaluate/offline-eval.ts'
import { viewTrace } from '../evaluate/trace-view.ts'
import { makeResult } from '../model/make-result.ts'
import type { EvalResult } from '../model/result.ts'
import { compilePatterns, type PatternSet } from '../regex/patterns.ts'
import type { BuiltTrace } from './fixture-trace.ts'

type JudgeGiven = Extract<TestGiven, { kind: 'judge' }>
type Judge = (trace: BuiltTrace, returns: JudgeGiven['returns'] | undefined) => readonly EvalResult[]

/** Undefined where no result is possible: an offline eval has no verdict until the test says what its judge returns. */
export type VerdictsOutcome =
  | { kind: 'results'; results: readonly EvalResult[] }
  | { kind: 'no_judge' }
  | { kind: 'no_eval' }

export interface VerdictSource {
  resultsOf(evalId: string, trace: BuiltTrace, returns: JudgeGiven['returns'] | undefined): VerdictsOutcome
}

/** Compiles each eval that is asked for once, with only those evals that it depends on: a big plan costs a test nothing. */
export function createVerdictSource(plan: Plan, patterns: PatternSet = compilePatterns(plan.patterns)): VerdictSource {
  const plans = new Map(plan.evals.map((evalPlan) => [evalPlan.id, evalPlan]))
  const judges = new Map<string, Judge>()
  const judgeOf = (evalPlan: EvalPlan): Judge => {
    const known = judges.get(evalPlan.id)
    if (known !== undefined) return known
    const small = { ...plan, evals: withDependencies(evalPlan, plans) }
    const judge =
      evalPlan.kind === 'online' ? onlineJudge(small, evalPlan, patterns) : offlineJudge(small, evalPlan, patterns)
    judges.set(evalPlan.id, judge)
    return judge
  }
  return {
    resultsOf: (evalId, trace, returns) => {
      const evalPlan = plans.get(evalId)
      if (evalPlan === undefined) return { kind: 'no_eval' }
      if (evalPlan.kind === 'offline' && returns === undefined) return { kind: 'no_judge' }
      return { kind: 'results', results: judgeOf(evalPlan)(trace, returns) }
    },
  }
}

function withDependencies(evalPlan: EvalPlan, plans: ReadonlyMap<string, EvalPlan>): EvalPlan[] {
  const needed = new Set<EvalPlan>()
  const add = (one: EvalPlan): void => {
    if (needed.has(one)) return
    needed.add(one)
    for (const expr of expressionsOf(one)) {
      walkExpr(expr, (node) => {
        const other = node.op === 'verdict_of' ? plans.get(node.evalId) : undefined
        if (other !== undefined) add(other)
      })
    }
  }
  add(evalPlan)
  return [...needed]
}

function expressionsOf(evalPlan: EvalPlan): Expr[] {
  const scope = evalPlan.kind === 'online' ? evalPlan.scope : evalPlan.sample.scope
  const score = evalPlan.kind === 'online' ? evalPlan.score : null
  return [scope.where, scope.traceWhere, score, evalPlan.pass].filter((expr) => expr !== null)
}

function onlineJudge(plan: Plan, evalPlan: OnlineEvalPlan, patterns: PatternSet): Judge {
  const evaluator = compileEvaluator(plan, { patterns })
  return ({ traceId, spans, rootSpanId, rootIsSubject }) => {
    const results =
      evalPlan.when === 'arrival'
        ? spans.flatMap((span) => evaluator.onSpan(span, 0))
        : evaluator.onTrace({ tenant: 'default', traceId, spans: spans.map(evaluator.project) }, 1, 0)
    return results.filter((result) => result.evalId === evalPlan.id && (rootIsSubject || result.spanId !== rootSpanId))
  }
}

function offlineJudge(plan: Plan, evalPlan: OfflineEvalPlan, patterns: PatternSet): Judge {
  const compiled = compileOfflineEval(plan, evalPlan, patterns)
  const { subject } = evalPlan.sample.scope
  return ({ traceId, spans, rootSpanId, rootIsSubject }, returns) => {
    const view = viewTrace('default', traceId, spans)
    const judged = judgedBy(returns ?? 'error')
    const subjects = compiled.subjects(view).filter((span) => rootIsSubject || span?.spanId !== rootSpanId)
    return subjects.map((span) => {
      const { verdict, reason } = compiled.decide(view, span, judged)
      return makeResult({
        evalId: evalPlan.id,
        subjectKind: subject,
        traceId,
        spanId: span?.spanId,
        verdict,
        reason,
        score: judged.kind === 'score' ? judged.score : undefined,
      })
    })
  }
}

function judgedBy(returns: JudgeGiven['returns']): Judged {
  if (returns === 'abstain') return { kind: 'none', why: { code: 'abstained' } }
  if (returns === 'error') return { kind: 'none', why: { code: 'judge_unreachable', detail: 'as the test says' } }
  return { kind: 'score', score: returns }
}
