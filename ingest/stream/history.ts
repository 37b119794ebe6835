/** What the log knows of a stream that comes back. */
import type { Log } from '../../storage/log/port.ts'
import { type FoundBatch, findBatches } from './find-batches.ts'
import { positionsFromText, positionsToText, watchEnds } from './positions.ts'

export interface StreamHistory {
  /** For the client to say when it comes back; null while the log has not told where it ends. */
  mark(): string | null
  /** For a stream that begins, whose first batch must lie behind it. Rejects with `LogError`. */
  markNow(): Promise<string>
  /** Of a stream's batches behind the mark; null for a mark that is none. Rejects with `LogError`. */
  since(of: { tenant: string; stream: string; settled: number; mark: string }): Promise<Map<number, FoundBatch> | null>
}

export function createHistory(
  log: Pick<Log, 'read' | 'endOffsets'>,
  topic: string,
  nowMs: () => number,
): StreamHistory {
  const ends = watchEnds(log, topic, nowMs)
  // After a restart all clients come back at once.
  let looking: Promise<unknown> = Promise.resolve()
  return {
    mark: () => {
      const latest = ends.latest()
      return latest === null ? null : positionsToText(latest)
    },
    markNow: async () => positionsToText(await ends.now()),
    since: async ({ tenant, stream, settled, mark }) => {
      const from = positionsFromText(mark)
      if (from === null) return null
      const look = looking.then(async () =>
        findBatches({ log, topic, tenant, stream, settled, from, to: await ends.now() }),
      )
      looking = look.catch(() => {})
      return look
    },
  }
}
