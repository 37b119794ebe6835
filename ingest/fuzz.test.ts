/** Damaged payloads over real HTTP: 2xx only for what is valid and stored, else 4xx, and the server lives. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { normaliseRecord } from '../engine/conventions/normalise.ts'
import { transcodeJson } from '../engine/otlp/json.ts'
import { arbitraryRequest, damagedCopies } from '../engine/otlp/testing/otlp-json.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { type HttpGateway, startHttpGateway } from '../test/support/http-gateway.ts'

let dataDir: string
let log: EmbeddedLog
let server: HttpGateway
const bugs: unknown[] = []

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'assay-fuzz-'))
  log = await openEmbeddedLog({ dataDir })
  await log.ensureTopics([
    { name: 'agent-traces', partitions: 2, retentionMs: null, retentionBytes: null, compacted: false },
  ])
  server = await startHttpGateway({ log, onBug: (error) => bugs.push(error) })
})

afterAll(async () => {
  await server.drain()
  await log.close()
  rmSync(dataDir, { recursive: true, force: true })
})

async function storedSpanCount(): Promise<number> {
  let count = 0
  for (let partition = 0; partition < 2; partition++) {
    for (let from = 0; ; ) {
      const records = await log.read('agent-traces', partition, from, 500)
      if (records.length === 0) break
      from = records.at(-1)!.offset + 1
      for (const record of records) count += normaliseRecord('default', record.value).length
    }
  }
  return count
}

test('a thousand damaged bodies', async () => {
  const statuses = new Map<number, number>()
  const send = async (body: Uint8Array<ArrayBuffer>, type: string, coding: string): Promise<void> => {
    const headers = { 'content-type': type, 'content-encoding': coding }
    const response = await fetch(`http://127.0.0.1:${server.port}/v1/traces`, { method: 'POST', body, headers })
    await response.arrayBuffer()
    expect([200, 400, 413]).toContain(response.status)
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
  }
  await fc.assert(
    fc.asyncProperty(arbitraryRequest, fc.integer(), async (request, seed) => {
      const json = Buffer.from(JSON.stringify(request))
      const transcoded = transcodeJson(json)
      const protobuf = transcoded.ok ? transcoded.request : Buffer.alloc(0)
      await Promise.all([
        ...[...damagedCopies(protobuf, seed, 10)].map((body) => send(body, 'application/x-protobuf', 'identity')),
        ...[...damagedCopies(json, seed, 10)].map((body) => send(body, 'application/json', 'identity')),
        ...[...damagedCopies(gzipSync(json), seed, 5)].map((body) => send(body, 'application/json', 'gzip')),
      ])
    }),
    { numRuns: 40 },
  )
  expect(bugs).toEqual([])
  expect(statuses.get(200)).toBeGreaterThan(20)
  expect(statuses.get(400)).toBeGreaterThan(200)
  expect(await storedSpanCount()).toBe(server.stats().acceptedSpans)
})
