/** When the first verdict on each trace came to the topic, as somebody who reads it sees it. */
import { parseResults } from '../engine/codec/results.ts'
import type { Log } from '../storage/log/port.ts'

export interface Verdicts {
  /** Whether there is one on every of these traces. */
  areOn(traceIds: Iterable<string>): boolean
  /** By trace, when its first came; `performance.now()`. */
  stop(): Promise<ReadonlyMap<string, number>>
}

export async function watchVerdicts(log: Log, topic: string): Promise<Verdicts> {
  const consumer = await log.openConsumer({ groupId: 'bench-verdicts', topics: [topic], startFrom: 'latest' })
  const stopping = new AbortController()
  const { signal } = stopping
  const firstAtMs = new Map<string, number>()
  const read = async (maxWaitMs: number): Promise<void> => {
    for (const { value } of await consumer.fetch({ maxBytes: 4 << 20, maxWaitMs, signal })) {
      const nowMs = performance.now()
      const parsed = parseResults(value)
      if (!parsed.ok) throw new Error(parsed.error)
      for (const { traceId } of parsed.results) if (!firstAtMs.has(traceId)) firstAtMs.set(traceId, nowMs)
    }
  }
  // It is in the group, and at the end of every partition, before the first span is sent.
  while (consumer.assignment().length === 0) await read(100)
  await read(500)
  const reading = (async () => {
    while (!signal.aborted) await read(1_000)
  })()
  return {
    areOn: (traceIds) => {
      for (const traceId of traceIds) if (!firstAtMs.has(traceId)) return false
      return true
    },
    stop: async () => {
      stopping.abort()
      await reading
      await consumer.close()
      return firstAtMs
    },
  }
}
