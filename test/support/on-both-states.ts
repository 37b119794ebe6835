/** Runs the same tests on the embedded state and on a real Redis. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { openState } from '../../storage/state/open-state.ts'
import type { StateStore } from '../../storage/state/port.ts'
import { type RunningRedis, redisServer, redisSettings, startRedis } from './redis-server.ts'

export type OpenState = (nowMs: () => number) => Promise<StateStore>

/** `define` makes the tests, once for each adapter, with what opens a store of it. */
export function describeOnBothStates(define: (open: OpenState) => void): void {
  describe('on the embedded state', () => {
    const folder = mkdtempSync(join(tmpdir(), 'assay-state-'))
    afterAll(() => rmSync(folder, { recursive: true }))
    define((nowMs) => openState({ dataDir: folder, nowMs }, fail))
  })

  // Where Redis is required (CI) its absence fails in beforeAll instead of skipping.
  describe.skipIf(!redisServer.installed && !redisServer.required)(
    'on redis-server (skipped where it is not installed)',
    () => {
      let redis: RunningRedis
      beforeAll(async () => {
        redis = await startRedis()
      })
      afterAll(() => redis?.stop())
      define((nowMs) => openState({ redis: redisSettings(redis.url), dataDir: '', nowMs }, fail))
    },
  )
}

function fail(error: Error): void {
  throw error
}
