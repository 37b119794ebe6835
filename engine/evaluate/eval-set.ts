/** The online evals of a plan, compiled in the order of their dependencies (`fails(other)`). */
import type { EvalPlan, OnlineEvalPlan, Plan } from '../../dsl/plan.ts'
import type { PatternSet } from '../regex/patterns.ts'
import type { Compiler } from './compiler.ts'
import type { Context } from './context.ts'
import { labelsByEval } from './labels.ts'
import { compileOnlineEval, type OnlineEval, UNCOUNTED, type VerdictOrNone } from './online-eval.ts'
import type { ProjectedSpan } from './subject.ts'
import { FALSE, TRUE } from './truth.ts'
import { graver } from './verdict.ts'

export interface EvalSet {
  /** Each after those whose verdicts it reads. */
  readonly evals: readonly OnlineEval[]
  readonly verdictOf: Compiler['verdictOf']
  /** Forgets the verdicts of the subjects before: call it for each span or trace. */
  begin(): void
}

/** Verdicts by subject: held weakly, so that a set which is asked on and on keeps no trace alive. */
interface Memo {
  verdicts: WeakMap<object, VerdictOrNone>
  used: boolean
}

/** Throws on a cycle and on a verdict of what is no online eval: the checker refuses both. */
export function compileEvalSet(plan: Plan, patterns: PatternSet): EvalSet {
  const plans = new Map(plan.evals.map((evalPlan) => [evalPlan.id, evalPlan]))
  const compiled = new Map<string, OnlineEval | 'compiling'>()
  const memos = new Map<string, Memo>()
  const evals: OnlineEval[] = []
  const labels = labelsByEval(plan)

  const compileById = (id: string): OnlineEval => {
    const known = compiled.get(id)
    if (known === 'compiling') throw new RangeError(`the verdict of ${id} depends on itself`)
    if (known !== undefined) return known
    compiled.set(id, 'compiling')
    const one = compileOnlineEval(onlinePlan(id, plans.get(id)), patterns, verdictOf, labels.get(id))
    compiled.set(id, one)
    evals.push(one)
    return one
  }
  const verdictOf = (id: string): ((context: Context) => VerdictOrNone) => {
    const one = compileById(id)
    const memo: Memo = memos.get(id) ?? { verdicts: new WeakMap(), used: false }
    memos.set(id, memo)
    return (context) => verdictOnSubject(one, memo, context)
  }
  for (const evalPlan of plan.evals) if (evalPlan.kind === 'online') compileById(evalPlan.id)

  return {
    evals,
    verdictOf,
    begin: () => {
      for (const memo of memos.values()) {
        if (!memo.used) continue
        memo.verdicts = new WeakMap()
        memo.used = false
      }
    },
  }
}

function onlinePlan(id: string, plan: EvalPlan | undefined): OnlineEvalPlan {
  if (plan === undefined || plan.kind !== 'online') throw new RangeError(`no online eval ${id} to take a verdict of`)
  return plan
}

/**
 * The eval's verdict on the subject at hand. Seen from a trace, an eval of spans says the gravest that it says of any; seen
 * from a span, an eval of traces says what it says of the trace around.
 */
function verdictOnSubject(one: OnlineEval, memo: Memo, context: Context): VerdictOrNone {
  const { span, trace } = context
  const subject = one.onTrace || span === undefined ? trace : span
  if (subject === undefined) throw new TypeError(`${one.plan.id} looks at a trace that has not settled`)
  const known = memo.verdicts.get(subject)
  if (known !== undefined) return known

  const { score, scoreWhy, why, selectionWhy } = context
  let verdict: VerdictOrNone = 'none'
  if (one.onTrace) verdict = runOn(one, undefined, context)
  else if (span !== undefined) verdict = runOn(one, span, context)
  else for (const each of trace!.spans) verdict = graver(verdict, runOn(one, each, context))
  context.span = span
  context.score = score
  context.scoreWhy = scoreWhy
  context.why = why
  context.selectionWhy = selectionWhy
  memo.verdicts.set(subject, verdict)
  memo.used = true
  return verdict
}

function runOn(one: OnlineEval, span: ProjectedSpan | undefined, context: Context): VerdictOrNone {
  if (one.kind !== null && one.kind !== span?.kind) return 'none'
  context.span = undefined
  const inTrace = context.trace === undefined ? TRUE : one.traceScope(context)
  if (inTrace === FALSE) return 'none'
  context.span = span
  return one.run(context, UNCOUNTED)?.verdict ?? 'none'
}
