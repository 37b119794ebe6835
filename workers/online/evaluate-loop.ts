/**
 * Trans, the evaluate loop: runs the online evals in force on every span as it comes and on every trace as it settles, and appends
 * what they say to `eval-results`. Offsets are committed after that, and held back for open traces. It needs no store; with one
 * it completes traces that were open for longer than their offsets were held when the process before it ended.
 */

import { UnreadConventions } from '../../engine/conventions/unread.ts'
import { compileEvaluator, type EvalLedger } from '../../engine/evaluate/evaluator.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { EvalResult, Verdict } from '../../engine/model/result.ts'
import { DEFAULT_TENANT } from '../../storage/access/principal.ts'
import type { Tombstone } from '../../storage/erasure/tombstones.ts'
import { faultPoint } from '../../storage/fault-point.ts'
import { deadLetter } from '../../storage/log/dead-letter.ts'
import { InHand } from '../../storage/log/in-hand.ts'
import type { Consumer, LogRecord } from '../../storage/log/port.ts'
import { tenantOf } from '../../storage/log/tenant-of.ts'
import { AGENT_TRACES, DEAD_LETTERS, EVAL_RESULTS } from '../../storage/log/topics.ts'
import { evalLabel, evaluateBatchSpans, evalVerdicts } from '../../storage/metrics/registry.ts'
import { BatchOrigin } from '../../storage/tracing/record-headers.ts'
import { tracedBatch, tracedResults } from '../../storage/tracing/traced-batch.ts'
import type { TracedSpan } from '../../storage/tracing/tracer.ts'
import { DeadlyTraces } from './deadly-traces.ts'
import type { EvaluateLoop, EvaluateLoopOptions } from './evaluate-options.ts'
import type { EvaluateLoopStats } from './evaluate-stats.ts'
import { Evaluators } from './evaluators.ts'
import { HandOver } from './hand-over.ts'
import { type JoinedSpan, readJoined } from './message-join.ts'
import type { PartitionProgress } from './partition-progress.ts'
import { COMMIT_INTERVAL_MS, Partitions } from './partitions.ts'
import { ReadBack, resultsEnd, storedUpTo } from './read-back.ts'
import { resultRecords } from './result-records.ts'
import { isWorthSaying, retryForever } from './retry.ts'
import { MACHINE, type Runtime } from './runtime.ts'
import { TraceJudge } from './trace-judge.ts'
import { tryEvaluation } from './try-evaluation.ts'

export type { EvaluateLoop, EvaluateLoopOptions } from './evaluate-options.ts'
export type { EvaluateLoopStats } from './evaluate-stats.ts'

