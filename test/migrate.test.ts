/** `assay migrate` as processes, several at once and killed in the middle, against one ClickHouse. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createClient } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeFlags } from '../scripts/node-flags.mjs'
import { type ClickHouseServer, startClickHouse } from './support/clickhouse-server.ts'

const main = join(import.meta.dirname, '..', 'cli', 'main.ts')
let server: ClickHouseServer
beforeAll(async () => {
  server = await startClickHouse()
}, 60_000)
afterAll(() => server?.stop())

interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** `killAfterMs`: SIGKILL so long after its start. */
function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  killAfterMs?: number,
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...nodeFlags, main, 'migrate', ...args], {
      env: { ...process.env, ASSAY_TRACES_URL: server.url, ...env },
    })
    const ended: Ended = { code: null, stdout: '', stderr: '' }
    child.stdout.on('data', (chunk: Buffer) => (ended.stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (ended.stderr += chunk.toString()))
    const timer = killAfterMs === undefined ? null : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    child.on('close', (code) => {
      if (timer !== null) clearTimeout(timer)
      resolve({ ...ended, code })
    })
  })
}

test('nothing is there, and the status says so', async () => {
  const { code, stdout } = await run(['--status'])
  expect(code).toBe(1)
  expect(stdout).toContain('1  not applied           spans and results')
})

test('killed at any moment and run by several at once, it ends in the one schema', async () => {
  // From before its first statement to after its last, as fast as the machine is.
  await Promise.all([300, 500, 700, 900].map((killAfterMs) => run([], {}, killAfterMs)))
  const ended = await Promise.all(Array.from({ length: 4 }, () => run(['--json'])))
  expect(ended.map(({ code, stderr }) => ({ code, stderr }))).toEqual(ended.map(() => ({ code: 0, stderr: '' })))
  const { code, stdout } = await run(['--status', '--json'])
  expect(code).toBe(0)
  const status = JSON.parse(stdout) as { pending: unknown[]; migrations: { appliedAt: string | null }[] }
  expect(status.pending).toEqual([])
  expect(status.migrations.every(({ appliedAt }) => appliedAt !== null)).toBe(true)
}, 120_000)

test('a changed retention is shown, put in force, and then there is nothing left to do', async () => {
  const env = { ASSAY_TRACES_RETENTION: '90d', ASSAY_TRACES_TENANT_RETENTION: 'acme=7d' }
  const dry = await run(['--dry-run'], env)
  expect(dry.stdout).toContain("transform(tenant, ['acme'], [7], 90)")
  expect((await run(['--status'], env)).code).toBe(1)
  expect(await run([], env)).toEqual({ code: 0, stdout: 'Done:\n  retention\n', stderr: '' })
  expect(await run([], env)).toEqual({ code: 0, stdout: 'The schema is up to date.\n', stderr: '' })
}, 60_000)

test('a schema of a newer Assay is refused', async () => {
  const client = createClient({ url: server.url })
  await client.command({ query: "INSERT INTO assay.schema_migrations SELECT 99, 'later', 'abc', now64(3)" })
  await client.close()
  const { code, stderr } = await run([])
  expect(code).toBe(2)
  expect(stderr).toMatch(
    /^assay migrate: the database assay has schema version 99, and this Assay knows up to \d+: use the newer/,
  )
}, 60_000)

test('the whole schema is printed without a database, as the settings have it', async () => {
  const nowhere = { ASSAY_TRACES_URL: 'http://127.0.0.1:1' }
  const { code, stdout } = await run(['--dry-run', '--all'], { ...nowhere, ASSAY_TRACES_CLUSTER: 'production' })
  expect(code).toBe(0)
  expect(stdout).toContain("CREATE TABLE IF NOT EXISTS assay.spans_local ON CLUSTER 'production' (")
  expect(stdout).toContain("ENGINE = Distributed('production', 'assay', 'spans_local', cityHash64(trace_id))")
})

test.each([
  [['--dry-run', '--status'], {}, 'two questions'],
  [[], { ASSAY_TRACES_URL: 'http://127.0.0.1:1' }, 'ClickHouse at 127.0.0.1:1 refuses connections'],
  [[], { ASSAY_TRACES_RETENTION: '0d' }, 'ASSAY_TRACES_RETENTION must be days, such as 90d, or forever'],
  [[], { ASSAY_TRACES_STORAGE_POLICY: 'tiered' }, 'the ClickHouse server has no storage policy tiered: it has default'],
])('%j with %j is refused', async (args, env, message) => {
  const { code, stderr } = await run(args, env)
  expect(code).toBe(2)
  expect(stderr).toContain(message)
})
