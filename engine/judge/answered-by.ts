/** Who answered in place of an eval's judge. The scores of a stand-in are a measure of their own, known by a hash of its own. */
import type { JudgePlan, MetricPlan, OfflineEvalPlan } from '../../dsl/plan.ts'
import { sha256Hex } from '../../dsl/sha256.ts'

/**
 * From the best to the worst: the eval's own judges; their answer of the last day, from the cache; those behind `or else`; the
 * budget's cheaper judge; the proxy metric; nobody (`error`, `over_budget`).
 */
export const ANSWER_LEVELS = ['judge', 'cached', 'or_else', 'cheaper', 'proxy', 'none'] as const
export type AnswerLevel = (typeof ANSWER_LEVELS)[number]

export interface StandIn {
  readonly level: Extract<AnswerLevel, 'or_else' | 'cheaper' | 'proxy'>
  /** Judges as the eval names them, joined by `+`; a metric's name. */
  readonly by: string
}

type Judged = Pick<OfflineEvalPlan, 'measureHash' | 'budget' | 'proxy'>

/** No alert, mean or scorecard takes these scores for those of the eval's judge. */
export function measureBy({ measureHash }: Pick<OfflineEvalPlan, 'measureHash'>, by: string): string {
  return sha256Hex(`${measureHash}\0judged by\0${by}`).slice(0, 32)
}

/** `answeredBy`: all judges that said something of the subject, as the eval names them. Null where they are its own. */
export function standInAmong(
  answeredBy: readonly string[],
  judge: JudgePlan,
  cheaper: string | undefined,
): StandIn | null {
  const others = answeredBy.filter((name) => !judge.models.includes(name))
  if (others.length === 0) return null
  const level = cheaper !== undefined && others.includes(cheaper) ? 'cheaper' : 'or_else'
  return { level, by: [...new Set(answeredBy)].sort().join('+') }
}

export function proxyOf({ name }: MetricPlan): StandIn {
  return { level: 'proxy', by: name }
}

/** Of what a stand-in says. */
export function measureOfStandIn(plan: Judged, { level, by }: StandIn): string {
  return measureBy(plan, level === 'proxy' ? proxyIdentity(plan) : by)
}

function proxyIdentity({ proxy }: Judged): string {
  return `the proxy ${JSON.stringify(proxy ?? null)}`
}

/** More are told apart by their hashes, and have no name. */
const MOST_NAMED = 8

const known = new WeakMap<object, ReadonlyMap<string, StandIn>>()

/** By the hash of its measure, all that may stand in for the eval's judge. */
export function standInsOf(
  plan: Pick<OfflineEvalPlan, 'measureHash' | 'budget' | 'proxy' | 'method'>,
): ReadonlyMap<string, StandIn> {
  const before = known.get(plan)
  if (before !== undefined) return before
  const found = new Map<string, StandIn>()
  const add = (standIn: StandIn): void => void found.set(measureOfStandIn(plan, standIn), standIn)
  const cheaper = plan.budget?.cheaper
  const { judge } = plan.method
  if (judge !== null) {
    const names = new Set([...judge.models, ...judge.fallbacks, ...(cheaper === undefined ? [] : [cheaper])])
    for (const some of subsetsOf([...names].slice(0, MOST_NAMED))) {
      const standIn = standInAmong(some, judge, cheaper)
      if (standIn !== null) add(standIn)
    }
  }
  if (plan.proxy !== undefined) add(proxyOf(plan.proxy))
  known.set(plan, found)
  return found
}

function subsetsOf(names: readonly string[]): string[][] {
  const all: string[][] = [[]]
  for (const name of names) all.push(...all.map((some) => [...some, name]))
  return all
}
