/** `assay keys` as a process, on a data folder and on a running API. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EMPTY_PLAN } from '../../dsl/packages.ts'
import { nodeFlags } from '../../scripts/node-flags.mjs'
import { type Api, startApi } from '../../server/api.ts'
import { createGate } from '../../storage/access/gate.ts'
import { type Keys, openKeys } from '../../storage/access/keys.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'

const KEY = /^assay_([0-9A-Za-z]{12})_[0-9A-Za-z]{38}\n$/
const cliFile = join(import.meta.dirname, '..', 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'assay-keys-'))
let log: EmbeddedLog
let keys: Keys
let traces: TracesStore
let api: Api
let server: string

beforeAll(async () => {
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  keys = await openKeys({ log, nowMs: Date.now, onProblem: () => {} })
  traces = await openTraces({ dataDir: join(folder, 'traces') })
  await traces.migrate()
  api = await startApi({
    gate: createGate('keys', keys),
    keys,
    log,
    traces,
    host: '127.0.0.1',
    port: 0,
    status: async () => ({ status: 'ok', components: [] }),
    definitions: { current: () => ({ plan: EMPTY_PLAN, loadedAtMs: 0, diagnostics: [] }) },
    nowMs: Date.now,
  })
  server = `http://127.0.0.1:${api.port}`
})

afterAll(async () => {
  await api.drain()
  await keys.close()
  await traces.close()
  await log.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Ended {
  code: number
  out: string
  err: string
}

async function assay(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [...nodeFlags, cliFile, 'keys', ...args], {
      env: { ...process.env, ...env },
    })
    return { code: 0, out: stdout, err: stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, out: stdout, err: stderr }
  }
}

test('of an instance that does not run: made, listed, revoked', async () => {
  const place = ['--data', join(folder, 'data')]
  const made = await assay(['create', '--role', 'admin', '--tenant', 'acme', '--name', 'first', ...place])
  expect(made).toMatchObject({ code: 0, out: expect.stringMatching(KEY) })
  const id = KEY.exec(made.out)![1]!
  expect(made.err).toBe(`Key ${id} of tenant acme, role admin. It is not shown again.\n`)
  expect((await assay(['list', ...place])).out).toContain(`${id}  acme    admin`)
  expect(await assay(['revoke', id, ...place])).toMatchObject({ code: 0, out: `Key ${id} is revoked.\n` })
  expect((await assay(['list', ...place])).out).toBe('No keys: assay keys create makes one.\n')
  expect(JSON.parse((await assay(['list', '--all', '--json', ...place])).out)).toMatchObject({
    keys: [{ id, tenant: 'acme', role: 'admin', name: 'first', revokedAt: expect.any(String) }],
  })
  expect(await assay(['revoke', id, ...place])).toMatchObject({
    code: 2,
    err: `assay keys: key ${id} was revoked before\n`,
  })
}, 60_000)

test('of a running one: by the key of an admin, for its own tenant', async () => {
  const { key } = await keys.create({ tenant: 'acme', role: 'admin', name: '', expiresAtMs: null, by: 'operator' })
  const env = { ASSAY_URL: server, ASSAY_KEY: key }
  expect(await assay(['list'], { ASSAY_URL: server, ASSAY_KEY: '' })).toMatchObject({
    code: 2,
    err: expect.stringMatching(/asks for a key: set ASSAY_KEY\. .*the first one is made .* --data FOLDER/),
  })
  const made = await assay(['create', '--role', 'ingest', '--expires-in-days', '30'], env)
  expect(made).toMatchObject({ code: 0, out: expect.stringMatching(KEY) })
  expect(keys.verify(made.out.trim())).toMatchObject({ ok: true, principal: { tenant: 'acme', role: 'ingest' } })
  expect(await assay(['create', '--role', 'ingest', '--tenant', 'rival'], env)).toMatchObject({
    code: 2,
    err: expect.stringMatching(/a key of tenant acme makes keys of acme alone; .*--tenant rival .*--log-url/),
  })
}, 60_000)

test.each([
  [['create'], /required option '--role <role>'/],
  [['create', '--role', 'owner'], /Allowed choices are ingest, viewer, deploy, editor, admin/],
  [['create', '--role', 'viewer', '--tenant', 'A/B'], /--tenant "A\/B": lower-case letters/],
  [['create', '--role', 'viewer', '--expires-in-days', 'x'], /--expires-in-days expects a number/],
  [['list', '--data', 'x', '--log-url', 'kafka://h:1'], /cannot be used with/],
  [['list', '--log-url', 'redis://h'], /--log-url/],
])(
  '%j is refused',
  async (args, message) => {
    expect(await assay(args)).toMatchObject({ code: 2, err: expect.stringMatching(message) })
  },
  60_000,
)
