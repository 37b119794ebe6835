/** `assay up` on a disk that fills up: clients are asked to wait, nothing crashes, and nothing acknowledged is lost. */
import { randomBytes } from 'node:crypto'
import { appendFileSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { healthSchema } from '../../server/schemas.ts'
import { type AssayProcess, runAssay, startAssay } from '../support/assay-process.ts'
import { chatRequest, getJson, getTrace, post, send, traceIdOf, until } from '../support/otlp.ts'
import { mountSmallDisk } from '../support/small-disk.ts'

const MEBIBYTE = 1 << 20
const disk = mountSmallDisk(320 * MEBIBYTE)
afterAll(() => disk?.unmount())

const path = disk?.path ?? ''
const dataDir = join(path, 'data')
const filler = join(path, 'filler')
const freeBytes = (): number => {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}
/** What other programs on the same disk may do at any moment. */
function fill(leaveBytes: number): void {
  try {
    appendFileSync(filler, Buffer.alloc(Math.max(0, freeBytes() - leaveBytes), 1))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  }
}

const acknowledged: string[] = []
let traceCount = 0
/** Twenty spans of 8 kB that do not compress. */
async function sendTrace(assay: AssayProcess): Promise<Response> {
  const traceId = traceIdOf(++traceCount)
  const spans = Array.from({ length: 20 }, (_, i) => ({
    traceId,
    spanId: (i + 1).toString(16).padStart(16, '0'),
    output: randomBytes(6_000).toString('base64'),
  }))
  const response = await post(assay, chatRequest(spans))
  if (response.status === 200) acknowledged.push(traceId)
  return response
}

async function expectRefused(response: Response): Promise<void> {
  expect(response.status).toBe(503)
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await response.json()).toMatchObject({ code: 14, message: expect.stringContaining('nothing was kept') })
}

/** Each once, and each span with its verdicts: `latency/fast` judges the trace, `pii/no_pii` the span. */
const isWhole = async (assay: AssayProcess, traceId: string): Promise<boolean> => {
  const trace = await getTrace(assay, traceId)
  const results = trace?.spans.flatMap((span) => span.results.map((result) => `${span.spanId} ${result.eval}`)) ?? []
  return trace?.spans.length === 20 && results.length === 20 && new Set(results).size === 20
}
async function expectAllWhole(assay: AssayProcess): Promise<void> {
  for (const traceId of acknowledged) await until(`trace ${traceId}`, () => isWhole(assay, traceId), 20_000)
}
const expectNoTrace = (output: string): void => expect(output).not.toMatch(/^ {4}at |node:internal/m)

test.skipIf(disk === null && process.env.CI !== 'true')(
  'a full disk (needs root, to mount one)',
  { timeout: 120_000 },
  async () => {
    expect(disk, 'CI must run this as root').not.toBeNull()
    const first = await startAssay({ dataDir, evals: [join(import.meta.dirname, '..', '..', 'evals', 'pii.eval')] })
    for (let i = 0; i < 20; i++) expect((await sendTrace(first)).status).toBe(200)

    // It nears its end: what was accepted still finds room.
    fill(130 * MEBIBYTE)
    let response = await sendTrace(first)
    for (let i = 0; i < 200 && response.status === 200; i++) response = await sendTrace(first)
    await expectRefused(response)
    // Some of the room was lent: it comes back as staging and write-ahead files go.
    fill(100 * MEBIBYTE)
    await expectRefused(await sendTrace(first))
    await expectAllWhole(first)
    const health = healthSchema.parse(await getJson(first, '/health'))
    expect(health.status).toBe('degraded')
    expect(health.components).toContainEqual(expect.objectContaining({ name: 'disk', state: 'degraded' }))
    await until('the message', () => first.stderr().includes('Spans are refused (503)'))

    // Room again, and it goes on by itself.
    rmSync(filler)
    await send(first, { traceId: 'ab'.repeat(16) })
    await until('the message', () => first.stderr().includes('Spans are taken again'))

    // Then somebody else takes all of it, in the midst of the work.
    const sending = (async () => {
      for (let i = 0; i < 60; i++) await sendTrace(first)
    })()
    await sleep(100)
    fill(0)
    await sending
    await expectRefused(await sendTrace(first))
    await sleep(1_000)
    expect((await fetch(`${first.apiUrl}/health`)).status).toBe(200)

    // Also its end and its next start are clean.
    expect(await first.stop()).toBe(0)
    expectNoTrace(first.output())
    fill(0)
    const refused = await runAssay([
      'up',
      '--data',
      dataDir,
      '--otlp-http-port',
      '0',
      '--otlp-grpc-port',
      '0',
      '--http-port',
      '0',
    ])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('no space left')
    expectNoTrace(refused.stderr)

    rmSync(filler)
    const second = await startAssay({ dataDir, evals: [join(import.meta.dirname, '..', '..', 'evals', 'pii.eval')] })
    await expectAllWhole(second)
    expect(acknowledged.length).toBeGreaterThan(20)
    expect(await second.stop()).toBe(0)
    expectNoTrace(second.output())
  },
)
