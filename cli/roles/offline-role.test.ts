/** What who asks for a run is told while there is no queue. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OFFLINE, planOf } from '../../dsl/testing.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
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

function roleWith(redisUrl: string): { role: OfflineRole; problems: string[] } {
  const problems: string[] = []
  const onLost = (name: string, reason: string): void => void problems.push(`${name} ended: ${reason}`)
  const role = new OfflineRole({
    dataDir,
    log: { kind: 'embedded', dataDir },
    tenant: 'default',
    redisUrl: redisUrl || null,
    providers: [],
    traces,
    onNotice: () => {},
    onProblem: (text) => problems.push(text),
    onLost,
  })
  return { role, problems }
}

test('without an offline eval in force there is nothing to run', async () => {
  const { role } = roleWith('')
  expect(await role.runNow('shop/helpful')).toMatchObject({ ok: false, code: 'not_supported' })
})

test('with a Redis that cannot be opened the queue is unavailable, and that is what is wrong', async () => {
  const { role, problems } = roleWith('http://127.0.0.1')
  role.setDefinitions(planOf(`package shop\n${OFFLINE}`))
  const message = 'REDIS_URL is not of the form redis://HOST:PORT or rediss://HOST:PORT.'
  expect(await role.runNow('shop/helpful')).toEqual({ ok: false, code: 'queue_unavailable', message })
  expect(role.state).toEqual({ kind: 'failed', message })
  expect(problems).toEqual([`Offline evals do not run: ${message}`])
  await role.drain()
})
