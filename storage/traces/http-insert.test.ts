/**
 * Inserting by HTTP: what arrives is the statement and the very bytes of the blocks, and the engine takes them. The far end is a
 * listener that hands the body to the engine in process; a ClickHouse server itself is not at hand in the tests.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { createClient } from '@clickhouse/client'
import { createChdbConnection } from 'chdb/connection'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeSpan } from '../../engine/model/make-span.ts'
import { openTraces } from './open.ts'
import type { TracesStore } from './port.ts'

const dir = mkdtempSync(join(tmpdir(), 'assay-http-insert-'))
const received: { query: string; sizeBytes: number }[] = []
let engine: ReturnType<typeof createClient>
let local: TracesStore
let server: Server
let refuse = false

beforeAll(async () => {
  local = await openTraces({ dataDir: dir })
  await local.migrate()
  type Injected = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>
  engine = createClient({
    connection: createChdbConnection({ path: join(dir, 'traces', 'chdb') }) as unknown as Injected,
  })
  server = createServer(async (request, response) => {
    const query = new URL(request.url ?? '', 'http://local').searchParams.get('query') ?? ''
    const body = await buffer(request)
    received.push({ query, sizeBytes: body.length })
    if (refuse) {
      response.writeHead(500, { 'x-clickhouse-exception-code': '241' })
      response.end('Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)')
      return
    }
    const file = join(dir, 'body.native')
    writeFileSync(file, body)
    await engine.command({ query: query.replace('FORMAT Native', `SELECT * FROM file('${file}', 'Native')`) })
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  server.close()
  await engine.close()
  await local.close()
  rmSync(dir, { recursive: true, force: true })
})

test('the blocks of a batch arrive whole, in one request, under their token; a refusal is an error', async () => {
  const { port } = server.address() as AddressInfo
  const remote = await openTraces({ url: `http://127.0.0.1:${port}` })
  const spans = Array.from({ length: 2_500 }, (_, i) =>
    makeSpan({
      traceId: '1'.padStart(32, '0'),
      spanId: (i + 1).toString(16).padStart(16, '0'),
      startTimeUs: 1_780_000_000_000_000 + i,
      inputText: `line\n\nINSERT ${'ä'.repeat(i % 300)}`,
    }),
  )
  await remote.insertSpans(spans, 'a-token:1')
  expect(received).toHaveLength(1)
  expect(received[0]?.query).toContain("insert_deduplication_token = 'a-token:1'")
  expect(await local.getTrace('default', '1'.padStart(32, '0'))).toEqual(spans)

  await remote.insertSpans(spans.slice(0, 1), 'a-token:1')
  expect(await local.countSpans('default')).toBe(2_500)

  refuse = true
  await expect(remote.insertSpans(spans, 'a-token:2')).rejects.toThrow('Memory limit')
  await remote.close()
})
