/** Replays in a thread of their own: what is live has its own threads, and does not wait for them. */
import type { MessagePort } from 'node:worker_threads'
import { followErasures } from '../../storage/erasure/tombstones.ts'
import { connectTraces } from '../../storage/traces/remote.ts'
import { startReplayRunner } from '../../workers/replay/runner.ts'
import { type LogSource, openLog } from '../log-source.ts'
import { inTurn, runRole } from './run-role.ts'

export interface ReplayData {
  log: LogSource
  /** The other end answers as the traces store, which lives on the main thread. */
  traces: MessagePort
}

await runRole(async (context) => {
  const data = context.data as ReplayData
  const log = await openLog(data.log, context.problem)
  const erased = await followErasures({ log, nowMs: Date.now, onProblem: context.problem })
  const runner = await startReplayRunner({
    log,
    erased,
    traces: connectTraces(data.traces),
    nowMs: Date.now,
    onNotice: context.notice,
    onProblem: context.problem,
  })
  return {
    info: null,
    // A replay keeps the definitions that it began with.
    setDefinitions: () => {},
    call: async (method) => {
      if (method === 'stats') return runner.stats()
      throw new Error(`replays have no method ${method}`)
    },
    drain: () => inTurn([() => runner.drain(), () => erased.close(), () => log.close()]),
  }
})
