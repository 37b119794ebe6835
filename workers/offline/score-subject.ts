/** How a subject of an offline eval gets its score: by its judges, or by a metric that asks none. */
import type { JudgePlan } from '../../dsl/plan.ts'
import type { Judged, OfflineEval } from '../../engine/evaluate/offline-eval.ts'
import type { ProjectedSpan, TraceView } from '../../engine/evaluate/subject.ts'
import type { Judgement } from '../../engine/model/result.ts'
import { type AskerContext, askerOf } from './asker.ts'
import type { JudgeUsage } from './completion.ts'
import { judgeByPanel } from './panel.ts'

export interface ScoreContext extends AskerContext {
  /** Asked by metrics whose eval names no judge. */
  defaultJudge?: JudgePlan | null
}

export interface Asked {
  judged: Judged
  explanation: string | undefined
  /** The steps behind the score, where there are some. */
  judgements?: readonly Judgement[]
  /** Undefined where no judge was asked. */
  usage: JudgeUsage | undefined
}

/** Rejects with `RunInterrupted` when the signal aborts meanwhile. */
export type Scorer = (view: TraceView, span: ProjectedSpan | undefined) => Promise<Asked> | Asked

/** Throws without a judge where one is needed: whoever enqueues and works asks for it first. */
export function scorerOf({ plan, measure, inquire }: OfflineEval, context: ScoreContext): Scorer {
  if (measure !== null)
    return (view, span) => {
      const measured = measure(view, span)
      const explanation = measured.kind === 'score' ? measured.explanation : undefined
      return { judged: measured, explanation, usage: undefined }
    }
  const judges = plan.method.judge ?? context.defaultJudge ?? null
  if (inquire === null || judges === null) throw new RangeError(`${plan.id}: it has no judge`)
  return async (view, span) => {
    const inquiry = inquire(view, span)
    if (inquiry.kind === 'none') {
      return { judged: { kind: 'none', why: inquiry.why }, explanation: undefined, usage: undefined }
    }
    const { scored, usage } = await judgeByPanel(judges, async (models) => {
      const asked = askerOf(models, context)
      return { scored: await inquiry.about(asked.asker), usage: asked.usage() }
    })
    const { explanation, judgements } = scored
    const judged: Judged =
      scored.kind === 'score' ? { kind: 'score', score: scored.score } : { kind: 'none', why: scored.why }
    return { judged, explanation, judgements, usage }
  }
}
