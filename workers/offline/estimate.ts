/** What judging a subject would cost, before anybody is asked: its first question that nobody has answered yet is put together, and not sent. */
import { findMetric } from '../../dsl/metrics.ts'
import type { JudgePlan } from '../../dsl/plan.ts'
import type { OfflineEval } from '../../engine/evaluate/offline-eval.ts'
import type { ProjectedSpan, TraceView } from '../../engine/evaluate/subject.ts'
import type { Asker } from '../../engine/judge/asker.ts'
import { estimateMicroUsd, type OutputEstimate } from './budgeted-client.ts'
import type { JudgeClient } from './judge-client.ts'
import type { Prices } from './prices.ts'

export interface SubjectEstimate {
  /** Of all members of a panel; null without prices. */
  ownMicroUsd: number | null
  /** Null without a cheaper judge, or its price. */
  cheapMicroUsd: number | null
}

const NONCE = '0'.repeat(32)

/** Null where one of them is not known. */
function plus(sum: number | null, each: number | null, times: number): number | null {
  return sum === null || each === null ? null : sum + each * times
}

export function createEstimator(
  { plan, inquire }: OfflineEval,
  judges: JudgePlan | null,
  prices: Prices,
  outputs: OutputEstimate,
  /** What was answered in the last day costs nothing. Null counts everything as to be asked. */
  recall: JudgeClient['recall'] | null = null,
): (view: TraceView, span: ProjectedSpan | undefined) => Promise<SubjectEstimate> {
  const { method, budget } = plan
  const calls = method.kind === 'metric' ? (findMetric(method.metric.name)?.judgeCalls ?? 1) : 1
  const cheaper = budget?.cheaper
  return async (view, span) => {
    const nothing = { ownMicroUsd: 0, cheapMicroUsd: cheaper === undefined ? null : 0 }
    if (inquire === null || judges === null) return nothing
    const inquiry = inquire(view, span)
    if (inquiry.kind === 'none') return nothing
    /** What each of them is asked is the same for all, as long as none has answered. */
    const costsOf = async (models: readonly string[]): Promise<(number | null)[]> => {
      let costs: (number | null)[] = models.map(() => 0)
      const asker: Asker = {
        nonce: () => NONCE,
        async ask(question) {
          const known = models.length === 1 ? await recall?.(models[0] ?? '', question) : null
          if (known) return { kind: 'answer', answer: known.answer }
          costs = models.map((model, i) =>
            plus(costs[i] ?? null, estimateMicroUsd([model], question, prices, outputs), calls),
          )
          // Of a session each trace is asked about: this reason leaves one out and goes on with the next.
          return { kind: 'none', why: { code: 'nothing_to_measure', detail: 'not asked' } }
        },
      }
      await inquiry.about(asker)
      return costs
    }
    const models = [...judges.models, ...(cheaper === undefined ? [] : [cheaper])]
    const costs =
      recall === null ? await costsOf(models) : (await Promise.all(models.map((model) => costsOf([model])))).flat()
    const own = costs.slice(0, judges.models.length).reduce((sum, cost) => plus(sum, cost, 1), 0)
    return { ownMicroUsd: own, cheapMicroUsd: costs[judges.models.length] ?? null }
  }
}
