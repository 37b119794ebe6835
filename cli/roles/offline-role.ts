/**
 * The main thread's hold on offline evals and on what else has a schedule. Their thread and their queue start in the background when the
 * first of it comes into force, so that who has none does not pay for them; they may be asked for before they are there.
 */

import { MessageChannel } from 'node:worker_threads'
import type { JudgePlan, Plan } from '../../dsl/plan.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { OfflineControl, Refused } from '../../storage/queue/offline-control.ts'
import { QueueError } from '../../storage/queue/port.ts'
import type { RedisSettings } from '../../storage/redis/redis-url.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { serveTraces } from '../../storage/traces/remote.ts'
import type { TracingSettings } from '../../storage/tracing/open-tracing.ts'
import type { WorkerSettings } from '../../workers/offline/offline-options.ts'
import type { SpendingSettings } from '../../workers/offline/prices.ts'
import type { ProvidersHealth } from '../../workers/offline/provider-levels.ts'
import type { ProviderSettings } from '../../workers/offline/providers.ts'
import type { LogSource } from '../log-source.ts'
import type { ThreadMetrics } from '../metrics/collect.ts'
import type { ControlCall, OfflineData } from './offline-thread.ts'
import { RoleRefused, type RoleThread, startRole } from './role-thread.ts'

export type OfflineState =
  | { kind: 'starting' }
  | { kind: 'ok'; backend: string }
  /** The rest goes on without it. */
  | { kind: 'failed'; message: string }
  | { kind: 'off' }

interface OfflineInfo {
  backend: string
}

export interface OfflineStart {
  dataDir: string
  log: LogSource
  tenant: string
  redis: RedisSettings | null
  providers: readonly ProviderSettings[]
  defaultJudge: JudgePlan | null
  spending: SpendingSettings
  worker: WorkerSettings
  traces: TracesStore
  /** What its thread traces of itself. */
  tracing: TracingSettings | null
  onNotice: (text: string) => void
  onProblem: (text: string) => void
  onLost: (name: string, reason: string) => void
}

/** What a scheduler is needed for: runs of offline evals, scorecards, and what alerts on changes and anomalies compare with. */
const isScheduled = ({ evals, scorecards, alerts }: Plan): boolean =>
  evals.some(({ kind }) => kind === 'offline') ||
  scorecards.length > 0 ||
  alerts.some(({ when }) => when.kind !== 'threshold')

export class OfflineRole {
  state: OfflineState = { kind: 'off' }
  readonly #options: OfflineStart
  #starting: Promise<RoleThread<OfflineInfo> | null> | null = null

  constructor(options: OfflineStart) {
    this.#options = options
  }

  /** Returns at once. A queue that can't be opened leaves the rest running, and is said. */
  setDefinitions(plan: Plan): void {
    if (this.#starting !== null) void this.#starting.then((role) => role?.setDefinitions(plan))
    else if (isScheduled(plan)) this.#starting = this.#start(plan)
  }

  #start(plan: Plan): Promise<RoleThread<OfflineInfo> | null> {
    const options = this.#options
    const { port1, port2 } = new MessageChannel()
    serveTraces(port1, options.traces)
    const data: OfflineData = {
      dataDir: options.dataDir,
      log: options.log,
      tenant: options.tenant,
      plan,
      traces: port2,
      redis: options.redis,
      providers: options.providers,
      defaultJudge: options.defaultJudge,
      spending: options.spending,
      worker: options.worker,
    }
    this.state = { kind: 'starting' }
    return startRole<OfflineInfo>({
      name: 'offline',
      module: new URL('./offline-thread.ts', import.meta.url),
      data,
      transfer: [port2],
      tracing: this.#options.tracing,
      parseInfo: (raw) => raw as OfflineInfo,
      onNotice: options.onNotice,
      onProblem: options.onProblem,
      onLost: options.onLost,
    }).then(
      (role) => {
        this.state = { kind: 'ok', backend: role.info.backend }
        return role
      },
      (error: unknown) => {
        if (!(error instanceof RoleRefused)) {
          options.onLost('offline', messageOf(error))
          return null
        }
        this.state = { kind: 'failed', message: error.message }
        options.onProblem(`Offline evals do not run: ${error.message}`)
        return null
      },
    )
  }

  /** Each waits for the queue where it is still starting. */
  readonly control: OfflineControl = {
    runNow: (...args) => this.#orRefused('runNow', args),
    pause: (...args) => this.#orRefused('pause', args),
    resume: (...args) => this.#orRefused('resume', args),
    cancel: (...args) => this.#orRefused('cancel', args),
    status: (...args) => this.#orThrown('status', args, []),
    runs: (...args) => this.#orThrown('runs', args, []),
    run: (...args) => this.#orThrown('run', args, null),
  }

  async #orRefused<T>(name: ControlCall['name'], args: readonly unknown[]): Promise<T | Refused> {
    const role = await this.#starting
    if (role !== null) return (await role.call('control', { name, args } satisfies ControlCall)) as T
    if (this.state.kind === 'off') return { ok: false, code: 'not_supported', message: 'no offline eval is in force' }
    return { ok: false, code: 'queue_unavailable', message: this.#whyNoQueue() }
  }

  /** `none`: where no offline eval is in force. */
  async #orThrown<T>(name: ControlCall['name'], args: readonly unknown[], none: T): Promise<T> {
    const role = await this.#starting
    if (role !== null) return (await role.call('control', { name, args } satisfies ControlCall)) as T
    if (this.state.kind === 'off') return none
    throw new QueueError('unavailable', this.#whyNoQueue())
  }

  #whyNoQueue(): string {
    return this.state.kind === 'failed' ? this.state.message : 'the queue of offline evals could not be opened'
  }

  /** Level `no_provider` while the role is not there. */
  async judging(): Promise<ProvidersHealth> {
    const role = this.state.kind === 'ok' ? await this.#starting : null
    const none: ProvidersHealth = { level: 'no_provider', shared: true, providers: [] }
    if (role === null) return none
    // A thread that has ended stops Assay, and says so by itself.
    return (await role.call('judging', null).catch(() => none)) as ProvidersHealth
  }

  /** Of the answers of judges that are kept; null while the role is not there. */
  async cacheStats(): Promise<{ hits: number; misses: number } | null> {
    const role = this.state.kind === 'ok' ? await this.#starting : null
    return role === null ? null : ((await role.call('cacheStats', null)) as { hits: number; misses: number })
  }

  /** Of its thread; none while there is no such. */
  async metrics(): Promise<ThreadMetrics> {
    const role = this.state.kind === 'ok' ? await this.#starting : null
    return role === null ? [] : ((await role.call('metrics', null)) as ThreadMetrics)
  }

  async drain(): Promise<void> {
    const role = await this.#starting
    await role?.drain()
    this.#starting = null
    this.state = { kind: 'off' }
  }
}
