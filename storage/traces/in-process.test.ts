import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClickHouseClient } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectInProcess } from './in-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-in-process-'))
let client: ClickHouseClient
beforeAll(async () => {
  client = await connectInProcess(folder)
})
afterAll(async () => {
  await client.close()
  rmSync(folder, { recursive: true, force: true })
})

const ask = async (query: string): Promise<unknown> => (await client.query({ query, format: 'JSONEachRow' })).json()

test('what a query had answered before it failed is no part of the next answer', async () => {
  const failing = "SELECT 'of another tenant' AS secret, throwIf(number = 200000) FROM numbers(300000)"
  for (let round = 0; round < 3; round++) {
    const [failed, ...others] = await Promise.allSettled([ask(failing), ask('SELECT 1 AS n'), ask('SELECT 2 AS n')])
    expect(failed?.status).toBe('rejected')
    expect(others).toEqual([
      { status: 'fulfilled', value: [{ n: 1 }] },
      { status: 'fulfilled', value: [{ n: 2 }] },
    ])
  }
})
