/**
 * Trans, the evaluate loop: runs the online evals in force on every span as it comes and on every trace as it settles, and appends
 * what they say to `eval-results`. Offsets are committed after that, and held back for open traces. It needs no store; with one
 * it completes traces that were open for longer than their offsets were held when the process before it ended.
 */

import type { Plan } from '../../dsl/plan.ts'
import { UnreadConventions } from '../../engine/conventions/unread.ts'
import {
  compileEvaluator,
  type EvalLedger,
  type Evaluator,
  type EvaluatorOptions,
} from '../../engine/evaluate/evaluator.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { DEFAULT_TENANT } from '../../storage/access/principal.ts'
import type { TenantPlans } from '../../storage/definitions/plans.ts'
import type { Erased, Tombstone } from '../../storage/erasure/tombstones.ts'
import { faultPoint } from '../../storage/fault-point.ts'
import { deadLetter } from '../../storage/log/dead-letter.ts'
import { InHand, type Processed } from '../../storage/log/in-hand.ts'
import type { Consumer, Log, LogRecord } from '../../storage/log/port.ts'
import { tenantOf } from '../../storage/log/tenant-of.ts'
import { AGENT_TRACES, DEAD_LETTERS, EVAL_RESULTS, UNSETTLED_TRACES } from '../../storage/log/topics.ts'
import { type AssemblyTimes, DEFAULT_TIMES } from './assembly.ts'
import type { EvaluateLoopStats } from './evaluate-stats.ts'
import { Evaluators } from './evaluators.ts'
import type { LiveAgents } from './live/live-agents.ts'
import { defaultJoinBudget, type JoinedSpan, readJoined } from './message-join.ts'
import { PartitionProgress } from './partition-progress.ts'
import { ReadBack, type ReadBackStore, resultsEnd, storedUpTo } from './read-back.ts'
import { resultRecords } from './result-records.ts'
import { isWorthSaying, retryForever } from './retry.ts'
import { MACHINE, type Runtime } from './runtime.ts'
import { TraceJudge } from './trace-judge.ts'
import { type AssemblyBudget, defaultBudget } from './traces-in-memory.ts'
import { tryEvaluation } from './try-evaluation.ts'
import { readUnsettled, unsettledRecords } from './unsettled-traces.ts'

export interface EvaluateLoopOptions {
  log: Log
  /** The plan in force of each tenant; asked for each record, and compiled when its hash is a new one. */
  definitions: Pick<TenantPlans, 'current'>
  /** What is not to be judged, although the log has it. */
  erased?: Erased
  /** Milliseconds since the epoch. */
  nowMs: () => number
  /** A line for the operator. */
  onProblem?: (text: string) => void
  /** To complete traces that were open before a restart. */
  traces?: ReadBackStore
  times?: Partial<AssemblyTimes>
  budget?: Partial<AssemblyBudget>
  groupId?: string
  /** Of the store loop: what it has not come to, the store lacks. */
  storeGroupId?: string
  /** How often a process may die with a record alone in hand before that is put aside: 3. */
  maxAttempts?: number
  /** `compileEvaluator`, or what wraps it. */
  compile?: (plan: Plan, options: EvaluatorOptions) => Evaluator
  runtime?: Runtime
  /** Hears of every span and verdict, as they come. */
  live?: LiveAgents
}

export type { EvaluateLoopStats } from './evaluate-stats.ts'

export interface EvaluateLoop {
  stats(): EvaluateLoopStats
  /** How the subjects of each eval of the tenant ended since its definitions in force were taken up. */
  ledger(tenant: string): EvalLedger[]
  /** Lets go of the traces, open or judged, with all that is known of them. */
  forget(erased: Pick<Tombstone, 'tenant' | 'traceIds'>): void
  /** Commits what is done with and leaves the group. Open traces come again. */
  drain(): Promise<void>
}

/** About a thousand spans: some 15 ms of work between two looks at the clock and at what else the thread has to do. */
const FETCH_BYTES = 1 << 20
const IDLE_WAIT_MS = 1_000
/** A trace that is due waits for the records before that; while these cannot be read yet, the loop must not spin. */
const MIN_WAIT_MS = 5
/** A commit is a transaction of its own; what it saves is only work after a restart. */
const COMMIT_INTERVAL_MS = 250

export async function startEvaluateLoop(options: EvaluateLoopOptions): Promise<EvaluateLoop> {
  const loop = new Loop(options)
  await loop.start()
  return loop
}

