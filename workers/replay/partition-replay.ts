/**
 * One partition of `agent-traces` again. Spans that the log took in the window are judged, and traces whose first span it took then:
 * reading begins a little earlier, to know which traces had begun, and ends when the last of them has settled.
 */
import type { SpanParts } from '../../engine/conventions/normalise.ts'
import type { Evaluator } from '../../engine/evaluate/evaluator.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { Log, LogRecord } from '../../storage/log/port.ts'
import { tenantOf } from '../../storage/log/tenant-of.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import type { ReplayCounts, ReplayRequest } from '../../storage/replays/replay.ts'
import { TraceAssembly } from '../online/assembly.ts'
import type { AssemblyTimes } from '../online/assembly-times.ts'
import { defaultJoinBudget, type JoinedSpan, MessageJoin, readJoined } from '../online/message-join.ts'
import type { ReadBack } from '../online/read-back.ts'
import { TraceJudge } from '../online/trace-judge.ts'
import { type AssemblyBudget, defaultBudget } from '../online/traces-in-memory.ts'
import type { ReplayStep } from './reader.ts'

export interface PartitionReplayParts {
  log: Log
  request: ReplayRequest
  evaluator: Evaluator
  spanParts: SpanParts
  readBack: ReadBack
  /** Counted into. */
  counts: ReplayCounts
  nowMs: () => number
  onProblem: (text: string) => void
  times: AssemblyTimes
}

/** About a thousand spans: some 15 ms of work. */
const READ_BYTES = 1 << 20
const READ_RECORDS = 1_000

/** At the end, for a store that has not come so far; what it lacks then stays as it was told. */
const MOST_WAIT_MS = 600_000
const LOOK_MS = 1_000

/** Half of what the live processor may keep, in a process that has it too. */
function budgetOfReplay(): AssemblyBudget {
  const live = defaultBudget()
  return {
    ...live,
    maxTraces: live.maxTraces / 2,
    maxSpans: live.maxSpans / 2,
    maxBytes: live.maxBytes / 2,
    maxSettledBytes: live.maxSettledBytes / 2,
    maxKnownIds: live.maxKnownIds / 2,
  }
}

export class PartitionReplay {
  readonly #parts: PartitionReplayParts
  readonly #extent: ReplayRequest['partitions'][number]
  /** Everything before this was judged by the replay before a restart: read for what is open then, not judged again. */
  readonly #resumeAt: number
  readonly #judge: TraceJudge
  /** Nothing is committed here that could be held. */
  readonly #messages = new MessageJoin(defaultJoinBudget(), 0)
  #assembly: TraceAssembly | null = null
  #next = 0
  /** From when it has read all: it waits for the store since. */
  #readAtMs: number | null = null
  isDone = false

  constructor(
    parts: PartitionReplayParts,
    extent: ReplayRequest['partitions'][number],
    /** Null at the first time. */
    resumeAt: number | null,
  ) {
    this.#parts = parts
    this.#extent = extent
    this.#resumeAt = Math.max(extent.start, resumeAt ?? extent.start)
    this.#judge = new TraceJudge(parts.readBack, parts.onProblem)
  }

