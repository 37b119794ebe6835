import { afterEach, expect, test, vi } from 'vitest'
import { transcodeJson } from '../../engine/otlp/json.ts'
import type { Redactor } from '../../engine/redact/redact.ts'
import { NOTHING_ERASED } from '../../storage/erasure/tombstones.ts'
import type { LogRecord, TailedLog } from '../../storage/log/port.ts'
import { AGENT_TRACES, EVAL_RESULTS } from '../../storage/log/topics.ts'
import type { Wanted } from './group.ts'
import { Hub } from './hub.ts'

// Who sleeps once sleeps until the hub is closed: no test has to tell how long.
vi.mock('node:timers/promises', () => ({
  setTimeout: (_ms: number, _value: unknown, { signal }: { signal: AbortSignal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')))
    }),
}))

const hubs: Hub[] = []
afterEach(() => Promise.all(hubs.splice(0).map((hub) => hub.close())))

const wanting = (more: Partial<Wanted>): Wanted => ({
  ...{ tenant: 'acme', streams: ['spans', 'results'], scope: null, isOfRoots: false },
  ...{ evalId: null, verdict: null, format: 'json', ...more },
})

/** A hub on a log that hands out one record for each fetch; `fetched` counts them. */
function openHub(values: readonly { topic: string; value: Uint8Array }[]) {
  let fetched = 0
  let redacted = 0
  const log = {
    endOffsets: async () => [{ partition: 0, start: 0, end: 0 }],
    openTail: async () => ({
      fetch: async ({ signal }: { signal: AbortSignal }): Promise<LogRecord[]> => {
        const one = values[fetched]
        if (one === undefined) return new Promise((resolve) => signal.addEventListener('abort', () => resolve([])))
        const offset = fetched++
        return [{ ...one, partition: 0, offset, appendTimeMs: 0, key: null, headers: { tenant: 'acme' } }]
      },
      close: async () => {},
    }),
  } as unknown as TailedLog
  const redactor: Redactor = {
    apply: () => {
      redacted++
      return 0
    },
  }
  const hub = new Hub({
    log,
    reading: {
      redactorOf: () => redactor,
      erased: NOTHING_ERASED,
      measuresOf: () => () => null,
      investigations: { investigation: () => null },
      publicUrl: null,
    },
    liveAgents: null,
    nowMs: () => 0,
    onProblem: () => {},
  })
  hubs.push(hub)
  const frames: string[] = []
  const sink = { write: (more: readonly string[]) => frames.push(...more), bufferedBytes: () => 0, end: () => {} }
  const subscribe = (wanted: Wanted) => hub.subscribe(wanted, () => null, null, { sink, isAdmitted: () => true })
  return { subscribe, frames, fetched: () => fetched, redacted: () => redacted }
}

/** A root and two spans below it. */
function traceRecord(): Uint8Array {
  const spans = ['a', 'b', 'c'].map((digit) => ({
    ...{ traceId: '1'.repeat(32), spanId: digit.repeat(16), name: digit },
    ...{ startTimeUnixNano: '1000', endTimeUnixNano: '2000' },
    ...(digit !== 'c' && { parentSpanId: 'c'.repeat(16) }),
  }))
  const outcome = transcodeJson(Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })))
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.request
}

test('where it is behind it goes on reading, and sleeps when it has caught up', async () => {
  const full = { topic: EVAL_RESULTS, value: new Uint8Array(2 << 20) }
  const little = { topic: EVAL_RESULTS, value: new Uint8Array(1) }
  const { subscribe, fetched } = openHub([full, full, full, little, little])
  await subscribe(wanting({}))
  await vi.waitFor(() => expect(fetched()).toBe(4))
  await new Promise((resolve) => setImmediate(resolve))
  expect(fetched()).toBe(4)
})

test.each([
  ['roots alone', [wanting({ isOfRoots: true })], 1],
  ['roots, and all spans of another', [wanting({ isOfRoots: true }), wanting({})], 3],
])('%s: spans that nobody wants are not masked', async (_, all, masked) => {
  const { subscribe, frames, redacted } = openHub([{ topic: AGENT_TRACES, value: traceRecord() }])
  await Promise.all(all.map(subscribe))
  await vi.waitFor(() => expect(frames.some((text) => text.includes('"span"'))).toBe(true))
  expect(redacted()).toBe(masked)
})
