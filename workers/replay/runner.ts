/**
 * Runs replays, one after the other, oldest first. Whoever owns the one partition of the topic `replays` runs them: when that
 * process dies, another takes over where the last checkpoint stands. Nothing of it goes through the groups of the live loops.
 *
 * Written in this order: results, checkpoint. A crash in between writes the same results again, under the same keys.
 */

import { restrictPlan } from '../../engine/backtest/restrict-plan.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { Erased } from '../../storage/erasure/tombstones.ts'
import type { Consumer, Log } from '../../storage/log/port.ts'
import { EVAL_RESULTS, REPLAYS } from '../../storage/log/topics.ts'
import { ReplayBook } from '../../storage/replays/book.ts'
import {
  isWanted,
  NO_COUNTS,
  planOf,
  type ReplayCounts,
  type ReplayPosition,
  type ReplayProgress,
  type ReplayRun,
} from '../../storage/replays/replay.ts'
import { type TracesStore, UnstorableError } from '../../storage/traces/port.ts'
import { type AssemblyTimes, DEFAULT_TIMES } from '../online/assembly-times.ts'
import { resultRecords } from '../online/result-records.ts'
import { isWorthSaying } from '../online/retry.ts'
import { MACHINE } from '../online/runtime.ts'
import { openLogReader } from './log-reader.ts'
import type { ReplayReader } from './reader.ts'
import { openStoreReader } from './store-reader.ts'

export const REPLAY_GROUP = 'replay'

export interface ReplayRunnerOptions {
  log: Log
  /** Migrated. */
  traces: TracesStore
  nowMs: () => number
  /** A line for the operator: what begins and ends. */
  onNotice: (text: string) => void
  /** A line for the operator: what is wrong. */
  onProblem: (text: string) => void
  times?: Partial<AssemblyTimes>
  /** Of which nothing is to be said, although the log has it. */
  erased?: Erased
}

export interface ReplayRunnerStats {
  /** Of all runs since the process started. */
  spans: number
  results: number
  outages: number
  running: number
}

export interface ReplayRunner {
  stats(): ReplayRunnerStats
  /** Ends between two steps; what is under way goes on at the next start. */
  drain(): Promise<void>
}

const FETCH_BYTES = 1 << 20
const IDLE_WAIT_MS = 1_000
/** Between two looks at what is wanted, while a replay runs. */
const LOOK_MS = 500
const WRITE_ROWS = 10_000
const WRITE_INTERVAL_MS = 1_000
const RETRY_MS = { first: 200, longest: 5_000 }

/** Resolves when it has joined; the topic `replays` is there. */
export async function startReplayRunner(options: ReplayRunnerOptions): Promise<ReplayRunner> {
  const runner = new Runner(options)
  runner.consumer = await options.log.openConsumer({
    groupId: REPLAY_GROUP,
    topics: [REPLAYS],
    startFrom: 'latest',
    onRevoke: async () => runner.letGo(),
  })
  const running = runner.loop()
  return {
    stats: () => ({ ...runner.stats, running: runner.isRunning ? 1 : 0 }),
    drain: async () => {
      runner.stop.abort()
      await running
      await runner.consumer.close()
    },
  }
}

interface Active {
  run: ReplayRun
  reader: ReplayReader
  /** At the last checkpoint before the reader was opened. */
  before: ReplayCounts
  /** Since the last checkpoint. */
  results: EvalResult[]
  written: number
  writtenAtMs: number
  /** A step was taken since the last checkpoint. */
  hasNews: boolean
  /** When the pace allows the next step. */
  nextAtMs: number
  isAtEnd: boolean
}

class Runner {
  readonly stop = new AbortController()
  readonly stats = { spans: 0, results: 0, outages: 0 }
  consumer!: Consumer
  readonly #options: ReplayRunnerOptions
  readonly #book: ReplayBook
  #active: Active | null = null
  #failures = 0
  #lookedAtMs = Number.NEGATIVE_INFINITY

  constructor(options: ReplayRunnerOptions) {
    this.#options = options
    this.#book = new ReplayBook(options.log)
  }

