/** `assay verify` on a running instance and on the folder that it leaves. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAlertManager } from '../alerting/manager.ts'
import { openIntegrity } from '../cli/integrity/open-integrity.ts'
import { verifyReportSchema } from '../engine/integrity/report.ts'
import { healthSchema } from '../server/schemas.ts'
import { openEmbeddedLog } from '../storage/log/embedded.ts'
import { NOTIFICATIONS } from '../storage/log/topics.ts'
import { connectEngine } from '../storage/traces/open.ts'
import { runAssay, startAssay } from './support/assay-process.ts'
import { getJson, send, traceIdOf, until } from './support/otlp.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-verify-cli-'))
const dataDir = join(folder, 'data')
const today = new Date().toISOString().slice(0, 10)

beforeAll(() => {
  writeFileSync(join(folder, 'shop.eval'), 'package shop\nonline eval quick { on: llm_call  pass: duration <= 5s }\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('from the acknowledgement to the finding, and to whoever is told', { timeout: 90_000 }, async () => {
  const assay = await startAssay({ dataDir, evals: [join(folder, 'shop.eval')] })
  const verify = (...args: string[]) => runAssay(['verify', ...args])
  try {
    await send(assay, { traceId: traceIdOf(1) }, { traceId: traceIdOf(2) }, { traceId: traceIdOf(3) })
    await until('three verdicts', async () => {
      const { results } = (await getJson(assay, '/v1/results')) as { results: unknown[] }
      return results.length === 3
    })
    const clean = await verify('--server', assay.apiUrl)
    expect(clean).toMatchObject({ code: 0, stderr: '' })
    expect(clean.stdout).toMatch(/✓ everything acknowledged is stored/)
    const { checks } = (await getJson(assay, '/v1/integrity')) as { checks: unknown[] }
    expect(checks).toMatchObject([{ isClean: true, gaps: { records: 0 } }])
    const { components } = healthSchema.parse(await getJson(assay, '/health'))
    expect(components.find(({ name }) => name === 'integrity')).toMatchObject({ state: 'ok' })
    expect(await verify('--server', assay.apiUrl, '--day', 'yesterday')).toMatchObject({ code: 2 })
    // The folder is the instance's alone.
    expect(await verify('--data', dataDir)).toMatchObject({ code: 2, stderr: expect.stringContaining('is in use by') })
  } finally {
    await assay.stop()
  }

  expect(await verify('--data', dataDir)).toMatchObject({ code: 0 })
  const { client, database } = await connectEngine({ dataDir })
  await client.command({
    query: `ALTER TABLE ${database}.spans DELETE WHERE trace_id = unhex('${traceIdOf(2)}') SETTINGS mutations_sync = 2`,
  })
  // This test has the folder now.
  const log = await openEmbeddedLog({ dataDir })
  const { service, close } = await openIntegrity(log, { dataDir }, { nowMs: Date.now, routes: [] })
  await service.checkDay(today)
  await service.checkDay(today)
  const printed: string[] = []
  const manager = await startAlertManager({
    log,
    receivers: { find: () => null, hint: () => null },
    nowMs: Date.now,
    onPrint: (text) => printed.push(text),
  })
  await until('the notice', () => manager.stats().repeated === 1)
  await manager.drain()
  expect(printed).toEqual([
    expect.stringMatching(
      new RegExp(
        `^NOTICE The stored traces of ${today} are not what the log has  \\[page\\]\n  1 acknowledged record neither stored`,
      ),
    ),
  ])
  expect((await log.endOffsets(NOTIFICATIONS)).map(({ end }) => end)).toEqual([2])
  await close()
  await log.close()
  await client.close()

  const found = await verify('--data', dataDir, '--json')
  expect(found.code).toBe(1)
  expect(verifyReportSchema.parse(JSON.parse(found.stdout))).toMatchObject({
    isClean: false,
    gaps: { records: 1 },
    orphans: { results: 1, examples: [{ tenant: 'default', eval: 'shop/quick', traceId: traceIdOf(2) }] },
  })
})
