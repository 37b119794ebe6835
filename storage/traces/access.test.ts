/** What cannot be reached, or may not be used, is told in the words of whoever set it up. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ClickHouseError } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSpan } from '../../engine/model/make-span.ts'
import { type ClickHouseServer, startClickHouse } from '../../test/support/clickhouse-server.ts'
import { freePort } from '../../test/support/free-port.ts'
import { DEFAULT_LIMITS, type QueryLimits } from './limits.ts'
import { openTraces } from './open.ts'
import { QueryLimitError, type TracesStore } from './port.ts'
import { StoreAccessError, storeErrorOf } from './store-errors.ts'

let server: ClickHouseServer
beforeAll(async () => {
  server = await startClickHouse({ login: 'assay:secret' })
}, 60_000)
afterAll(() => server?.stop())

async function refusalOf(url: string, work: (store: TracesStore) => Promise<unknown>): Promise<Error> {
  const store = await openTraces({ url })
  try {
    await work(store)
  } catch (error) {
    if (error instanceof Error) return error
  } finally {
    await store.close()
  }
  throw new Error('it was not refused')
}
const migrating = (store: TracesStore) => store.migrate()

describe('a server that refuses', () => {
  test.each([
    ['a wrong password', 'assay:wrong@', 'assay'],
    ['no user', '', 'default'],
  ])('%s', async (_what, login, user) => {
    const url = server.url.replace('assay:secret@', login)
    for (const work of [
      migrating,
      (store: TracesStore) => store.ping(),
      (store: TracesStore) => store.countSpans('t'),
    ]) {
      const error = await refusalOf(url, work)
      expect(error).toBeInstanceOf(StoreAccessError)
      expect(error.message).toBe(
        `ClickHouse at ${new URL(url).host} refuses the user ${user}: the name or the password of ASSAY_TRACES_URL is wrong`,
      )
    }
  })

  test('a user who may only read finds a schema that is there, and is told why it cannot make one', async () => {
    // Of its own: the engine in process stays in this mode.
    const own = await startClickHouse()
    try {
      const store = await openTraces({ url: own.url })
      await store.migrate()
      await store.close()
      const reader = `${own.url}?clickhouse_setting_readonly=2`
      const reading = await openTraces({ url: reader })
      await reading.migrate()
      expect(await reading.countSpans('t')).toBe(0)
      await reading.close()
      const other = await openTraces({ url: reader, database: 'other' })
      await expect(other.migrate()).rejects.toThrow(
        /^the user default of ClickHouse at 127\.0\.0\.1:\d+ may only read \(its profile has readonly set\)/,
      )
      await other.close()
    } finally {
      await own.stop()
    }
  })
})

describe('no server', () => {
  test('nothing listens', async () => {
    const port = await freePort()
    const error = await refusalOf(`http://127.0.0.1:${port}`, migrating)
    expect(error.message).toBe(`ClickHouse at 127.0.0.1:${port} refuses connections: nothing listens there`)
  })

  test.each([
    [
      'an older one',
      '24.3.2.1\n',
      'the ClickHouse server has version 24.3.2.1; Assay needs 25.3 or newer: upgrade the server',
    ],
    ['something else', 'hello\n', 'what answers is no ClickHouse server: it says that it has version "hello"'],
  ])('%s', async (_what, version, message) => {
    const listener = createServer((_request, response) => {
      response.setHeader('content-type', 'application/x-ndjson')
      response.end(`${JSON.stringify({ version: version.trim() })}\n`)
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const { port } = listener.address() as AddressInfo
    expect((await refusalOf(`http://127.0.0.1:${port}`, migrating)).message).toBe(message)
    listener.close()
  })
})

/** In the words of ClickHouse 26.7, of which the engine in process has no users to try it with. */
test('a grant that is missing is named', () => {
  const error = new ClickHouseError({
    message:
      "assay: Not enough privileges. To execute this query, it's necessary to have the grant CREATE TABLE ON assay.spans. ",
    code: '497',
    type: 'ACCESS_DENIED',
  })
  expect(storeErrorOf(error, { host: 'clickhouse:8123', user: 'assay', database: 'assay' })).toMatchObject({
    message:
      'the user assay of ClickHouse at clickhouse:8123 may not do what is needed: it lacks CREATE TABLE ON assay.spans. GRANT SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE ON assay.* TO assay is what migrating and storing take, SELECT what reading takes',
  })
})

describe('a query that meets its limit', () => {
  let store: TracesStore
  beforeAll(async () => {
    store = await openTraces({ url: server.url, database: 'bounded' })
    await store.migrate()
    const spans = Array.from({ length: 40_000 }, (_, i) =>
      makeSpan({
        tenant: 't',
        traceId: (i % 20_000).toString(16).padStart(32, '0'),
        spanId: (i + 1).toString(16).padStart(16, '0'),
        name: 's',
        startTimeUs: Date.UTC(2026, 5, 1) * 1000 + i,
        inputText: 'x'.repeat(200),
      }),
    )
    await store.insertSpans(spans, 'bounded')
    const large = Array.from({ length: 5_000 }, (_, i) =>
      makeSpan({ ...spans[i]!, tenant: 'large', traceId: 'f'.repeat(32), inputText: `${i} ${'x'.repeat(4_000)}` }),
    )
    await store.insertSpans(large, 'large')
  })
  afterAll(() => store.close())

  async function limited(over: Partial<QueryLimits>, work: (store: TracesStore) => Promise<unknown>) {
    const limits = { api: { ...DEFAULT_LIMITS.api, ...over }, runs: { ...DEFAULT_LIMITS.runs, ...over } }
    const bounded = await openTraces({ url: server.url, database: 'bounded', limits })
    try {
      await work(bounded)
      return null
    } catch (error) {
      return error
    } finally {
      await bounded.close()
    }
  }
  const window = { fromUs: 0, toUs: Date.UTC(2027, 0, 1) * 1000 }
  const page = { fromTraceId: '0'.repeat(32), toTraceId: null, fields: [] }

  test('of memory', async () => {
    const error = await limited({ memoryBytes: 1_000_000 }, (one) => one.getTrace('large', 'f'.repeat(32)))
    expect(error).toBeInstanceOf(QueryLimitError)
    expect(error).toMatchObject({ limit: 'memory', message: expect.stringContaining('more than the 1 MB of memory') })
  })

  test('of rows', async () => {
    const error = await limited({ rows: 100 }, (one) => one.readSpanPage('t', { ...window, ...page }))
    expect(error).toMatchObject({ limit: 'rows', message: expect.stringContaining('more than the 100 rows') })
  })

  test('of time', () => {
    const error = new ClickHouseError({
      message: 'Timeout exceeded: elapsed 30.1 seconds, maximum: 30',
      code: '159',
      type: 'TIMEOUT_EXCEEDED',
    })
    expect(storeErrorOf(error, { host: 'h', user: 'u', database: 'd' }, DEFAULT_LIMITS.api)).toMatchObject({
      limit: 'time',
      message: expect.stringContaining('longer than the 30 s'),
    })
  })

  test('within them all is well', async () => {
    expect(await limited({}, (one) => one.spanPages('t', window, 100))).toBeNull()
  })
})
