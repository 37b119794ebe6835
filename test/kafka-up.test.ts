/** The whole of Assay with its log on a real Kafka broker: spans in, verdicts out, and nothing lost when the broker is killed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type SentTraces, startSending } from './kill/sender.ts'
import { type AssayProcess, startAssay } from './support/assay-process.ts'
import { type KafkaBroker, startKafkaBroker } from './support/kafka-broker.ts'
import { kafkaIsMissing } from './support/kafka-jars.ts'

const missing = kafkaIsMissing()
const SENDING_MS = 1_500

describe.skipIf(missing !== null)(`assay up on Kafka${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-kafka-up-'))
  let broker: KafkaBroker
  let assay: AssayProcess
  beforeAll(async () => {
    broker = await startKafkaBroker()
    assay = await startAssay({ dataDir, env: { ASSAY_LOG_URL: `kafka://${broker.address}` }, timeoutMs: 60_000 })
  }, 90_000)
  afterAll(async () => {
    await assay?.kill()
    await broker?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  async function spansOf(traceId: string): Promise<string[]> {
    const answer = await fetch(`${assay.apiUrl}/v1/traces/${traceId}`)
    if (answer.status !== 200) return []
    const { spans } = (await answer.json()) as { spans: { spanId: string }[] }
    return spans.map(({ spanId }) => spanId).sort()
  }

  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

  test('what was acknowledged is stored once and judged, over the death of the broker', {
    timeout: 180_000,
  }, async () => {
    const sent: SentTraces = { acknowledged: new Map(), unanswered: new Map() }
    const before = startSending(assay.tracesUrl, sent)
    await pause(SENDING_MS)
    await broker.kill()
    // While there is no log nothing is acknowledged: the sender is told so, and ends.
    await before.stop().catch((error: unknown) => expect(String(error)).toContain('answered 503'))
    expect(sent.acknowledged.size).toBeGreaterThan(0)
    await broker.start()
    const beforeKill = sent.acknowledged.size
    await vi.waitFor(
      async () => {
        const after = startSending(assay.tracesUrl, sent)
        await pause(200)
        await after.stop()
        expect(sent.acknowledged.size).toBeGreaterThan(beforeKill)
      },
      { timeout: 60_000, interval: 500 },
    )
    await vi.waitFor(
      async () => {
        for (const [traceId, spanIds] of sent.acknowledged) expect(await spansOf(traceId)).toEqual([...spanIds].sort())
      },
      { timeout: 90_000, interval: 500 },
    )
    const answer = await fetch(`${assay.apiUrl}/v1/evals`)
    const { evals } = (await answer.json()) as { evals: { id: string; verdicts: { pass: number } }[] }
    expect(evals.find(({ id }) => id === 'pii/no_pii')?.verdicts.pass).toBeGreaterThan(0)
    expect(await assay.stop()).toBe(0)
  })
})
