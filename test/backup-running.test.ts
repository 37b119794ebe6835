/** A backup of an Assay that runs, and what a folder made from it shows. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openEmbeddedLog } from '../storage/log/embedded.ts'
import { openTraces } from '../storage/traces/open.ts'
import { storeRows, storeSettings, TENANTS } from './fixtures/backup-rows.ts'
import { runAssay, startAssay } from './support/assay-process.ts'
import { everythingInLog, everythingOf } from './support/everything-stored.ts'
import { getJson, send, traceIdOf, until } from './support/otlp.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-backup-running-'))
const dataDir = join(folder, 'data')
const to = join(folder, 'backup')
const restored = join(folder, 'restored')

const EVALS = `package shop
online eval quick { on: llm_call  pass: duration <= 5s }
alert slow { on: quick  severity: page  when: count(fail) > 0 over 1h  notify: slack("#ops") }
`

beforeAll(async () => {
  writeFileSync(join(folder, 'shop.eval'), EVALS)
  const log = await openEmbeddedLog({ dataDir })
  await storeSettings(log, () => 1)
  await log.close()
  const traces = await openTraces({ dataDir })
  await traces.migrate()
  await storeRows(traces)
  await traces.close()
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function shownOf(path: string): Promise<{ traces: unknown; log: unknown }> {
  const log = await openEmbeddedLog({ dataDir: path })
  const inLog = await everythingInLog(log, 'default')
  const ofTenant = await everythingInLog(log, 'acme')
  await log.close()
  const traces = await openTraces({ dataDir: path })
  const shown = await everythingOf(traces, TENANTS)
  await traces.close()
  return { traces: shown, log: [inLog, ofTenant] }
}

test('while it runs, and back', { timeout: 120_000 }, async () => {
  const assay = await startAssay({ dataDir, evals: [join(folder, 'shop.eval')] })
  try {
    await send(assay, { traceId: traceIdOf(1), durationMs: 9_000 }, { traceId: traceIdOf(2) })
    await until('two verdicts', async () => {
      const { results } = (await getJson(assay, '/v1/results?eval=shop/quick')) as { results: unknown[] }
      return results.length === 2
    })
    await until('the alert', () => /ALERT FIRING.*shop\/slow/i.test(assay.output()))
    const refused = async (body: unknown): Promise<unknown> => {
      const headers = { 'content-type': 'application/json' }
      const url = `${assay.apiUrl}/v1/backups`
      return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json()
    }
    expect(await refused({ to: join(dataDir, 'here') })).toMatchObject({ status: 409 })
    expect(await refused({ to: 'here' })).toMatchObject({ status: 400 })
    expect(await refused({ to, tracesTo: 's3://bucket/path' })).toMatchObject({ status: 409 })
    const made = await runAssay(['backup', '--server', assay.apiUrl, '--to', to, '--json'])
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(made.stdout)).toMatchObject({
      log: 'embedded',
      areSpansComplete: true,
      tables: { spans: { rows: 11, partitions: 5 }, results: { rows: 10 } },
    })
  } finally {
    await assay.stop()
  }
  const before = await shownOf(dataDir)
  const back = await runAssay(['restore', '--from', to, '--data', restored])
  expect(back).toMatchObject({ code: 0, stderr: '' })
  expect(back.stdout).toMatch(/^10 results, 11 spans restored to /)
  expect(await shownOf(restored)).toEqual(before)
})
