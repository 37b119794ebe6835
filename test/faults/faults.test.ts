/** The short form of the fault suite: every named point once, every engine once, a while without ClickHouse, and the count at the end. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FAULT_POINTS } from '../../storage/fault-point.ts'
import { kafkaIsMissing } from '../support/kafka-jars.ts'
import { redisServer } from '../support/redis-server.ts'
import { renderRows } from './report.ts'
import { runFaults } from './run.ts'
import { storeOutage } from './store-outage.ts'

const missing = kafkaIsMissing() ?? (redisServer.installed ? null : 'redis-server is not installed')
const SECONDS = 1_200
const KILLS = Object.keys(FAULT_POINTS).length + 6

describe.skipIf(missing !== null)(`the fault suite${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  test('nothing acknowledged is lost or shown twice, wherever a process dies', {
    // The suite has a bound of its own; before that, it ends when nothing moves.
    timeout: (SECONDS + 300) * 1_000,
  }, async (context) => {
    const logsDir = mkdtempSync(join(tmpdir(), 'assay-faults-'))
    const report = await runFaults({
      seed: 5,
      spans: 10_000,
      kills: KILLS,
      seconds: SECONDS,
      instances: { gateway: 1, 'trans-evaluate': 1, 'trans-store': 1, alerts: 1, worker: 1, scheduler: 1 },
      connections: 3,
      sessionSeconds: 3,
      canaries: 30,
      scenarios: [storeOutage(8_000)],
      logsDir,
      signal: context.signal,
      onProgress: () => {},
    })
    expect(report.isKept, `logs: ${logsDir}\n${renderRows(report.rows)}`).toBe(true)
    rmSync(logsDir, { recursive: true, force: true })
  })
})
