/** What the offline role is started with, and what it is then. */
import type { JudgePlan } from '../../dsl/plan.ts'
import type { TenantPlans } from '../../storage/definitions/plans.ts'
import type { Log } from '../../storage/log/port.ts'
import type { OfflineControl } from '../../storage/queue/offline-control.ts'
import type { QueueConfig } from '../../storage/queue/open-queue.ts'
import type { RunState } from '../../storage/queue/port.ts'
import type { ScorecardTraces } from '../../storage/scorecards/gather.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import type { SpendingSettings } from './prices.ts'
import type { ProvidersHealth } from './provider-levels.ts'
import type { ProviderSettings } from './providers.ts'
import type { OfflineTraces } from './run.ts'

export type OfflinePart = 'scheduler' | 'worker'

/** As the configuration has them. */
export interface WorkerSettings {
  /** Subjects that this process judges at the same time; 32 by default. */
  callsAtOnce?: number
  /** After this long a run whose process died is taken up again; 30 s by default. */
  lockMs?: number
}

export interface OfflineOptions extends WorkerSettings {
  log: Pick<Log, 'append' | 'ensureTopics' | 'read' | 'openConsumer' | 'committed' | 'endOffsets' | 'offsetsForTime'>
  traces: OfflineTraces &
    Pick<TracesStore, 'resultHistory' | 'judgeSpend' | 'contrastTraces' | 'insertResults' | 'searchTraces'> &
    ScorecardTraces
  /** Where the queue is, and the state that instances share: both on Redis, or both in the data folder. */
  queue: QueueConfig
  definitions: TenantPlans & {
    /** Calls back after each change of the definitions in force. */
    onChange(changed: () => void): void
  }
  providers: readonly ProviderSettings[]
  /** Asked by metrics whose eval names no judge. */
  defaultJudge?: JudgePlan | null
  /** Prices of judges, without which no budget can be kept, and what tenants may spend. */
  spending?: SpendingSettings
  nowMs: () => number
  /** One plain sentence for people, each once: no provider, a lost queue, a failed run. */
  onNotice: (message: string) => void
  /** What this process does of it; both unless told. With neither it only takes requests for runs. */
  parts?: readonly OfflinePart[]
  /** The check of a day of the store against the log: enqueued where the scheduler is, run where the workers are. */
  checkDay?: (day: string) => Promise<void>
  /** Runs that are planned at the same time; 2 by default. */
  runsAtOnce?: number
  /** For one judge call; 30 s by default. */
  judgeTimeoutMs?: number
  /** A run that finds the store or the log away is tried again after this long, however often; 10 s by default. */
  outageWaitMs?: number
  /** A paused run looks so often whether it is still; every 5 s by default. */
  pausedLookMs?: number
  /** Waits of retries and of manual runs; for tests. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

export interface Offline extends OfflineControl {
  readonly backend: 'redis' | 'pglite'
  runState(tenant: string, runId: string): Promise<RunState>
  /** How many are in force, of all tenants. */
  evals(): number
  /** Which providers take calls, as all workers know it. */
  judging(): Promise<ProvidersHealth>
  /** Answers that were found in the cache, and those that were not. */
  cacheStats(): { hits: number; misses: number }
  /** Stops: judge calls in flight are broken off, runs go back to the queue, everything judged is durable. */
  drain(): Promise<void>
}