class Loop implements EvaluateLoop {
  readonly #options: EvaluateLoopOptions
  readonly #runtime: Runtime
  readonly #stop = new AbortController()
  readonly #judge: TraceJudge
  readonly #inHand: InHand
  readonly #evaluators: Evaluators
  readonly #unread: UnreadConventions
  readonly #budget: AssemblyBudget
  readonly #joinBudget = defaultJoinBudget()
  readonly #times: AssemblyTimes
  readonly #partitions = new Map<number, PartitionProgress>()
  #consumer!: Consumer
  #running: Promise<void> = Promise.resolve()
  /** Of the partitions; null from when they are taken away, which may be in the middle of a turn, until there are others. */
  #tenure: object | null = null
  /** For this tenure, what waited with the owners before is known. */
  #takenOverIn: object | null = null
  #lastCommitMs = Number.NEGATIVE_INFINITY
  readonly #stats = {
    spans: 0,
    results: 0,
    verdicts: { pass: 0, fail: 0, unknown: 0, error: 0 },
    undecodable: 0,
    deadLetters: 0,
    batches: 0,
    lastBatchSpans: 0,
    outages: 0,
    evaluatedUpToMs: 0,
  }

  constructor(options: EvaluateLoopOptions) {
    this.#options = options
    this.#runtime = options.runtime ?? MACHINE
    const { definitions, compile = compileEvaluator, onProblem } = options
    this.#evaluators = new Evaluators(definitions, compile, onProblem)
    // So that its first span need not wait for it.
    this.#evaluators.of(DEFAULT_TENANT)
    this.#budget = { ...defaultBudget(), ...options.budget }
    this.#times = { ...DEFAULT_TIMES, ...options.times }
    const { traces, nowMs } = options
    this.#unread = new UnreadConventions((line) => options.onProblem?.(line))
    this.#judge = new TraceJudge(
      traces === undefined
        ? null
        : new ReadBack({
            traces,
            nowMs,
            sleep: this.#runtime.sleep,
            storedUpTo: () => storedUpTo(options),
            resultsEnd: () => resultsEnd(options.log),
          }),
      (text) => options.onProblem?.(text),
    )
    this.#inHand = new InHand({
      log: options.log,
      groupId: this.#groupId,
      tryRecord: async (record) => {
        const { evaluator, parts } = this.#evaluators.anew(tenantOf(record))
        tryEvaluation(record, evaluator, parts)
      },
      retry: (attempt) => this.#retried(attempt),
      alone: this.#runtime.alone,
      onProblem: options.onProblem,
      onPutAside: () => this.#stats.deadLetters++,
      maxAttempts: options.maxAttempts,
    })
  }

  get #groupId(): string {
    return this.#options.groupId ?? 'trans-evaluate'
  }

  async start(): Promise<void> {
    this.#consumer = await this.#options.log.openConsumer({
      groupId: this.#groupId,
      topics: [AGENT_TRACES],
      startFrom: 'earliest',
      onAssign: async () => {
        this.#tenure = {}
        this.#options.live?.begin(this.#options.nowMs())
      },
      onRevoke: () => this.#onRevoke(),
    })
    this.#inHand.use(this.#consumer)
    this.#running = this.#loop()
  }

  stats(): EvaluateLoopStats {
    let openTraces = 0
    for (const { assembly } of this.#partitions.values()) openTraces += assembly?.openTraces ?? 0
    return {
      ...this.#stats,
      verdicts: { ...this.#stats.verdicts },
      ...this.#judge.stats,
      unreadConvention: this.#unread.spans,
      openTraces,
      waitingForStore: this.#judge.waiting.size,
    }
  }

  ledger(tenant: string): EvalLedger[] {
    return this.#evaluators.of(tenant).evaluator.ledger()
  }

  forget({ tenant, traceIds }: Pick<Tombstone, 'tenant' | 'traceIds'>): void {
    for (const { assembly } of this.#partitions.values()) assembly?.erase(tenant, traceIds)
  }

  async drain(): Promise<void> {
    this.#stop.abort()
    await this.#running
    try {
      await this.#inHand.release(this.#toCommit())
    } catch (error) {
      // What is not committed is evaluated again at the next start, by the same ids.
      this.#options.onProblem?.(`evaluation stopped without its last commit: ${messageOf(error)}`)
    }
    await this.#consumer.close()
  }

  async #loop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#turn()
      } catch (error) {
        if (this.#stop.signal.aborted) {
          // What this turn read is not appended: it must not be committed either.
          this.#forgetPartitions()
          return
        }
        // What was read and not appended is read again: nothing is remembered of it.
        this.#options.onProblem?.(`evaluation starts again from the last commit: ${messageOf(error)}`)
        await this.#runtime.sleep(1_000, this.#stop.signal)
        this.#rewind()
      }
    }
  }

  async #turn(): Promise<void> {
    const records = await this.#consumer.fetch({
      maxBytes: FETCH_BYTES,
      maxWaitMs: this.#waitMs(),
      signal: this.#stop.signal,
    })
    const nowMs = this.#options.nowMs()
    const results: EvalResult[] = []
    let spans = 0
    const tenure = this.#tenure
    // What was read before partitions were taken away must not count as in hand in the next tenure.
    if (tenure === null) return
    if (this.#takenOverIn !== tenure) await this.#takeOver(tenure)
    // Otherwise they are another's by now.
    if (tenure !== this.#tenure || !(await this.#inHand.admit(records))) return
    for (const record of records) {
      // The rest is read again by whoever has the partition next.
      if (tenure !== this.#tenure) break
      spans += await this.#evaluate(record, nowMs, results)
    }
    await this.#advanceDue(nowMs)
    for (const progress of this.#partitions.values()) await this.#settle(progress, nowMs, results)
    results.push(...(await this.#judge.judgeWaiting(nowMs, (of) => this.#partitions.get(of)?.assembly)))
    await this.#append(results)
    await this.#noteUnsettled()
    for (const progress of this.#partitions.values()) {
      progress.appended(!this.#inHand.isAsideFull(progress.topicPartition), nowMs)
    }
    this.#options.live?.readTo(records.length === 0 ? nowMs : Math.max(...records.map((one) => one.appendTimeMs)))
    if (records.length > 0) {
      this.#stats.spans += spans
      this.#stats.batches++
      this.#stats.lastBatchSpans = spans
      for (const { appendTimeMs } of records) {
        this.#stats.evaluatedUpToMs = Math.max(this.#stats.evaluatedUpToMs, appendTimeMs)
      }
    }
    if (nowMs - this.#lastCommitMs >= COMMIT_INTERVAL_MS || nowMs < this.#lastCommitMs) {
      this.#lastCommitMs = nowMs
      await this.#commit()
    }
  }

  /** Where every record was read, time goes on without records; elsewhere the records to come say what time it is. */
  async #advanceDue(nowMs: number): Promise<void> {
    const due = [...this.#partitions.values()].filter((progress) => progress.isDue(nowMs))
    if (due.length === 0) return
    const extents = await this.#options.log.endOffsets(AGENT_TRACES)
    for (const progress of due) if (progress.hasReadAll(extents)) progress.advance(nowMs)
  }

  /** Until a trace is due or a commit is. */
  #waitMs(): number {
    let waitMs = IDLE_WAIT_MS
    const nowMs = this.#options.nowMs()
    for (const progress of this.#partitions.values()) {
      const dueMs = progress.assembly?.nextDueMs() ?? null
      if (dueMs !== null) waitMs = Math.min(waitMs, dueMs - nowMs)
      if (progress.hasUncommitted()) waitMs = Math.min(waitMs, COMMIT_INTERVAL_MS)
    }
    return Math.max(MIN_WAIT_MS, waitMs)
  }

  /** The number of spans in the record. */
  async #evaluate(record: LogRecord, nowMs: number, results: EvalResult[]): Promise<number> {
    const tenant = tenantOf(record)
    const { evaluator, parts } = this.#evaluators.of(tenant)
    const progress = this.#progressOf(record, tenant, evaluator)
    progress.advance(record.appendTimeMs)
    await this.#settle(progress, nowMs, results)
    // Taken away meanwhile.
    if (this.#partitions.get(record.partition) !== progress) return 0
    progress.readUpTo(record.offset)
    if (this.#inHand.isAside(record)) return 0
    let spans: readonly JoinedSpan[]
    try {
      const outcome = readJoined(record, progress.messages, nowMs, { parts, unread: this.#unread })
      if (!outcome.ok) {
        this.#stats.undecodable++
        return 0
      }
      spans = outcome.spans
    } catch {
      this.#stats.undecodable++
      return 0
    }
    this.#options.live?.addSpans(
      spans.filter(({ revision }) => revision === 1).map(({ span }) => span),
      record.appendTimeMs,
    )
    try {
      for (const { span, revision } of spans) {
        if (this.#options.erased?.covers(span, record.appendTimeMs) === true) continue
        for (const result of evaluator.onSpan(span, nowMs, record.appendTimeMs, revision)) results.push(result)
        progress.assembly?.add(span, record.offset, evaluator)
      }
    } catch (error) {
      // A bug in evaluating: the record is put aside, for the partition has to go on.
      this.#stats.deadLetters++
      const letter = deadLetter(record, this.#groupId, 'failed', messageOf(error))
      await this.#retried(() => this.#options.log.append(DEAD_LETTERS, [letter]))
      this.#options.onProblem?.(`a record was put aside in dead-letters: ${letter.key}: ${messageOf(error)}`)
    }
    return spans.length
  }

  async #settle(progress: PartitionProgress, nowMs: number, results: EvalResult[]): Promise<void> {
    const due = progress.assembly?.takeDue() ?? []
    if (due.length === 0) return
    for (const result of await this.#judge.judge(due, progress.assembly!, nowMs)) results.push(result)
  }

  async #append(results: readonly EvalResult[]): Promise<void> {
    if (results.length === 0) return
    const records = resultRecords(results)
    faultPoint('evaluate.before-append')
    await this.#retried(() => this.#options.log.append(EVAL_RESULTS, records))
    faultPoint('evaluate.after-append')
    this.#stats.results += results.length
    for (const { verdict } of results) this.#stats.verdicts[verdict]++
    this.#options.live?.addResults(results)
  }

  /** Before what they were read from is committed: whoever has the partition next finds them there. */
  async #noteUnsettled(): Promise<void> {
    const news = this.#judge.waiting.takeNews()
    if (news.length === 0) return
    const { log } = this.#options
    await this.#retried(async () =>
      log.append(UNSETTLED_TRACES, unsettledRecords(news, await log.partitionsOf(UNSETTLED_TRACES))),
    )
  }

  /** What the owners before have left to be judged when the store has it; their last words come before ours. */
  async #takeOver(tenure: object): Promise<void> {
    const { log, traces } = this.#options
    if (traces !== undefined) {
      await this.#retried(() => this.#judge.begin())
      for (const { partition } of this.#consumer.assignment()) {
        const unsettled = await this.#retried(() => readUnsettled(log, partition))
        if (tenure !== this.#tenure) return
        this.#judge.resume(partition, unsettled, (tenant) => this.#evaluators.of(tenant).evaluator)
      }
    }
    this.#takenOverIn = tenure
  }

  #retried<T>(attempt: () => Promise<T>): Promise<T> {
    return retryForever(attempt, {
      sleep: this.#runtime.sleep,
      signal: this.#stop.signal,
      onFailure: (error, count) => {
        this.#stats.outages++
        if (isWorthSaying(count)) this.#options.onProblem?.(`evaluation waits for the log: ${messageOf(error)}`)
      },
    })
  }

  #progressOf(record: LogRecord, tenant: string, evaluator: Evaluator): PartitionProgress {
    let progress = this.#partitions.get(record.partition)
    if (progress === undefined) {
      progress = new PartitionProgress(record.partition, this.#times, this.#budget, this.#joinBudget)
      this.#partitions.set(record.partition, progress)
    }
    progress.assembleIf(evaluator.needsTraces, tenant, record)
    return progress
  }

  async #commit(): Promise<void> {
    const offsets = this.#toCommit()
    if (offsets.length === 0) return
    const outcome = await this.#inHand.commit(offsets)
    faultPoint('evaluate.after-commit')
    // Fenced: the next fetch joins again, and reads from what was committed before.
    if (outcome.ok) for (const { partition, offset } of offsets) this.#partitions.get(partition)?.committed(offset)
  }

  #toCommit(): Processed[] {
    return [...this.#partitions.values()].flatMap((progress) => progress.toCommit() ?? [])
  }

  async #onRevoke(): Promise<void> {
    this.#tenure = null
    try {
      await this.#inHand.release(this.#toCommit())
    } finally {
      this.#forgetPartitions()
    }
  }

  #forgetPartitions(): void {
    for (const { assembly, messages } of this.#partitions.values()) {
      assembly?.drop()
      messages.drop()
    }
    this.#judge.forget()
    this.#takenOverIn = null
    this.#partitions.clear()
  }

  #rewind(): void {
    this.#options.live?.begin(this.#options.nowMs())
    const starts = [...this.#partitions.values()].map((progress) => progress.restart())
    this.#forgetPartitions()
    const assigned = new Set(this.#consumer.assignment().map(({ partition }) => partition))
    for (const start of starts) if (assigned.has(start.partition)) this.#consumer.seek(start)
  }
}