  get nextOffset(): number {
    return Math.max(this.#next, this.#resumeAt)
  }

  async step(): Promise<ReplayStep> {
    const { log, nowMs } = this.#parts
    const step: ReplayStep = { results: [], spans: 0 }
    const { partition, start, end } = this.#extent
    if (start >= end) {
      this.isDone = true
      return step
    }
    if (this.#assembly === null) await this.#begin()
    await this.#judgeWaiting(step)
    if (this.#readAtMs !== null) return this.#end(step)
    const records = await log.read(AGENT_TRACES, partition, this.#next, READ_RECORDS, READ_BYTES)
    for (const record of records) {
      // What retention took is as good as read, but it is told.
      if (this.#next >= this.#resumeAt)
        this.#parts.counts.gone += Math.min(end, record.offset) - Math.min(end, this.#next)
      await this.#take(record, step)
      this.#next = record.offset + 1
      if (this.#next >= end && !this.#waitsForTraces()) return this.#end(step)
    }
    if (records.length > 0) return step
    // There is no more: time alone goes on, and what has not settled by now is left out.
    this.#assembly!.advance(nowMs())
    await this.#settle(step, true)
    return this.#end(step)
  }

  /** Where a first reading begins to know what is open, and where one that goes on finds everything that may be. */
  async #begin(): Promise<void> {
    const { log, request, times } = this.#parts
    const { partition, start } = this.#extent
    const at = async (timeMs: number): Promise<number> =>
      (await log.offsetsForTime(AGENT_TRACES, timeMs)).find((one) => one.partition === partition)?.offset ?? start
    let from = await at(request.fromMs - times.holdMs)
    if (this.#resumeAt > start) {
      const [resumed] = await log.read(AGENT_TRACES, partition, this.#resumeAt, 1, 1)
      if (resumed !== undefined) {
        from = Math.max(from, await at(resumed.appendTimeMs - times.maxOpenMs - times.idleMs))
      }
    }
    const [first] = await log.read(AGENT_TRACES, partition, from, 1, 1)
    this.#next = Math.min(first?.offset ?? from, this.#resumeAt)
    // Before the first offset there is nothing that could have been missed.
    const knowsSinceMs = first === undefined || first.offset === 0 ? Number.NEGATIVE_INFINITY : first.appendTimeMs
    this.#assembly = new TraceAssembly({ times, budget: budgetOfReplay(), partition, knowsSinceMs })
  }

  async #take(record: LogRecord, step: ReplayStep): Promise<void> {
    const { request, evaluator, spanParts, counts, nowMs, onProblem } = this.#parts
    const { start, end } = this.#extent
    const assembly = this.#assembly!
    assembly.advance(record.appendTimeMs)
    const isNew = record.offset >= this.#resumeAt
    await this.#settle(step, isNew)
    const tenant = tenantOf(record)
    if (tenant !== request.tenant) return
    const isJudged = isNew && record.offset >= start && record.offset < end
    if (isJudged) counts.records++
    let spans: readonly JoinedSpan[]
    try {
      const outcome = readJoined(record, this.#messages, record.appendTimeMs, { parts: spanParts })
      if (!outcome.ok) {
        if (isJudged) counts.undecodable++
        return
      }
      spans = outcome.spans
    } catch {
      if (isJudged) counts.undecodable++
      return
    }
    step.spans += spans.length
    if (isJudged) counts.spans += spans.length
    try {
      for (const { span, revision } of spans) {
        if (isJudged) this.#keep(evaluator.onSpan(span, nowMs(), undefined, revision), step)
        assembly.add(span, record.offset, evaluator)
      }
    } catch (error) {
      if (!isJudged) return
      counts.failed++
      onProblem(
        `a record cannot be evaluated: ${record.topic}/${record.partition}/${record.offset}: ${messageOf(error)}`,
      )
    }
  }

  /** Judges what is due of the window's traces; the others were due before, or are another window's. */
  async #settle(step: ReplayStep, isNew: boolean): Promise<void> {
    const { request, counts, nowMs } = this.#parts
    const due = this.#assembly!.takeDue()
    if (due.length === 0 || !isNew) return
    const own = due.filter(({ trace }) => trace.firstAtMs >= request.fromMs && trace.firstAtMs < request.toMs)
    if (own.length === 0) return
    this.#keep(await this.#judge.judge(own, this.#assembly!, nowMs()), step)
    counts.traces += own.length
    const { stats } = this.#judge
    counts.unjudgedPieces += stats.unjudgedPieces
    counts.cutTraces += stats.cutTraces
    stats.unjudgedPieces = 0
    stats.cutTraces = 0
  }

  /** Those that the store has by now are judged after all, and no longer counted among those that are not. */
  async #judgeWaiting(step: ReplayStep): Promise<void> {
    const { counts, nowMs } = this.#parts
    const { stats, waiting } = this.#judge
    const [pieces, cut] = [waiting.pieces, waiting.cut]
    this.#keep(await this.#judge.judgeWaiting(nowMs(), () => this.#assembly), step)
    // Where a run goes on after a restart, it may be that they were counted before that.
    counts.unjudgedPieces -= pieces - waiting.pieces
    counts.cutTraces -= cut - waiting.cut
    stats.unjudgedPieces = 0
    // The log is of no use to what is read anew after a restart.
    waiting.takeNews()
  }

  #keep(results: readonly EvalResult[], step: ReplayStep): void {
    for (const result of results) step.results.push(result)
  }

  /** A trace of the window is open. */
  #waitsForTraces(): boolean {
    const openAtMs = this.#assembly!.oldestOpenAtMs
    return openAtMs !== null && openAtMs < this.#parts.request.toMs
  }

  #end(step: ReplayStep): ReplayStep {
    const { request, counts, nowMs } = this.#parts
    this.#readAtMs ??= nowMs()
    if (this.#judge.waiting.size > 0 && nowMs() - this.#readAtMs < MOST_WAIT_MS) return { ...step, waitMs: LOOK_MS }
    counts.openTraces += this.#assembly!.openTracesBegunIn(request.fromMs, request.toMs)
    this.#assembly!.drop()
    this.isDone = true
    return step
  }
}
