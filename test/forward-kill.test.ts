/** The promise behind the forwarder's 200: the span reaches the collector, whatever happens to either. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { type SentTraces, startSending } from './kill/sender.ts'
import { type ForwardProcess, startForward } from './support/forward-process.ts'
import { freePort } from './support/free-port.ts'
import { type OtlpSink, startOtlpSink } from './support/otlp-sink.ts'

/** The collector is not there, then refuses every other request and is slow with the rest. */
const KILLS = ['down', 'slow', 'slow'] as const

const buffer = mkdtempSync(join(tmpdir(), 'assay-forward-'))
let running: ForwardProcess | null = null
let sink: OtlpSink | null = null
afterAll(async () => {
  await running?.kill()
  await sink?.close()
  rmSync(buffer, { recursive: true, force: true })
})

const sizeOnDisk = (): number => readdirSync(buffer).reduce((sum, name) => sum + statSync(join(buffer, name)).size, 0)

test('killed under load with the collector down and slow: nothing acknowledged is lost', {
  timeout: 300_000,
}, async () => {
  const port = await freePort()
  const args = ['--to', `http://127.0.0.1:${port}`, '--buffer', buffer, '--buffer-size', '96MiB']
  const sent: SentTraces = { acknowledged: new Map(), unanswered: new Map() }
  const slow = (): void => {
    sink!.answer = () =>
      sink!.requests % 2 === 0 ? { status: 200, afterMs: 30 } : { status: 503, headers: { 'retry-after': '0' } }
  }
  for (const [round, collector] of KILLS.entries()) {
    if (collector === 'slow' && sink === null) {
      sink = await startOtlpSink(port)
      slow()
    }
    running = await startForward(args)
    const before = sent.acknowledged.size
    const takenBefore = sink?.taken.size ?? 0
    const sending = startSending(running.tracesUrl, sent, true)
    await vi.waitFor(
      () => {
        expect(sent.acknowledged.size).toBeGreaterThan(before + 5)
        if (sink !== null) expect(sink.taken.size).toBeGreaterThan(takenBefore)
      },
      { timeout: 120_000, interval: 5 + round },
    )
    await running.kill()
    await sending.stop()
    expect(sizeOnDisk()).toBeLessThan(96 << 20)
  }

  sink!.answer = () => ({ status: 200 })
  running = await startForward(args)
  await vi.waitFor(async () => expect((await running!.health()).buffer.records).toBe(0), {
    timeout: 120_000,
    interval: 50,
  })
  const lost = [...sent.acknowledged.values()].flat().filter((spanId) => !sink!.taken.has(spanId))
  expect(lost).toEqual([])
  expect(sent.acknowledged.size).toBeGreaterThan(KILLS.length * 5)
  // At least once: a kill repeats the one request that was under way, and a request that has half-come none.
  const repeated = [...sink!.taken.values()].filter((times) => times > 1).length
  expect(repeated).toBeLessThanOrEqual(KILLS.length * sink!.largest)
  // Nobody else has the folder meanwhile.
  await expect(startForward(args)).rejects.toThrow(/ended with 2:[\s\S]* is in use by process/)
  expect(await running.stop()).toBe(0)
  expect(running.output()).toContain('stopped; what is not delivered is on disk')
})