  get isRunning(): boolean {
    return this.#active !== null
  }

  letGo(): void {
    this.#active = null
    this.#lookedAtMs = Number.NEGATIVE_INFINITY
  }

  async loop(): Promise<void> {
    const { nowMs, onProblem } = this.#options
    while (!this.stop.signal.aborted) {
      try {
        const signs = await this.consumer.fetch({
          maxBytes: FETCH_BYTES,
          maxWaitMs: this.#waitMs(nowMs()),
          signal: this.stop.signal,
        })
        if (this.stop.signal.aborted) break
        if (this.consumer.assignment().length === 0) this.letGo()
        else await this.#turn(signs.length > 0)
        this.#failures = 0
      } catch (error) {
        // An outage of the log or the store: it is waited for, and nothing is given up.
        this.stats.outages++
        this.#failures++
        const delayMs = Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** (this.#failures - 1))
        if (isWorthSaying(this.#failures)) onProblem(`a replay waits: ${messageOf(error)}`)
        await MACHINE.sleep(delayMs, this.stop.signal)
      }
    }
  }

  /** How long the fetch, which is a sign of life to the group as well, may take. */
  #waitMs(nowMs: number): number {
    const active = this.#active
    if (active === null) return IDLE_WAIT_MS
    return Math.min(LOOK_MS, Math.max(0, active.nextAtMs - nowMs))
  }

  async #turn(hasSigns: boolean): Promise<void> {
    const { nowMs } = this.#options
    const startMs = nowMs()
    if (hasSigns || this.#active === null || startMs - this.#lookedAtMs >= LOOK_MS) {
      await this.#book.refresh()
      this.#lookedAtMs = startMs
      await this.#choose()
    }
    if (this.#active !== null) await this.#work(this.#active)
  }

  /** Goes on with what it runs while that is wanted, else takes the next. */
  async #choose(): Promise<void> {
    const { onNotice } = this.#options
    if (this.#active !== null) {
      const { tenant, runId } = this.#active.run.request
      const now = this.#book.get(tenant, runId)
      if (now !== null && isWanted(now) && now.wish.attempt === this.#active.run.wish.attempt) return
      onNotice(`${runId} stopped: assay replay --resume ${runId} goes on with it`)
      this.#active = null
    }
    const next = this.#book.runs().find(isWanted)
    if (next === undefined) return
    try {
      this.#active = this.#open(next)
    } catch (error) {
      // Nothing is read yet: its definitions are what cannot be used, now or later.
      await this.#fail(next, next.progress, messageOf(error))
    }
  }

  async #fail(run: ReplayRun, progress: ReplayProgress | null, trouble: string): Promise<void> {
    const { nowMs, onProblem } = this.#options
    const { position = null, counts = NO_COUNTS, done = 0 } = progress ?? {}
    const { runId } = run.request
    const attempt = run.wish.attempt
    await this.#book.report(run, { state: 'failed', attempt, done, position, counts, atMs: nowMs(), trouble })
    onProblem(`${runId} failed: ${trouble}`)
  }

  #open(run: ReplayRun): Active {
    const { nowMs, onNotice } = this.#options
    const { request, progress } = run
    if (progress?.attempt !== run.wish.attempt) {
      const period = `${new Date(request.fromMs).toISOString()} to ${new Date(request.toMs).toISOString()}`
      onNotice(`${request.runId} ${progress === null ? 'begins' : 'goes on'}: ${period}, from the ${request.source}`)
    }
    return {
      run,
      reader: this.#readerOf(run, progress?.position ?? null),
      before: progress?.counts ?? NO_COUNTS,
      results: [],
      written: 0,
      writtenAtMs: nowMs(),
      hasNews: false,
      nextAtMs: nowMs(),
      isAtEnd: false,
    }
  }

