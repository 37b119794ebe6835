/** The scheduler and the worker of offline evals, in a thread of their own: starting their queue never holds up ingestion. */
import type { MessagePort } from 'node:worker_threads'
import type { JudgePlan, Plan } from '../../dsl/plan.ts'
import { plansOfOne } from '../../storage/definitions/plans.ts'
import type { OfflineControl } from '../../storage/queue/offline-control.ts'
import { QueueError } from '../../storage/queue/port.ts'
import type { RedisSettings } from '../../storage/redis/redis-url.ts'
import { StateError } from '../../storage/state/port.ts'
import { connectTraces } from '../../storage/traces/remote.ts'
import type { WorkerSettings } from '../../workers/offline/offline-options.ts'
import type { SpendingSettings } from '../../workers/offline/prices.ts'
import type { ProviderSettings } from '../../workers/offline/providers.ts'
import { startOffline } from '../../workers/offline/start.ts'
import { type LogSource, openLog } from '../log-source.ts'
import { CannotStart, runRole } from './run-role.ts'

export interface OfflineData {
  /** Where the queue and the state live unless they are on Redis. */
  dataDir: string
  log: LogSource
  tenant: string
  plan: Plan
  /** The other end answers as the traces store, which lives on the main thread. */
  traces: MessagePort
  redis: RedisSettings | null
  providers: readonly ProviderSettings[]
  defaultJudge: JudgePlan | null
  spending: SpendingSettings
  worker: WorkerSettings
}

/** A method of `OfflineControl` with its arguments. */
export interface ControlCall {
  name: keyof OfflineControl
  args: readonly unknown[]
}

await runRole(async (context) => {
  const data = context.data as OfflineData
  let plan = data.plan
  const listeners: (() => void)[] = []
  const log = await openLog(data.log, context.notice)
  const traces = connectTraces(data.traces)
  const offline = await startOffline({
    log,
    traces,
    queue: { redis: data.redis, dataDir: data.dataDir },
    definitions: {
      ...plansOfOne(data.tenant, () => plan),
      onChange: (changed) => listeners.push(changed),
    },
    providers: data.providers,
    defaultJudge: data.defaultJudge,
    spending: data.spending,
    ...data.worker,
    nowMs: Date.now,
    onNotice: context.notice,
  }).catch(async (error: unknown) => {
    await log.close()
    throw error instanceof QueueError || error instanceof StateError ? new CannotStart(error.message) : error
  })
  return {
    info: { backend: offline.backend },
    setDefinitions: (next) => {
      plan = next
      for (const changed of listeners) changed()
    },
    call: async (method, argument) => {
      if (method === 'control') {
        const { name, args } = argument as ControlCall
        // Both ends are one build: the arguments are those of the method.
        const ask = offline[name] as (...all: readonly unknown[]) => Promise<unknown>
        return ask(...args)
      }
      if (method === 'judging') return offline.judging()
      if (method === 'cacheStats') return offline.cacheStats()
      throw new Error(`offline evals have no method ${method}`)
    },
    drain: async () => {
      await offline.drain()
      await log.close()
    },
  }
})