/** About a thousand spans: some 15 ms of work between two looks at the clock and at what else the thread has to do. */
const FETCH_BYTES = 1 << 20
const NO_VERDICTS: Readonly<Record<Verdict, number>> = { pass: 0, fail: 0, unknown: 0, error: 0 }

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
  readonly #handOver: HandOver
  readonly #evaluators: Evaluators
  readonly #unread: UnreadConventions
  readonly #partitions: Partitions
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
    verdicts: { ...NO_VERDICTS },
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
    this.#partitions = new Partitions(options.times, options.budget)
    this.#unread = new UnreadConventions((line) => options.onProblem?.(line))
    const retry = <T>(attempt: () => Promise<T>) => this.#retried(attempt)
    const { log, maxAttempts } = options
    const groupId = this.#groupId
    this.#inHand = new InHand({
      log,
      groupId,
      tryRecord: async (record) => {
        const { evaluator, parts } = this.#evaluators.anew(tenantOf(record))
        tryEvaluation(record, evaluator, parts)
      },
      retry,
      alone: this.#runtime.alone,
      onProblem,
      onPutAside: () => this.#stats.deadLetters++,
      maxAttempts,
    })
    const onPutAside = (letters: number) => {
      this.#stats.deadLetters += letters
    }
    this.#judge = new TraceJudge(
      this.#readBack(),
      (text) => onProblem?.(text),
      new DeadlyTraces({ log, inHand: this.#inHand, groupId, retry, onProblem, onPutAside }),
    )
    const evaluatorOf = (tenant: string) => this.#evaluators.of(tenant).evaluator
    this.#handOver = new HandOver({ log, judge: this.#judge, retry, evaluatorOf })
  }

  #readBack(): ReadBack | null {
    const { traces, nowMs, log } = this.#options
    if (traces === undefined) return null
    return new ReadBack({
      traces,
      nowMs,
      sleep: this.#runtime.sleep,
      storedUpTo: () => storedUpTo(this.#options),
      resultsEnd: () => resultsEnd(log),
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
    return {
      ...this.#stats,
      verdicts: { ...this.#stats.verdicts },
      ...this.#judge.stats,
      unreadConvention: this.#unread.spans,
      openTraces: this.#partitions.openTraces,
      waitingForStore: this.#judge.waiting.size,
    }
  }

  ledger(tenant: string): EvalLedger[] {
    return this.#evaluators.of(tenant).evaluator.ledger()
  }

  forget({ tenant, traceIds }: Pick<Tombstone, 'tenant' | 'traceIds'>): void {
    for (const { assembly } of this.#partitions.all()) assembly?.erase(tenant, traceIds)
  }

  async drain(): Promise<void> {
    this.#stop.abort()
    await this.#running
    try {
      await this.#inHand.release(this.#partitions.toCommit())
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
      maxWaitMs: this.#partitions.waitMs(this.#options.nowMs()),
      signal: this.#stop.signal,
    })
    await tracedBatch('evaluate batch', BatchOrigin.of(records), (span) => this.#take(records, span))
  }

  async #take(records: readonly LogRecord[], span: TracedSpan): Promise<void> {
    const nowMs = this.#options.nowMs()
    const results: EvalResult[] = []
    let spans = 0
    const tenure = this.#tenure
    // What was read before partitions were taken away must not count as in hand in the next tenure.
    if (tenure === null) return
    if (this.#takenOverIn !== tenure) {
      const isStillOurs = () => tenure === this.#tenure
      // Without a store, nothing waits for it.
      if (this.#options.traces !== undefined) await this.#handOver.takeOver(this.#consumer.assignment(), isStillOurs)
      this.#takenOverIn = tenure
    }
    // Otherwise they are another's by now.
    if (tenure !== this.#tenure || !(await this.#inHand.admit(records))) return
    for (const record of records) {
      // The rest is read again by whoever has the partition next.
      if (tenure !== this.#tenure) break
      spans += await this.#evaluate(record, nowMs, results)
    }
    await this.#partitions.advanceDue(nowMs, this.#options.log)
    for (const progress of this.#partitions.all()) await this.#settle(progress, nowMs, results)
    results.push(...(await this.#judge.judgeWaiting(nowMs, this.#partitions.assemblyOf)))
    await this.#append(results)
    await this.#handOver.note()
    for (const progress of this.#partitions.all()) {
      progress.appended(!this.#inHand.isAsideFull(progress.topicPartition), nowMs)
    }
    this.#options.live?.readTo(records.length === 0 ? nowMs : Math.max(...records.map((one) => one.appendTimeMs)))
    if (records.length > 0) {
      this.#stats.spans += spans
      this.#stats.batches++
      this.#stats.lastBatchSpans = spans
      evaluateBatchSpans.observe(spans)
      span.set({ 'assay.spans': spans, 'assay.results': results.length })
      for (const { appendTimeMs } of records) {
        this.#stats.evaluatedUpToMs = Math.max(this.#stats.evaluatedUpToMs, appendTimeMs)
      }
    }
    if (nowMs - this.#lastCommitMs >= COMMIT_INTERVAL_MS || nowMs < this.#lastCommitMs) {
      this.#lastCommitMs = nowMs
      await this.#commit()
    }
  }

  /** The number of spans in the record. */
  async #evaluate(record: LogRecord, nowMs: number, results: EvalResult[]): Promise<number> {
    const tenant = tenantOf(record)
    const { evaluator, parts } = this.#evaluators.of(tenant)
    const progress = this.#partitions.of(record, tenant, evaluator)
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
    await tracedResults('settled traces', results, () =>
      this.#retried(() => this.#options.log.append(EVAL_RESULTS, records)),
    )
    faultPoint('evaluate.after-append')
    this.#count(results)
    this.#options.live?.addResults(results)
  }

  /** The metrics are told of a batch at once: to be told of each result costs more than to encode it. */
  #count(results: readonly EvalResult[]): void {
    this.#stats.results += results.length
    const byEval = new Map<string, Record<Verdict, number>>()
    for (const { evalId, verdict } of results) {
      this.#stats.verdicts[verdict]++
      const counts = byEval.get(evalId)
      if (counts !== undefined) counts[verdict]++
      else byEval.set(evalId, { ...NO_VERDICTS, [verdict]: 1 })
    }
    for (const [evalId, counts] of byEval) {
      for (const verdict of Object.keys(counts) as Verdict[]) {
        if (counts[verdict] > 0) evalVerdicts.inc({ eval: evalLabel(evalId), verdict }, counts[verdict])
      }
    }
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

  async #commit(): Promise<void> {
    const offsets = this.#partitions.toCommit()
    if (offsets.length === 0) return
    const outcome = await this.#inHand.commit(offsets)
    faultPoint('evaluate.after-commit')
    // Fenced: the next fetch joins again, and reads from what was committed before.
    if (outcome.ok) for (const { partition, offset } of offsets) this.#partitions.get(partition)?.committed(offset)
  }

  async #onRevoke(): Promise<void> {
    this.#tenure = null
    try {
      await this.#inHand.release(this.#partitions.toCommit())
    } finally {
      this.#forgetPartitions()
    }
  }

  #forgetPartitions(): void {
    this.#partitions.forget()
    this.#judge.forget()
    this.#takenOverIn = null
  }

  #rewind(): void {
    this.#options.live?.begin(this.#options.nowMs())
    const starts = [...this.#partitions.all()].map((progress) => progress.restart())
    this.#forgetPartitions()
    const assigned = new Set(this.#consumer.assignment().map(({ partition }) => partition))
    for (const start of starts) if (assigned.has(start.partition)) this.#consumer.seek(start)
  }
}