  #readerOf(run: ReplayRun, position: ReplayPosition | null): ReplayReader {
    const { log, traces, nowMs, onProblem, times } = this.#options
    const { request } = run
    const plan = restrictPlan(planOf(run), request.evalIds)
    if (request.source === 'store') {
      return openStoreReader({ traces, request, plan, position: position?.kind === 'store' ? position : null, nowMs })
    }
    return openLogReader({
      log,
      traces,
      request,
      plan,
      position: position?.kind === 'log' ? position : null,
      nowMs,
      onProblem: (text) => onProblem(`${request.runId}: ${text}`),
      times: { ...DEFAULT_TIMES, ...times },
    })
  }

  async #work(active: Active): Promise<void> {
    const { nowMs } = this.#options
    const { request } = active.run
    const startMs = nowMs()
    if (!active.isAtEnd && active.nextAtMs <= startMs && active.results.length < WRITE_ROWS) {
      const step = await this.#step(active)
      // Another runs it by now, from the last checkpoint.
      if (this.#active !== active) return
      if (step === null) active.isAtEnd = true
      else {
        this.#take(active, step.results)
        active.hasNews = true
        this.stats.spans += step.spans
        // From its start: time that was spent on the step counts towards the pace.
        active.nextAtMs = startMs + (step.spans / request.spansPerSecond) * 1000 + (step.waitMs ?? 0)
      }
    }
    const isDue = active.results.length >= WRITE_ROWS || nowMs() - active.writtenAtMs >= WRITE_INTERVAL_MS
    if (active.isAtEnd || (active.hasNews && isDue)) await this.#write(active)
  }

  /** A step that fails is taken again by a reader of the last checkpoint: it may have read half of what it was to give. */
  async #step(active: Active) {
    try {
      return await active.reader.next()
    } catch (error) {
      this.letGo()
      throw error
    }
  }

  #take(active: Active, results: readonly EvalResult[]): void {
    const { runId, evalIds } = active.run.request
    const wanted = new Set(evalIds)
    for (const result of results) {
      if (this.#options.erased?.coversTrace(result.tenant, result.traceId) === true) continue
      // Without the time of arrival: with it, alerts would leave the result out as one of a catch-up.
      if (wanted.has(result.evalId)) active.results.push({ ...result, runId, subjectArrivedAtMs: undefined })
    }
  }

  async #write(active: Active): Promise<void> {
    const { log, traces, nowMs, onNotice } = this.#options
    const { request, wish } = active.run
    const { results } = active
    try {
      if (results.length > 0 && request.alerts) await log.append(EVAL_RESULTS, resultRecords(results))
      // The token is of no use to a batch that other bounds have cut anew after a crash; the rows' keys are.
      else if (results.length > 0) {
        await traces.insertResults(
          results,
          `${request.runId.replace('@', ':')}:${wish.attempt}:${active.writtenAtMs}:${active.written}`,
        )
      }
    } catch (error) {
      if (!(error instanceof UnstorableError)) throw error
      await this.#fail(active.run, this.#book.get(request.tenant, request.runId)?.progress ?? null, messageOf(error))
      this.letGo()
      return
    }
    // Taken away meanwhile: the checkpoint is another's to write, and its results have the same keys.
    if (this.#active !== active) return
    active.written += results.length
    this.stats.results += results.length
    active.results = []
    active.writtenAtMs = nowMs()
    active.hasNews = false
    await this.#report(active)
    if (!active.isAtEnd || this.#active !== active) return
    onNotice(`${request.runId} is done: ${(active.before.results + active.written).toLocaleString('en-GB')} results`)
    this.letGo()
  }

  /** The checkpoint. */
  async #report({ run, reader, before, written, isAtEnd }: Active): Promise<void> {
    const counts = Object.fromEntries(
      Object.entries(reader.counts).map(([name, count]) => [name, count + before[name as keyof ReplayCounts]]),
    ) as unknown as ReplayCounts
    await this.#book.report(run, {
      state: isAtEnd ? 'done' : 'running',
      attempt: run.wish.attempt,
      done: isAtEnd ? 1 : reader.done(),
      position: reader.position(),
      counts: { ...counts, results: before.results + written },
      atMs: this.#options.nowMs(),
      trouble: null,
    })
  }
}
