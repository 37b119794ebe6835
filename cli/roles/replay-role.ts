/** The main thread's hold on replays. Their thread starts with the first that is asked for, or was under way at the last end. */
import { MessageChannel } from 'node:worker_threads'
import { messageOf } from '../../engine/message-of.ts'
import type { Log } from '../../storage/log/port.ts'
import { ReplayBook } from '../../storage/replays/book.ts'
import { isWanted } from '../../storage/replays/replay.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { serveTraces } from '../../storage/traces/remote.ts'
import type { TracingSettings } from '../../storage/tracing/open-tracing.ts'
import type { Counters } from '../health.ts'
import type { LogSource } from '../log-source.ts'
import type { ThreadMetrics } from '../metrics/collect.ts'
import type { ReplayData } from './replay-thread.ts'
import { type RoleThread, startRole } from './role-thread.ts'

export interface ReplayStart {
  log: LogSource
  traces: TracesStore
  /** What its thread traces of itself. */
  tracing: TracingSettings | null
  onNotice: (text: string) => void
  onProblem: (text: string) => void
}

export class ReplayRole {
  readonly #options: ReplayStart
  #starting: Promise<RoleThread<null> | null> | null = null

  constructor(options: ReplayStart) {
    this.#options = options
  }

  /** Rejects with `LogError`. */
  async startIfUnfinished(log: Log): Promise<void> {
    const book = new ReplayBook(log)
    await book.refresh()
    if (book.runs().some(isWanted)) this.ensureStarted()
  }

  /** Returns at once. One that cannot start is told, and the next that is asked for tries again. */
  ensureStarted(): void {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#options.onProblem(`replays do not run: ${messageOf(error)}`)
      this.#starting = null
      return null
    })
  }

  #start(): Promise<RoleThread<null>> {
    const { log, traces, onNotice, onProblem } = this.#options
    const { port1, port2 } = new MessageChannel()
    serveTraces(port1, traces)
    return startRole<null>({
      name: 'replay',
      module: new URL('./replay-thread.ts', import.meta.url),
      data: { log, traces: port2 } satisfies ReplayData,
      transfer: [port2],
      tracing: this.#options.tracing,
      parseInfo: () => null,
      onNotice,
      onProblem,
      // What is live goes on without it.
      onLost: (_, reason) => {
        this.#starting = null
        onProblem(`replays ended: ${reason}; the next that is asked for, or resumed, starts them again`)
      },
    })
  }

  /** Empty while there was none. */
  async stats(): Promise<Counters> {
    const role = await this.#starting
    return role ? ((await role.call('stats', null)) as Counters) : {}
  }

  /** Of its thread; none while there is no such. */
  async metrics(): Promise<ThreadMetrics> {
    const role = await this.#starting
    return role ? ((await role.call('metrics', null)) as ThreadMetrics) : []
  }

  async drain(): Promise<void> {
    const role = await this.#starting
    await role?.drain()
  }
}
