/**
 * A gateway alone in a process of its own, on the embedded log in a folder: what `bench/overload.ts` sends to. By messages its log goes
 * away (`refuse`, or `hang`: no answer at all) and comes back (`up`), and it counts what is in the log (`count`) and tells how soon it refused (`times`).
 */
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createGateway } from '../ingest/gateway.ts'
import { startOtlpHttp } from '../ingest/otlp-http.ts'
import { createGate } from '../storage/access/gate.ts'
import { openEmbeddedLog } from '../storage/log/embedded.ts'
import { LogError } from '../storage/log/port.ts'
import { AGENT_TRACES } from '../storage/log/topics.ts'

export type ToGateway = 'refuse' | 'hang' | 'up' | 'count' | 'times'
export type FromGateway =
  | { kind: 'listening'; port: number }
  | { kind: 'counted'; spans: number }
  /** Of requests that were turned away: from the head to the end of the answer, sorted. How late the event loop was. */
  | { kind: 'times'; refusedMs: readonly number[]; loopDelayP99Ms: number; loopDelayMostMs: number }
  | { kind: 'done' }

const say = (message: FromGateway): void => void process.send?.(message)
const [, , dataDir = ':memory:'] = process.argv
const log = await openEmbeddedLog({ dataDir, retentionIntervalMs: null })
await log.ensureTopics([
  { name: AGENT_TRACES, partitions: 4, retentionMs: null, retentionBytes: null, compacted: false },
])
let mode: Exclude<ToGateway, 'count' | 'times'> = 'up'
let back = Promise.withResolvers<void>()
const gateway = createGateway({
  log: {
    partitionFor: log.partitionFor.bind(log),
    append: async (...args) => {
      if (mode === 'refuse') throw new LogError('io', 'away')
      if (mode === 'hang') {
        await back.promise
        // Were it to take what was not acknowledged, that would make up in number for what was, and is lost.
        throw new LogError('io', 'away')
      }
      return log.append(...args)
    },
  },
  gate: createGate('open', { verify: () => ({ ok: false, code: 'unknown' }) }),
  // As `assay serve gateway` has it.
  maxHeldBytes: 64 << 20,
})
const startedMs = new WeakMap<IncomingMessage, number>()
const refusedMs: number[] = []
subscribe('http.server.request.start', (message) => {
  startedMs.set((message as { request: IncomingMessage }).request, performance.now())
})
subscribe('http.server.response.finish', (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
  if (response.statusCode !== 200) refusedMs.push(performance.now() - (startedMs.get(request) ?? Number.NaN))
})
const loopDelay = monitorEventLoopDelay({ resolution: 1 })
loopDelay.enable()
const listener = await startOtlpHttp({ host: '127.0.0.1', port: 0, gateway })

process.on('message', async (message: ToGateway) => {
  if (message === 'count') {
    say({ kind: 'counted', spans: await storedSpans() })
    return
  }
  if (message === 'times') {
    refusedMs.sort((a, b) => a - b)
    say({
      kind: 'times',
      refusedMs,
      loopDelayP99Ms: loopDelay.percentile(99) / 1e6,
      loopDelayMostMs: loopDelay.max / 1e6,
    })
    return
  }
  mode = message
  if (message === 'up') back.resolve()
  else back = Promise.withResolvers<void>()
  say({ kind: 'done' })
})
process.on('disconnect', () => process.exit(0))
say({ kind: 'listening', port: listener.port })

/** By what the gateway wrote beside each record. */
async function storedSpans(): Promise<number> {
  let spans = 0
  for (const { partition, end } of await log.endOffsets(AGENT_TRACES)) {
    for (let offset = 0; offset < end; ) {
      const records = await log.read(AGENT_TRACES, partition, offset, 100)
      for (const { headers } of records) spans += Number(headers.spans)
      offset = (records.at(-1)?.offset ?? end) + 1
    }
  }
  return spans
}
