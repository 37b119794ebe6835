/** The limits of tenants with what they are counted in. Nothing is opened where none is set. */
import { createDailyQuota } from '../../ingest/guard/daily-quota.ts'
import { createLimits, isUnlimited, type Limits, type LimitsSettings, NO_LIMITS } from '../../ingest/guard/limits.ts'
import { createRateWindows } from '../../ingest/guard/rate-windows.ts'
import { createRedisClient, type RedisClient, unavailable } from '../../storage/redis/connect.ts'
import type { RedisSettings } from '../../storage/redis/redis-url.ts'
import { openEmbeddedState } from '../../storage/state/embedded.ts'
import type { StateStore } from '../../storage/state/port.ts'
import { openRedisState } from '../../storage/state/redis.ts'
import { whenThere } from '../../storage/state/when-there.ts'

export interface OpenLimitsOptions {
  settings: LimitsSettings
  /** Null: each gateway counts for itself. */
  redis: RedisSettings | null
  /** Where a day's count outlasts a restart without Redis; null: nowhere. */
  dataDir: string | null
  nowMs: () => number
  /** Limits are no longer shared, or again: a line for the operator. */
  onChange: (text: string) => void
}

/** A request waits for it: what answers later is as good as away. */
const OPERATION_TIMEOUT_MS = 500
const CONNECT_TIMEOUT_MS = 2_000
const RETRY_MS = 5_000

/** Rejects with `StateError` where the data folder cannot be used; Redis may be away. */
export async function openLimits(options: OpenLimitsOptions): Promise<Limits> {
  const { settings, redis, nowMs, onChange } = options
  if ([settings.forAll, ...settings.byTenant.values()].every(isUnlimited)) return NO_LIMITS
  const client = redis === null ? null : connect(redis)
  const state = await openState(options)
  const tell =
    (what: string) =>
    (trouble: string | null): void =>
      onChange(
        trouble === null
          ? `${what} are counted for all gateways together again.`
          : `${what} are counted by this gateway for itself: ${trouble}`,
      )
  const limits = createLimits({
    settings,
    windows: createRateWindows({
      redis:
        redis === null || client === null
          ? null
          : { client, prefix: redis.prefix, explain: (error) => unavailable(error, redis).message },
      nowMs,
      onChange: tell('Rate limits'),
    }),
    quota: createDailyQuota({ state, nowMs, onChange: tell('Daily quotas') }),
    nowMs,
  })
  return {
    ...limits,
    close: async () => {
      await limits.close()
      client?.disconnect()
      await state?.close()
    },
  }
}

function connect(redis: RedisSettings): RedisClient {
  const client = createRedisClient(redis, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: OPERATION_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
  })
  // Whoever counts hears of it by what he asks.
  client.on('error', () => {})
  return client
}

async function openState({ redis, dataDir, nowMs }: OpenLimitsOptions): Promise<StateStore | null> {
  if (redis === null) return dataDir === null ? null : openEmbeddedState({ dataDir, nowMs })
  const open = (): Promise<StateStore> =>
    openRedisState({
      settings: redis,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      operationTimeoutMs: OPERATION_TIMEOUT_MS,
      onError: () => {},
    })
  return whenThere({ backend: 'redis', open, nowMs, retryMs: RETRY_MS })
}
