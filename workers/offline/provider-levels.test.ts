import { expect, test } from 'vitest'
import type { BreakerLevel } from './breaker.ts'
import { countersOf, JUDGING_LEVELS, judgingLevelOf, troubleOf } from './provider-levels.ts'

const SINCE_MS = Date.parse('2026-11-03T06:00:00Z')
const providersAt = (...breakers: BreakerLevel[]) =>
  breakers.map((breaker, i) => ({
    name: `p${i}`,
    breaker,
    sinceMs: breaker === 'closed' ? undefined : SINCE_MS,
    lastFailure: undefined,
  }))

test.each<[BreakerLevel[], (typeof JUDGING_LEVELS)[number], number, string | null]>([
  [[], 'no_provider', 0, null],
  [['closed'], 'normal', 0, null],
  [['closed', 'closed'], 'normal', 0, null],
  [['closed', 'open'], 'failover', 1, 'p1 takes no calls, out since 2026-11-03T06:00:00.000Z'],
  // One that is probed is out until three probes are answered.
  [['closed', 'half_open'], 'failover', 1, 'p1 is probed, out since 2026-11-03T06:00:00.000Z'],
  [['open'], 'cache_only', 1, 'p0 takes no calls, out since 2026-11-03T06:00:00.000Z'],
  [
    ['open', 'half_open'],
    'cache_only',
    2,
    'p0 takes no calls, out since 2026-11-03T06:00:00.000Z; p1 is probed, out since 2026-11-03T06:00:00.000Z',
  ],
])('with providers %j judging is at level %s', (breakers, level, out, trouble) => {
  const providers = providersAt(...breakers)
  const health = { level: judgingLevelOf(providers), shared: true, providers }
  expect(health.level).toBe(level)
  expect(JUDGING_LEVELS).toContain(level)
  expect(countersOf(health)).toEqual({ providers: breakers.length, providersOut: out })
  expect(troubleOf(health)).toBe(trouble === null ? null : `judging is at level ${level}: ${trouble}`)
})
