/** Subscribers of the API: 1,000 of them at 10 events a second each, in 20 scopes. They are in another process, so that the CPU is the server's alone. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EMPTY_PLAN } from '../dsl/packages.ts'
import { makeResult } from '../engine/model/make-result.ts'
import { compileRedaction } from '../engine/redact/redact.ts'
import { startApi } from '../server/api.ts'
import type { ApiContext } from '../server/api-context.ts'
import { NOTHING_ERASED } from '../storage/erasure/tombstones.ts'
import { openEmbeddedLog } from '../storage/log/embedded.ts'
import { alertTopics, EVAL_RESULTS, onlineTopics } from '../storage/log/topics.ts'
import { openGate } from '../test/support/open-gate.ts'
import { resultRecords } from '../workers/online/result-records.ts'

const SCOPES = 20
const WARM_UP_MS = 3_000
const TICK_MS = 100

export async function run({ subscribers, seconds }: { subscribers: number; seconds: number }): Promise<void> {
  const log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([...onlineTopics, ...alertTopics])
  const redactor = compileRedaction(EMPTY_PLAN)
  const context = {
    nowMs: Date.now,
    definitions: { current: () => ({ plan: EMPTY_PLAN, loadedAtMs: 0, diagnostics: [] }) },
    subscriptions: { log, redactorOf: () => redactor, erased: NOTHING_ERASED },
  } satisfies Partial<ApiContext> as unknown as ApiContext
  const api = await startApi({ ...context, gate: openGate, host: '127.0.0.1', port: 0 })
  const clients = fork(join(import.meta.dirname, 'subscribers-clients.ts'), [
    String(api.port),
    String(subscribers),
    String(SCOPES),
  ])
  await once(clients, 'message')
  const sent = async (ms: number): Promise<void> => {
    const startMs = performance.now()
    for (let tick = 1; tick * TICK_MS <= ms; tick++) {
      const results = Array.from({ length: SCOPES }, (_, i) =>
        makeResult({
          evalId: 'shop/fast',
          agentName: `agent-${i}`,
          traceId: tick.toString(16).padStart(32, '0'),
          evaluatedAtMs: Date.now(),
          score: tick,
        }),
      )
      await log.append(EVAL_RESULTS, resultRecords(results))
      await sleep(Math.max(0, startMs + tick * TICK_MS - performance.now()))
    }
  }
  await sent(WARM_UP_MS)
  const before = api.streams()!
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  await sent(seconds * 1_000)
  const { user, system } = process.cpuUsage(cpu)
  const tookSeconds = (performance.now() - startMs) / 1_000
  const after = api.streams()!
  clients.send('end')
  const [received] = (await once(clients, 'message')) as [{ events: number }]
  await api.drain()
  await log.close()
  const cores = (user + system) / 1e6 / tookSeconds
  process.stdout.write(
    `${subscribers} subscribers in ${SCOPES} scopes, ${((after.sent - before.sent) / tookSeconds / subscribers).toFixed(1)} events/s each: ` +
      `${cores.toFixed(2)} cores (aim: under 0.50), ${after.dropped} dropped, ${received.events} received in all\n`,
  )
}
