/** The log goes away under load: what was acknowledged is in it, and everything else is refused at once with a time to come back. */
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { normaliseRecord } from '../engine/conventions/normalise.ts'
import { transcodeJson } from '../engine/otlp/json.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { LogError } from '../storage/log/port.ts'
import { AGENT_TRACES } from '../storage/log/topics.ts'
import { openGate } from '../test/support/open-gate.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { Breaker } from './guard/breaker.ts'
import { type Listener, startOtlpHttp } from './otlp-http.ts'

let nowMs: number
let log: EmbeddedLog
let mode: 'up' | 'refuse' | 'hang'
let appends: number
let back: PromiseWithResolvers<void>
let gateway: Gateway
let listener: Listener

beforeEach(async () => {
  nowMs = Date.parse('2026-11-21T12:00:00Z')
  mode = 'up'
  appends = 0
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([
    { name: AGENT_TRACES, partitions: 2, retentionMs: null, retentionBytes: null, compacted: false },
  ])
  gateway = createGateway({
    log: {
      partitionFor: log.partitionFor.bind(log),
      append: async (...args) => {
        appends++
        if (mode === 'refuse') throw new LogError('io', 'away')
        if (mode === 'hang') await back.promise
        return log.append(...args)
      },
    },
    gate: openGate,
    nowMs: () => nowMs,
    breaker: new Breaker(() => nowMs),
    // The breaker has to see to it.
    appendTimeoutMs: 600_000,
  })
  listener = await startOtlpHttp({ host: '127.0.0.1', port: 0, gateway })
})
afterEach(async () => {
  await listener.drain()
  await log.close()
})

let ids = 0
function requestOf(traceId: string): Uint8Array<ArrayBuffer> {
  const span = { traceId, spanId: 'cd'.repeat(8), name: 'one', startTimeUnixNano: `${nowMs}000000` }
  const spans = [{ ...span, endTimeUnixNano: `${nowMs}000000` }]
  const transcoded = transcodeJson(Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })))
  if (!transcoded.ok) throw new Error(transcoded.message)
  return new Uint8Array(transcoded.request)
}

const acknowledged = new Set<string>()
async function send(): Promise<{ status: number; retryAfter: string | null; text: string }> {
  const traceId = (++ids).toString(16).padStart(32, '0')
  const response = await fetch(`http://127.0.0.1:${listener.port}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: requestOf(traceId),
  })
  if (response.status === 200) acknowledged.add(traceId)
  return { status: response.status, retryAfter: response.headers.get('retry-after'), text: await response.text() }
}

async function sendMany(count: number): Promise<Set<number>> {
  const statuses = new Set<number>()
  for (let sent = 0; sent < count; sent += 10) {
    const answers = await Promise.all(Array.from({ length: 10 }, send))
    for (const { status, retryAfter } of answers) {
      statuses.add(status)
      if (status !== 200) expect(Number(retryAfter)).toBeGreaterThan(0)
    }
  }
  return statuses
}

async function untilClosed(): Promise<void> {
  while (gateway.stats().breaker.state !== 'closed') {
    nowMs += 1_000
    await send()
  }
}

async function storedTraces(): Promise<Set<string>> {
  const found = new Set<string>()
  for (const partition of [0, 1]) {
    for (const { value } of await log.read(AGENT_TRACES, partition, 0, 10_000)) {
      for (const { traceId } of normaliseRecord('default', value)) found.add(traceId)
    }
  }
  return found
}

test('it refuses, hangs and comes back: nothing acknowledged is lost, and the log is left alone meanwhile', async () => {
  expect(await sendMany(100)).toEqual(new Set([200]))

  mode = 'refuse'
  appends = 0
  expect(await sendMany(200)).toEqual(new Set([503]))
  // Those that were under way together when it opened, and none after.
  expect(appends).toBeLessThanOrEqual(10)
  expect(gateway.stats().breaker).toMatchObject({ state: 'open', reason: 'the log cannot be written' })
  mode = 'up'
  await untilClosed()
  expect(await sendMany(100)).toEqual(new Set([200]))

  mode = 'hang'
  back = Promise.withResolvers()
  const stuck = Array.from({ length: 10 }, send)
  appends = 0
  while (appends < 10) await turn()
  nowMs += 3_000
  // None of these waits for the log.
  expect(await sendMany(200)).toEqual(new Set([503]))
  expect(appends).toBe(10)
  expect(gateway.stats().breaker.reason).toBe('the log has not answered for 3 s')
  mode = 'up'
  back.resolve()
  expect(new Set((await Promise.all(stuck)).map(({ status }) => status))).toEqual(new Set([200]))
  await untilClosed()
  expect(await sendMany(100)).toEqual(new Set([200]))

  const stored = await storedTraces()
  expect([...acknowledged].filter((traceId) => !stored.has(traceId))).toEqual([])
  expect(acknowledged.size).toBeGreaterThanOrEqual(310)
}, 60_000)

test('too much at hand: refused before the body is read', async () => {
  const one = requestOf('ab'.repeat(16))
  await listener.drain()
  gateway = createGateway({ log, gate: openGate, nowMs: () => nowMs, maxHeldBytes: one.length - 1 })
  listener = await startOtlpHttp({ host: '127.0.0.1', port: 0, gateway })
  expect(await send()).toMatchObject({ status: 503, retryAfter: '1' })
  expect(gateway.budget.used).toBe(0)
  expect(gateway.stats().rejected.overloaded).toBe(1)
})
