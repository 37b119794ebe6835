import { afterAll, beforeAll } from 'vitest'
import { type ClickHouseServer, startClickHouse } from '../../test/support/clickhouse-server.ts'
import { describeTracesContract } from './contract.ts'
import { openTraces } from './open.ts'

let server: ClickHouseServer
beforeAll(async () => {
  server = await startClickHouse()
}, 60_000)
afterAll(() => server?.stop())

describeTracesContract('by URL', (nowMs) => openTraces({ url: server.url, nowMs }))
