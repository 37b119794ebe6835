/** Erasure as an API offers it, on the engines of its process. */
import type { PrivacySettings } from '../engine/privacy/policy.ts'
import { rulesFor } from '../engine/privacy/policy.ts'
import { createTokeniser } from '../engine/privacy/tokens.ts'
import { type ErasureReport, erase, type Wanted } from '../storage/erasure/erase.ts'
import type { Log } from '../storage/log/port.ts'
import type { RedisSettings } from '../storage/redis/redis-url.ts'
import { openState } from '../storage/state/open-state.ts'
import { TracesErasure } from '../storage/traces/erasure.ts'
import { CHECK_LIMITS } from '../storage/traces/limits.ts'
import { connectEngine, type OpenTracesOptions } from '../storage/traces/open.ts'
import { answersOf } from '../workers/offline/answer-cache.ts'

export interface ErasureEngines {
  readonly log: Log
  readonly engine: OpenTracesOptions
  readonly privacy: PrivacySettings
  /** Where the state is; the folder is not looked at where there is a Redis. Null where the process has neither. */
  readonly state: { redis: RedisSettings | null; dataDir: string } | null
  readonly nowMs: () => number
}

/** One at a time: each rewrites the same parts of the store. */
export function createErase(engines: ErasureEngines): (wanted: Wanted) => Promise<ErasureReport> {
  let last: Promise<unknown> = Promise.resolve()
  return (wanted) => {
    const turn = last.then(() => eraseWith(engines, wanted))
    last = turn.catch(() => {})
    return turn
  }
}

async function eraseWith(
  { log, engine, privacy, state, nowMs }: ErasureEngines,
  wanted: Wanted,
): Promise<ErasureReport> {
  const { client, database } = await connectEngine({ ...engine, limits: { api: CHECK_LIMITS, runs: CHECK_LIMITS } })
  try {
    return await erase(
      {
        log,
        store: new TracesErasure(client, { database, cluster: engine.cluster ?? null }),
        tokenOf: (tenant, value) =>
          privacy.key === null || rulesFor(privacy, tenant).tokenise.length === 0
            ? null
            : createTokeniser(privacy.key, tenant)(value),
        forgetAnswers: async (tenant) => {
          if (state === null) return 0
          const opened = await openState({ ...state, nowMs }, () => {})
          try {
            return await opened.clear(answersOf(tenant))
          } finally {
            await opened.close()
          }
        },
        nowMs,
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      },
      wanted,
    )
  } finally {
    await client.close()
  }
}
