import type { Plan } from '../../dsl/plan.ts'
import { liveAgentsOf } from '../../engine/live/share.ts'
import { readShares } from '../../storage/state/live-shares.ts'
import type { ApiContext } from '../api-context.ts'
import { liveAgentToJson } from '../live-agent-json.ts'
import { type MeasureOf, measuresOf } from '../result-json.ts'
import { Hub } from './hub.ts'

/** The subscribers of an API; undefined where there is no log to subscribe to. */
export function openHub(
  { subscriptions, alerts, liveState, definitions, publicUrl = null, nowMs }: ApiContext,
  onProblem: (text: string) => void = () => {},
): Hub | undefined {
  if (subscriptions === undefined) return undefined
  const { log, redactorOf, erased } = subscriptions
  const units = new WeakMap<Plan, MeasureOf>()
  const measuresIn = (plan: Plan): MeasureOf => {
    const known = units.get(plan) ?? measuresOf(plan)
    units.set(plan, known)
    return known
  }
  return new Hub({
    log,
    reading: {
      redactorOf,
      erased,
      measuresOf: (tenant) => measuresIn(definitions.current(tenant).plan),
      investigations: alerts?.states ?? { investigation: () => null },
      publicUrl,
    },
    liveAgents:
      liveState === undefined
        ? null
        : async (tenant) => liveAgentsOf(await readShares(await liveState(), tenant)).map(liveAgentToJson),
    nowMs,
    onProblem,
  })
}
