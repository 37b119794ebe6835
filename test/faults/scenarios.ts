/** Outages under load, in the order in which the full form goes through them. */
import { brokerDown } from './broker-down.ts'
import { redisDown } from './redis-down.ts'
import type { Scenario } from './run.ts'
import { storeOutage } from './store-outage.ts'

/** As long as `outageSeconds` of `FaultFlags` says. */
export function scenariosOf(outageSeconds: number): readonly Scenario[] {
  if (outageSeconds === 0) return []
  const ms = outageSeconds * 1_000
  return [brokerDown(Math.ceil(ms / 10)), redisDown(Math.ceil(ms / 30)), storeOutage(ms)]
}
