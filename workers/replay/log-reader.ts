/** A replay of the log: one partition after another, each read as the evaluate loop reads it, by the log's own clock. */
import type { Plan } from '../../dsl/plan.ts'
import { compileEvaluator } from '../../engine/evaluate/evaluator.ts'
import { partsReadBy } from '../../engine/evaluate/reads.ts'
import type { Log } from '../../storage/log/port.ts'
import { NO_COUNTS, type ReplayCounts, type ReplayPosition, type ReplayRequest } from '../../storage/replays/replay.ts'
import type { AssemblyTimes } from '../online/assembly-times.ts'
import { ReadBack, type ReadBackStore, resultsEnd, storedUpTo } from '../online/read-back.ts'
import { PartitionReplay, type PartitionReplayParts } from './partition-replay.ts'
import type { ReplayReader, ReplayStep } from './reader.ts'

export interface LogReaderOptions {
  log: Log
  /** To complete traces that began before what is read. */
  traces: ReadBackStore
  request: ReplayRequest
  /** The evals of the request, with those whose verdicts they ask for. */
  plan: Plan
  position: Extract<ReplayPosition, { kind: 'log' }> | null
  nowMs: () => number
  onProblem: (text: string) => void
  times: AssemblyTimes
}

export function openLogReader(options: LogReaderOptions): ReplayReader {
  const { log, traces, request, plan, nowMs, onProblem, times } = options
  const counts: ReplayCounts = { ...NO_COUNTS }
  const next = new Map(Object.entries(options.position?.next ?? {}).map(([partition, at]) => [Number(partition), at]))
  const done = new Set(options.position?.done)
  const left = request.partitions.filter(({ partition }) => !done.has(partition))
  // A trace that this run judged before has its revisions in this run, whatever is live.
  const ofRun: ReadBackStore = {
    spanIdsOf: (tenant, traceIds) => traces.spanIdsOf(tenant, traceIds),
    getTrace: (tenant, traceId) => traces.getTrace(tenant, traceId),
    queryResults: (tenant, filter) => traces.queryResults(tenant, { ...filter, runId: request.runId }),
  }
  const parts: PartitionReplayParts = {
    log,
    request,
    evaluator: compileEvaluator(plan),
    spanParts: partsReadBy(plan),
    readBack: new ReadBack({
      traces: ofRun,
      nowMs,
      storedUpTo: () => storedUpTo({ log }),
      resultsEnd: () => resultsEnd(log),
    }),
    counts,
    nowMs,
    onProblem,
    times,
  }
  let current: PartitionReplay | null = null

  return {
    counts,
    next: async (): Promise<ReplayStep | null> => {
      const [extent] = left
      if (extent === undefined) return null
      current ??= new PartitionReplay(parts, extent, next.get(extent.partition) ?? null)
      const step = await current.step()
      next.set(extent.partition, current.nextOffset)
      if (current.isDone) {
        done.add(extent.partition)
        left.shift()
        current = null
      }
      return step
    },
    position: () => ({
      kind: 'log',
      next: Object.fromEntries([...next].map(([partition, at]) => [String(partition), at])),
      done: [...done],
    }),
    done: () => {
      let [read, all] = [0, 0]
      for (const { partition, start, end } of request.partitions) {
        const records = Math.max(0, end - start)
        all += records
        read += done.has(partition) ? records : Math.min(records, Math.max(0, (next.get(partition) ?? start) - start))
      }
      return all === 0 ? 1 : read / all
    },
  }
}
