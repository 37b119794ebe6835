/** The verdicts of one eval on a fixture: the very code that judges production traffic, with a judge that says what the test says. */

import type { EvalPlan, OfflineEvalPlan, OnlineEvalPlan, Plan, TestGiven } from '../../dsl/plan.ts'
import { withMeasureEvals } from '../alerting/scope-evals.ts'
import { withDependencies } from '../evaluate/dependencies.ts'
import { compileEvaluator } from '../evaluate/evaluator.ts'
import { createExplainer } from '../evaluate/explain/explain-eval.ts'
import type { Explanation } from '../evaluate/explain/tree.ts'
import { isMeasured } from '../evaluate/measure.ts'
import { compileOfflineEval, type Judged } from '../evaluate/offline-eval.ts'
import { compileScoreVerdict } from '../evaluate/score-verdict.ts'
import { kindOf } from '../evaluate/subject.ts'
import { viewTrace } from '../evaluate/trace-view.ts'
import { makeResult } from '../model/make-result.ts'
import type { EvalResult, Verdict } from '../model/result.ts'
import type { Span } from '../model/span.ts'
import { compilePatterns, type PatternSet } from '../regex/patterns.ts'
import type { BuiltTrace } from './fixture-trace.ts'

type JudgeGiven = Extract<TestGiven, { kind: 'judge' }>
type Judge = (trace: BuiltTrace, returns: JudgeGiven['returns'] | undefined) => readonly EvalResult[]

/** Undefined where no result is possible: an offline eval has no verdict until the test says what its judge returns. */
export type VerdictsOutcome =
  | { kind: 'results'; results: readonly EvalResult[] }
  | { kind: 'no_judge' }
  | { kind: 'no_eval' }

/** Which of the trace's subjects a tree is asked for: the one of this id, or the first that the eval looks at. */
export type SubjectAsked = { spanId: string } | 'first'

export interface VerdictSource {
  /** Null where the trace has no subject of the eval's kind. */
  explain(
    evalId: string,
    trace: BuiltTrace,
    subject: SubjectAsked,
    returns: JudgeGiven['returns'] | undefined,
  ): Explanation | null
  resultsOf(evalId: string, trace: BuiltTrace, returns: JudgeGiven['returns'] | undefined): VerdictsOutcome
  /** What the eval says of a score; the checker lets only those through whose `pass:` reads nothing else. */
  verdictOf(evalId: string, score: number): Verdict
}

/** Compiles each eval that is asked for once, with only those evals that it depends on: a big plan costs a test nothing. */
export function createVerdictSource(
  given: Plan,
  patterns: PatternSet = compilePatterns(given.patterns),
): VerdictSource {
  const plan = withMeasureEvals(given)
  const plans = new Map(plan.evals.map((evalPlan) => [evalPlan.id, evalPlan]))
  const judges = new Map<string, Judge>()
  const scoreVerdicts = new Map<string, (score: number) => Verdict>()
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
    explain: (evalId, trace, asked, returns) => {
      const evalPlan = plans.get(evalId)
      if (evalPlan === undefined) return null
      const span = spanAsked(evalPlan, trace, asked)
      if (span === null) return null
      const view = viewTrace('default', trace.traceId, trace.spans)
      return createExplainer(plan, evalId, { patterns }).explain(
        view,
        span,
        returns === undefined && evalPlan.kind === 'offline' && isMeasured(evalPlan)
          ? undefined
          : judgedBy(returns ?? 'error'),
      )
    },
    resultsOf: (evalId, trace, returns) => {
      const evalPlan = plans.get(evalId)
      if (evalPlan === undefined) return { kind: 'no_eval' }
      if (evalPlan.kind === 'offline' && returns === undefined && !isMeasured(evalPlan)) return { kind: 'no_judge' }
      return { kind: 'results', results: judgeOf(evalPlan)(trace, returns) }
    },
    verdictOf: (evalId, score) => {
      const evalPlan = plans.get(evalId)
      if (evalPlan === undefined) throw new RangeError(`there is no eval ${evalId}`)
      const known = scoreVerdicts.get(evalId) ?? compileScoreVerdict(evalPlan)
      scoreVerdicts.set(evalId, known)
      return known(score)
    },
  }
}

/** Undefined for the trace itself, null where there is none. */
function spanAsked(
  evalPlan: EvalPlan,
  { spans, rootSpanId, rootIsSubject }: BuiltTrace,
  asked: SubjectAsked,
): Span | undefined | null {
  const { subject } = evalPlan.kind === 'online' ? evalPlan.scope : evalPlan.sample.scope
  if (subject === 'trace' || subject === 'session') return undefined
  if (asked !== 'first') return spans.find(({ spanId }) => spanId === asked.spanId) ?? null
  const kind = kindOf(subject)
  const isOne = (span: Span): boolean =>
    (kind === null || span.kind === kind) && (rootIsSubject || span.spanId !== rootSpanId)
  return spans.find(isOne) ?? null
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
    const { measure } = compiled
    const subjects = compiled.subjects(view).filter((span) => rootIsSubject || span?.spanId !== rootSpanId)
    return subjects.map((span) => {
      const judged = returns === undefined && measure !== null ? measure(view, span) : judgedBy(returns ?? 'error')
      const { verdict, reason } = compiled.decide(view, span, judged)
      return makeResult({
        evalId: evalPlan.id,
        subjectKind: subject,
        traceId,
        spanId: span?.spanId,
        verdict,
        reason,
        score: judged.kind === 'score' ? judged.score : undefined,
        labels: compiled.labels(view, span),
      })
    })
  }
}

function judgedBy(returns: JudgeGiven['returns']): Judged {
  if (returns === 'abstain') return { kind: 'none', why: { code: 'abstained' } }
  if (returns === 'error') return { kind: 'none', why: { code: 'judge_unreachable', detail: 'as the test says' } }
  return { kind: 'score', score: returns }
}
