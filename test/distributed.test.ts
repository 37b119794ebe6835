/**
 * The whole of Assay in one process with its log on a real Kafka broker and its traces behind ClickHouse's HTTP interface: spans in,
 * verdicts out. What happens when one of them dies is for `test/faults/`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type SentTraces, startSending } from './kill/sender.ts'
import { type AssayProcess, startAssay } from './support/assay-process.ts'
import { type ClickHouseServer, startClickHouse } from './support/clickhouse-server.ts'
import { type KafkaBroker, startKafkaBroker } from './support/kafka-broker.ts'
import { kafkaIsMissing } from './support/kafka-jars.ts'

const missing = kafkaIsMissing()
const SENDING_MS = 500

describe.skipIf(missing !== null)(
  `assay up on Kafka and ClickHouse${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'assay-distributed-'))
    let broker: KafkaBroker
    let clickHouse: ClickHouseServer
    let assay: AssayProcess
    beforeAll(async () => {
      ;[broker, clickHouse] = await Promise.all([startKafkaBroker(), startClickHouse()])
      const env = { ASSAY_LOG_URL: `kafka://${broker.address}`, ASSAY_TRACES_URL: clickHouse.url }
      assay = await startAssay({ dataDir, env, timeoutMs: 60_000 })
    }, 90_000)
    afterAll(async () => {
      await assay?.kill()
      await broker?.stop()
      await clickHouse?.stop()
      rmSync(dataDir, { recursive: true, force: true })
    })

    async function spansOf(traceId: string): Promise<string[]> {
      const answer = await fetch(`${assay.apiUrl}/v1/traces/${traceId}`)
      if (answer.status !== 200) return []
      const { spans } = (await answer.json()) as { spans: { spanId: string }[] }
      return spans.map(({ spanId }) => spanId).sort()
    }

    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

    test('what was acknowledged is stored once and judged', { timeout: 120_000 }, async () => {
      const sent: SentTraces = { acknowledged: new Map(), unanswered: new Map() }
      const sending = startSending(assay.tracesUrl, sent)
      await pause(SENDING_MS)
      await sending.stop()
      expect(sent.acknowledged.size).toBeGreaterThan(0)
      await vi.waitFor(
        async () => {
          for (const [traceId, spanIds] of sent.acknowledged)
            expect(await spansOf(traceId)).toEqual([...spanIds].sort())
        },
        { timeout: 90_000, interval: 500 },
      )
      const answer = await fetch(`${assay.apiUrl}/v1/evals`)
      const { evals } = (await answer.json()) as { evals: { id: string; verdicts: { pass: number } }[] }
      expect(evals.find(({ id }) => id === 'pii/no_pii')?.verdicts.pass).toBeGreaterThan(0)
      expect(await assay.stop()).toBe(0)
    })
  },
)
