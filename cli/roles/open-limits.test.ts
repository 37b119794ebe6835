/** Gateways that share their limits through a real Redis, and go on when it goes. */
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Limits, NO_LIMITS, type TenantLimits } from '../../ingest/guard/limits.ts'
import { type RunningRedis, redisServer, redisSettings, startRedis } from '../../test/support/redis-server.ts'
import { type OpenLimitsOptions, openLimits } from './open-limits.ts'

const UNLIMITED: TenantLimits = {
  spansPerSecond: null,
  bytesPerSecond: null,
  burstSeconds: 10,
  spansPerDay: null,
  bytesPerDay: null,
}
let nowMs = Date.parse('2026-11-21T12:00:00Z')
const told: string[] = []

function open(forAll: Partial<TenantLimits>, more: Partial<OpenLimitsOptions>): Promise<Limits> {
  return openLimits({
    settings: { forAll: { ...UNLIMITED, ...forAll }, byTenant: new Map() },
    redis: null,
    dataDir: null,
    nowMs: () => nowMs,
    onChange: (text) => void told.push(text),
    ...more,
  })
}
const isTaken = async (limits: Limits, spans: number): Promise<boolean> =>
  (await limits.take('default', spans, spans * 1_000, nowMs)) === null

test('without limits nothing is opened', async () => {
  expect(await open({}, { redis: redisSettings('redis://127.0.0.1:1') })).toBe(NO_LIMITS)
})

test('without Redis a day’s count is in the data folder, or in memory', async () => {
  for (const dataDir of [':memory:', null]) {
    const limits = await open({ spansPerSecond: 10, spansPerDay: 50 }, { dataDir })
    expect(await isTaken(limits, 50)).toBe(true)
    expect(await isTaken(limits, 10)).toBe(false)
    await limits.close()
  }
})

// Where Redis is required (CI) its absence fails in beforeAll instead of skipping.
describe.skipIf(!redisServer.installed && !redisServer.required)(
  'on redis-server (skipped where it is not installed)',
  () => {
    let redis: RunningRedis
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(() => redis.stop())

    test('two gateways share rates and quotas; with Redis away each counts for itself, and says so', async () => {
      const limited = { spansPerSecond: 100, spansPerDay: 100_000 }
      const [a, b] = await Promise.all([
        open(limited, { redis: redisSettings(redis.url) }),
        open(limited, { redis: redisSettings(redis.url) }),
      ])
      // Until both are connected they would count for themselves.
      while (!(await bothShare(a, b)));
      told.length = 0
      nowMs += 10_000
      expect(await isTaken(a, 600)).toBe(true)
      expect(await isTaken(b, 600)).toBe(false)
      expect(await isTaken(b, 400)).toBe(true)
      expect(await isTaken(a, 1)).toBe(false)

      await redis.kill()
      nowMs += 10_000
      for (const gateway of [a, b]) {
        expect(await isTaken(gateway, 1_000)).toBe(true)
        expect(await isTaken(gateway, 1)).toBe(false)
        expect(gateway.view().trouble).toMatch(/^Redis at redis:\/\/127\.0\.0\.1:\d+ does not answer/)
      }
      expect(told[0]).toMatch(/^Rate limits are counted by this gateway for itself: Redis at .* does not answer/)

      await redis.start()
      while (!(await bothShare(a, b)));
      expect(told).toContain('Rate limits are counted for all gateways together again.')
      await Promise.all([a.close(), b.close()])
    })

    test('a gateway starts without Redis, and shares when it comes', async () => {
      await redis.kill()
      const limits = await open({ spansPerDay: 1_000 }, { redis: redisSettings(redis.url) })
      expect(await isTaken(limits, 10)).toBe(true)
      expect(limits.view().trouble).toMatch(/does not answer/)
      await redis.start()
      do {
        nowMs += 10_000
        await wait(50)
        await isTaken(limits, 11)
      } while (limits.view().trouble !== null)
      await limits.close()
    })
  },
)

/** In a window of its own, since what is refused asks nobody. */
const bothShare = async (a: Limits, b: Limits): Promise<boolean> => {
  nowMs += 10_000
  await wait(50)
  await Promise.all([isTaken(a, 1), isTaken(b, 1)])
  return a.view().trouble === null && b.view().trouble === null
}
