/** Whether an offline eval can be judged as things are configured; if not, what to do about it. */
import type { JudgePlan, OfflineEvalPlan } from '../../dsl/plan.ts'
import { isMeasured } from '../../engine/evaluate/measure.ts'
import { providersLacking } from './panel.ts'
import type { Prices } from './prices.ts'
import { type Provider, parseJudgeName, variableOf } from './providers.ts'

export type Readiness =
  | { state: 'ready' }
  /**
   * Judges without a provider; none where it has no judge at all. `remedy` is a part of a sentence. By its proxy, if it has one,
   * it is measured all the same.
   */
  | { state: 'by_proxy' | 'no_provider'; lacking: readonly string[]; remedy: string }

export function readinessOf(
  evalPlan: OfflineEvalPlan,
  providers: ReadonlyMap<string, Provider>,
  defaultJudge: JudgePlan | null,
): Readiness {
  if (isMeasured(evalPlan)) return { state: 'ready' }
  const state = evalPlan.proxy === undefined ? 'no_provider' : 'by_proxy'
  const judge = evalPlan.method.judge ?? defaultJudge
  if (judge === null)
    return {
      state,
      lacking: [],
      remedy: 'name one in `judge:`, or set ASSAY_JUDGE to one for all metrics',
    }
  const lacking = providersLacking(judge, providers)
  return lacking[0] === undefined
    ? { state: 'ready' }
    : { state, lacking, remedy: `set ${variableOf(parseJudgeName(lacking[0]).provider)}` }
}

type Unjudged = Exclude<Readiness, { state: 'ready' }>

/** What is said of one eval. */
export function unjudgedDetail({ id, proxy }: OfflineEvalPlan, { state, lacking, remedy }: Unjudged): string {
  const what =
    lacking.length === 0
      ? `No judge is configured for ${id}`
      : `No provider is configured for the judge of ${id} (${lacking.join(', ')})`
  const then = state === 'by_proxy' ? `its proxy ${proxy?.name} measures it` : 'it is not run'
  return `${what}: ${then}. ${sentence(remedy)}`
}

function unjudgedNotice(evalIds: readonly string[], { state, remedy }: Omit<Unjudged, 'lacking'>): string {
  const then = state === 'by_proxy' ? 'their proxies measure them' : 'they are not run. Those that need none are'
  return `No judge is configured for ${evalIds.length} offline evals (${shownIds(evalIds)}): ${then}. ${sentence(remedy)}`
}

const MAX_NAMED = 5

const shownIds = (evalIds: readonly string[]): string =>
  `${evalIds.slice(0, MAX_NAMED).join(', ')}${evalIds.length > MAX_NAMED ? `, and ${evalIds.length - MAX_NAMED} more` : ''}`

/** An eval that is not run as it is written, and what to say of it alone. */
export interface Unready {
  evalId: string
  detail: string
  found: Readiness
}

/** What is said of each; one sentence for all that lack the same judge. */
export function noticesOf(unready: readonly Unready[]): string[] {
  const alike = Map.groupBy(unready, ({ evalId, found }) =>
    found.state === 'ready' ? evalId : `${found.state} ${found.remedy}`,
  )
  return [...alike.values()].flatMap((all) => {
    const [first] = all
    if (first === undefined) return []
    const ids = all.map(({ evalId }) => evalId)
    return first.found.state === 'ready' || ids.length === 1 ? first.detail : unjudgedNotice(ids, first.found)
  })
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** What is reserved for the eval by: a fallback without a provider is never asked, and costs nothing whatever its price. */
export function pricesOfAsked(
  { method, budget }: Pick<OfflineEvalPlan, 'method' | 'budget'>,
  prices: Prices,
  providers: ReadonlyMap<string, unknown>,
  defaultJudge: JudgePlan | null,
): Prices {
  const judge = method.judge ?? defaultJudge
  if (judge === null) return prices
  const unserved = judge.fallbacks.filter(
    (name) => !providers.has(parseJudgeName(name).provider) && !judge.models.includes(name) && name !== budget?.cheaper,
  )
  return { ...prices, ...Object.fromEntries(unserved.map((name) => [name, { input: 0, output: 0 }])) }
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
  return [...new Set(asked)].filter((name) => prices[name] === undefined)
}

/** What is said of evals whose budgets cannot be kept, for these judges have no price. */
export function unpricedDetail(evalIds: readonly string[], lacking: readonly string[]): string {
  const settings = lacking.map((name) => `cost.prices["${name}"]`).join(' and ')
  const what =
    evalIds.length === 1
      ? `The budget of ${evalIds[0]} cannot be kept, for there is no price of ${lacking.join(', ')}: it is not run.`
      : `The budgets of ${evalIds.length} offline evals (${shownIds(evalIds)}) cannot be kept, for there is no price of ${lacking.join(', ')}: they are not run.`
  return `${what} Set ${settings} to { input, output }, in USD per million tokens; 0 for one of your own.`
}
