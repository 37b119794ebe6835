/** What who asks for a run is told while there is no queue. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OFFLINE, planOf } from '../../dsl/testing.ts'
import type { RedisSettings } from '../../storage/redis/redis-url.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { redisSettings } from '../../test/support/redis-server.ts'
import { OfflineRole } from './offline-role.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'assay-offline-role-'))
let traces: TracesStore
beforeAll(async () => {
  traces = await openTraces({ dataDir })
}, 30_000)
afterAll(async () => {
  await traces.close()
  rmSync(dataDir, { recursive: true, force: true })
})

function roleWith(redis: RedisSettings | null): { role: OfflineRole; problems: string[] } {
  const problems: string[] = []
  const onLost = (name: string, reason: string): void => void problems.push(`${name} ended: ${reason}`)
  const role = new OfflineRole({
    dataDir,
    log: { kind: 'embedded', dataDir },
    tenant: 'default',
    redis,
    providers: [],
    defaultJudge: null,
    worker: {},
    spending: { prices: {}, usdPerMonth: null, usdPerMonthByTenant: new Map() },
    traces,
    tracing: null,
    onNotice: () => {},
    onProblem: (text) => problems.push(text),
    onLost,
  })
  return { role, problems }
}

test('without an offline eval in force there is nothing to run', async () => {
  const { role } = roleWith(null)
  expect(await role.control.runNow('default', 'shop/helpful')).toMatchObject({ ok: false, code: 'not_supported' })
})

test('with a Redis that cannot be opened the queue is unavailable, and that is what is wrong', async () => {
  const { role, problems } = roleWith(redisSettings('rediss://127.0.0.1?ca=no-such-file'))
  role.setDefinitions(planOf(`package shop\n${OFFLINE}`))
  const outcome = await role.control.runNow('default', 'shop/helpful')
  const message = outcome.ok ? '' : outcome.message
  expect(message).toMatch(/^The file that ca= names for Redis cannot be read \(ENOENT/)
  expect(outcome).toEqual({ ok: false, code: 'queue_unavailable', message })
  expect(role.state).toEqual({ kind: 'failed', message })
  expect(problems).toEqual([`Offline evals do not run: ${message}`])
  await role.drain()
})
