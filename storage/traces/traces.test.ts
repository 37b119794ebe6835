import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeTracesContract } from './contract.ts'
import { full, hex, newTenant, newToken, span } from './contract-spans.ts'
import { openTraces } from './open.ts'
import { type TracesStore, UnstorableError } from './port.ts'
import { connectTraces, serveTraces } from './remote.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'assay-traces-'))
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

describeTracesContract('in process', (nowMs) => openTraces({ dataDir, nowMs }))

describe('the store in process', () => {
  let store: TracesStore
  beforeAll(async () => {
    store = await openTraces({ dataDir })
    await store.migrate()
  })
  afterAll(() => store.close())

  test('leaves nothing in its staging folder', () => {
    expect(readdirSync(join(dataDir, 'traces', 'staging'))).toEqual([])
  })

  test('can be asked from another thread', async () => {
    const tenant = newTenant()
    const { port1, port2 } = new MessageChannel()
    serveTraces(port1, store)
    const remote = connectTraces(port2)
    await remote.insertSpans([full(tenant)], newToken())
    expect(await remote.getTrace(tenant, hex(32, 1))).toEqual([full(tenant)])
    await expect(remote.insertSpans([span(tenant, 1, 1, { spanId: 'x' })], newToken())).rejects.toThrow(UnstorableError)
    await remote.close()
    await expect(remote.ping()).rejects.toThrow('closed')
  })

  test('a request without an answer ends in time', async () => {
    const { port1, port2 } = new MessageChannel()
    const remote = connectTraces(port2, { timeoutMs: 20 })
    await expect(remote.ping()).rejects.toThrow('had no answer in 20 ms')
    port1.close()
  })
})
