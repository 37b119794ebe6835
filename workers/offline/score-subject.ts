/** How a subject of an offline eval gets its score: by its judges, or by a metric that asks none. */
import type { JudgePlan, MetricPlan } from '../../dsl/plan.ts'
import type { Judged, OfflineEval } from '../../engine/evaluate/offline-eval.ts'
import type { ProjectedSpan, TraceView } from '../../engine/evaluate/subject.ts'
import { type AnswerLevel, proxyOf, type StandIn, standInAmong } from '../../engine/judge/answered-by.ts'
import { type JudgedScore, noScore } from '../../engine/judge/asker.ts'
import type { Judgement } from '../../engine/model/result.ts'
import { type AskerContext, askerOf } from './asker.ts'
import { type JudgeUsage, NO_USAGE } from './completion.ts'
import { type Judged as JudgedByPanel, judgeByPanel } from './panel.ts'

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
  /** Who answered in place of the eval's judge. */
  standIn?: StandIn | null
}

/** Rejects with `RunInterrupted` when the signal aborts meanwhile. */
export type Scorer = (view: TraceView, span: ProjectedSpan | undefined) => Promise<Asked> | Asked

/** Throws without a judge and a proxy where one of them is needed: whoever enqueues and works asks for it first. */
export function scorerOf({ plan, measure, inquire, proxy }: OfflineEval, context: ScoreContext): Scorer {
  if (measure !== null)
    return (view, span) => {
      const measured = measure(view, span)
      const { judgements, explanation } = measured
      const judged: Judged =
        measured.kind === 'score' ? { kind: 'score', score: measured.score } : { kind: 'none', why: measured.why }
      return { judged, explanation, ...(judgements !== undefined && { judgements }), usage: undefined }
    }
  const judges = plan.method.judge ?? context.defaultJudge ?? null
  if (inquire === null || (judges === null && proxy === null)) throw new RangeError(`${plan.id}: it has no judge`)
  return async (view, span) => {
    const inquiry = inquire(view, span)
    if (inquiry.kind === 'none') {
      return { judged: { kind: 'none', why: inquiry.why }, explanation: undefined, usage: undefined }
    }
    const judgeBy = async (models: readonly string[]): Promise<JudgedByPanel> => {
      const asked = askerOf(models, context)
      return { scored: await inquiry.about(asked.asker), usage: asked.usage() }
    }
    const { scored, usage } = judges === null ? NO_JUDGE : await judgeByPanel(judges, judgeBy)
    const isUnreachable = scored.kind === 'none' && scored.why.code === 'judge_unreachable'
    if (isUnreachable && proxy !== null && plan.proxy !== undefined) {
      const measured = proxy(view, span)
      if (measured.kind === 'score') return byProxy(plan.proxy, measured.score, scored, usage)
    }
    const { explanation, judgements } = scored
    const judged: Judged =
      scored.kind === 'score' ? { kind: 'score', score: scored.score } : { kind: 'none', why: scored.why }
    // Of whom nobody could be reached, nobody said anything.
    const standIn =
      isUnreachable || judges === null ? null : standInAmong(usage.answeredBy ?? [], judges, plan.budget?.cheaper)
    if (standIn === null) return { judged, explanation, judgements, usage }
    const said: Judgement = { kind: 'judge', about: standIn.by, verdict: STOOD_IN[standIn.level] }
    return { judged, explanation, judgements: [said, ...judgements], usage, standIn }
  }
}

const NO_JUDGE: JudgedByPanel = {
  scored: noScore({ code: 'judge_unreachable', detail: 'no judge is configured' }),
  usage: NO_USAGE,
}

const STOOD_IN = { or_else: 'answered in place of the judge', cheaper: 'answered as the cheaper judge', proxy: 'proxy' }

function byProxy(metric: MetricPlan, score: number, scored: JudgedScore, usage: JudgeUsage): Asked {
  const standIn = proxyOf(metric)
  const detail = scored.kind === 'none' && 'detail' in scored.why ? scored.why.detail : undefined
  const said: Judgement = {
    kind: 'judge',
    about: standIn.by,
    verdict: STOOD_IN.proxy,
    value: score,
    ...(detail !== undefined && { detail }),
  }
  const explanation = `by the proxy ${standIn.by}: no judge could be reached`
  return { judged: { kind: 'score', score }, explanation, judgements: [said], usage, standIn }
}

/** Which level answered, of a subject that a judge was to be asked about. */
export function levelOf({ judged, usage, standIn }: Asked): AnswerLevel {
  if (standIn !== undefined && standIn !== null) return standIn.level
  if (judged.kind === 'none' && NOBODY.has(judged.why.code)) return 'none'
  return usage?.isCached === true ? 'cached' : 'judge'
}

/** The judge answered, or declined to; these say that nobody did. */
const NOBODY: ReadonlySet<string> = new Set(['judge_unreachable', 'judge_malformed', 'over_budget'])
