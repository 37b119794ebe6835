/** Outages under load, in the order in which the full form goes through them. */
import { brokerDown } from './broker-down.ts'
import { redisDown } from './redis-down.ts'
import type { Scenario } from './run.ts'
import { storeOutage } from './store-outage.ts'

export const SCENARIOS: readonly Scenario[] = [brokerDown(60_000), redisDown(20_000), storeOutage(600_000)]
