/** Whether an offline eval can be judged as things are configured; if not, what to do about it. */
import type { JudgePlan, OfflineEvalPlan } from '../../dsl/plan.ts'
import { isMeasured } from '../../engine/evaluate/measure.ts'
import { providersLacking } from './panel.ts'
import type { Prices } from './prices.ts'
import { type Provider, parseJudgeName, variableOf } from './providers.ts'

export type Readiness =
  | { state: 'ready' }
  /** Judges without a provider; none where it has no judge at all. `remedy` is a part of a sentence. */
  | { state: 'no_provider'; lacking: readonly string[]; remedy: string }

export function readinessOf(
  evalPlan: OfflineEvalPlan,
  providers: ReadonlyMap<string, Provider>,
  defaultJudge: JudgePlan | null,
): Readiness {
  if (isMeasured(evalPlan)) return { state: 'ready' }
  const judge = evalPlan.method.judge ?? defaultJudge
  if (judge === null)
    return {
      state: 'no_provider',
      lacking: [],
      remedy: 'name one in `judge:`, or set ASSAY_JUDGE to one for all metrics',
    }
  const lacking = providersLacking(judge, providers)
  return lacking[0] === undefined
    ? { state: 'ready' }
    : { state: 'no_provider', lacking, remedy: `set ${variableOf(parseJudgeName(lacking[0]).provider)}` }
}

/** One sentence for all that lack the same. */
export function unjudgedNotice(evalIds: readonly string[], remedy: string): string {
  const shown = evalIds.slice(0, MAX_NAMED).join(', ')
  const more = evalIds.length > MAX_NAMED ? `, and ${evalIds.length - MAX_NAMED} more` : ''
  return `No judge is configured for ${evalIds.length} offline evals (${shown}${more}): they are not run. Those that need none are. ${sentence(remedy)}`
}

const MAX_NAMED = 5

export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** Judges that the eval may ask and that have no price: with one of them a budget cannot be kept. */
export function pricesLacking(
  { method, budget }: Pick<OfflineEvalPlan, 'method' | 'budget'>,
  prices: Prices,
  defaultJudge: JudgePlan | null,
): string[] {
  const judge = method.judge ?? defaultJudge
  if (judge === null) return []
  const asked = [...judge.models, ...judge.fallbacks, ...(budget?.cheaper === undefined ? [] : [budget.cheaper])]
  return asked.filter((name) => prices[name] === undefined)
}
