import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startForward } from '../../test/support/forward-process.ts'
import { openToOthers } from './open-to-others.ts'

const tls = { cert: 'c', key: 'k', clientCa: null }

test('addresses beyond loopback are warned of, unless senders show a certificate', () => {
  for (const host of ['127.0.0.1', '127.8.0.1', '::1', 'localhost'])
    expect(openToOthers({ host, gatewayTls: null })).toBeNull()
  for (const host of ['0.0.0.0', '::', '10.0.0.7', 'agents.internal'])
    expect(openToOthers({ host, gatewayTls: null })).toMatch(`anyone who reaches ${host} can send`)
  expect(openToOthers({ host: '0.0.0.0', gatewayTls: tls })).not.toBeNull()
  expect(openToOthers({ host: '0.0.0.0', gatewayTls: { ...tls, clientCa: 'ca' } })).toBeNull()
})

test('it is a line of the log, at the start', { timeout: 60_000 }, async () => {
  const buffer = mkdtempSync(join(tmpdir(), 'assay-forward-'))
  const running = await startForward(['--to', 'http://127.0.0.1:1', '--buffer', buffer, '--host', '0.0.0.0'])
  try {
    expect(running.output()).toMatch(/"level":40,.*anyone who reaches 0\.0\.0\.0 can send/)
    expect(await running.stop()).toBe(0)
  } finally {
    await running.kill()
    rmSync(buffer, { recursive: true, force: true })
  }
})
