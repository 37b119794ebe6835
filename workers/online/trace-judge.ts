/**
 * Judges settled traces, completed from the store where they may lack spans. One that can't be completed yet, because the store does
 * not answer or has not come that far in the log, is `unknown` for being cut, or not judged at all where it is most likely the late end
 * of one that was; it is judged again, in a next revision, when the store has the rest, by whoever has its partition then.
 */
import type { Evaluator } from '../../engine/evaluate/evaluator.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { EvalResult, Reason } from '../../engine/model/result.ts'
import type { UnsettledTrace } from '../../storage/unsettled-notes.ts'
import type { DueTrace, TraceAssembly } from './assembly.ts'
import type { DeadlyTraces, Judged } from './deadly-traces.ts'
import { withMaskedTexts } from './masked-texts.ts'
import type { ReadBack } from './read-back.ts'
import { complete, mayBeIncomplete, NOTHING_SAID, spansOf, type TraceInMemory } from './traces-in-memory.ts'
import { type Waiting, WaitingTraces } from './waiting-traces.ts'

const LOOK_EVERY_MS = 1_000
const CUT: Reason = { code: 'truncated', field: 'trace' }

export class TraceJudge {
  readonly #readBack: ReadBack | null
  readonly #onProblem: (text: string) => void
  readonly #deadly: DeadlyTraces | null
  #waiting = new WaitingTraces()
  #lookedAtMs = Number.NEGATIVE_INFINITY
  readonly stats = { settledTraces: 0, settledEarly: 0, revisions: 0, readBack: 0, unjudgedPieces: 0, cutTraces: 0 }

  /** Without `readBack`, a trace is judged by what is known of it; without `deadly`, whatever it does to the process. */
  constructor(readBack: ReadBack | null, onProblem: (text: string) => void, deadly: DeadlyTraces | null = null) {
    this.#readBack = readBack
    this.#deadly = deadly
    this.#onProblem = onProblem
  }

  /** Traces that are to be judged again. */
  get waiting(): WaitingTraces {
    return this.#waiting
  }

  /** Before the first trace of partitions that were taken over. Rejects when the log does not answer. */
  async begin(): Promise<void> {
    await this.#readBack?.begin()
  }

  /** What waited when the partition was another's. */
  resume(partition: number, unsettled: readonly UnsettledTrace[], evaluatorOf: (tenant: string) => Evaluator): void {
    for (const one of unsettled) this.#waiting.resume(partition, one, evaluatorOf(one.tenant))
  }

  async judge(due: readonly DueTrace[], assembly: TraceAssembly, nowMs: number): Promise<EvalResult[]> {
    const waiting = this.#waiting
    const traces = due.map(({ trace }) => trace)
    for (const trace of traces) waiting.rejoin(trace)
    const doubted = await this.#askOfLateEnds(traces, assembly)
    await this.#complete(
      traces.filter(mayBeIncomplete).map((trace) => ({ trace, assembly, partition: assembly.partition })),
    )
    // Taken away meanwhile.
    if (waiting !== this.#waiting) return []
    const results: EvalResult[] = []
    for (const { trace, cause } of due) {
      const isCut = mayBeIncomplete(trace)
      // A piece without the root of a trace that began before our time is most likely the late end of one that was judged:
      // a verdict on it alone would replace that one's.
      if (!trace.hasRoot && isCut) {
        this.stats.unjudgedPieces++
        this.#wait({ trace, assembly, told: trace.revision - 1, isDoubted: false })
        continue
      }
      this.stats.settledTraces++
      if (cause === 'overflow') this.stats.settledEarly++
      if (trace.revision > 1) this.stats.revisions++
      const judged = this.#judgeCarefully(trace, assembly.partition, nowMs, cause === 'overflow')
      const found = judged instanceof Promise ? await judged : judged
      if (found === 'lost' || waiting !== this.#waiting) return []
      if (found === 'aside') {
        waiting.settle(trace, assembly.partition)
        continue
      }
      if (!isCut || this.#readBack === null) {
        for (const result of found) results.push(result)
        if (doubted.has(trace)) this.#wait({ trace, assembly, told: trace.revision, isDoubted: true })
        else waiting.settle(trace, assembly.partition)
      } else {
        this.stats.cutTraces++
        for (const result of found) results.push(asCut(result))
        this.#wait({ trace, assembly, told: trace.revision - 1, isDoubted: false })
      }
    }
    return results
  }

  /**
   * Those that waited for the store and are complete by now. Asks nothing while none waits, or the store is left alone.
   * `assemblyOf` tells which are open again, to be judged when they settle.
   */
  async judgeWaiting(
    nowMs: number,
    assemblyOf: (partition: number) => TraceAssembly | null | undefined,
  ): Promise<EvalResult[]> {
    const waiting = this.#waiting
    if (waiting.size === 0 || this.#readBack === null) return []
    if (Math.abs(nowMs - this.#lookedAtMs) < LOOK_EVERY_MS) return []
    this.#lookedAtMs = nowMs
    const left = waiting.notOpen(assemblyOf)
    const doubted = left.filter(({ trace, isDoubted }) => isDoubted && !mayBeIncomplete(trace))
    const answers = await this.#readBack.haveMore(doubted)
    for (const { trace } of doubted) if (answers.get(trace)) trace.isPiece = true
    const asked = left.filter(({ trace }) => mayBeIncomplete(trace))
    await this.#complete(asked)
    if (waiting !== this.#waiting) return []
    for (const { trace, partition } of doubted) if (answers.get(trace) === false) waiting.settle(trace, partition)
    const results: EvalResult[] = []
    for (const { trace, assembly, partition, told } of asked) {
      if (mayBeIncomplete(trace)) continue
      if (told === 0) this.stats.settledTraces++
      else {
        trace.revision = Math.max(trace.revision, told + 1)
        this.stats.revisions++
      }
      const judged = this.#judgeCarefully(trace, partition, nowMs)
      const found = judged instanceof Promise ? await judged : judged
      if (found === 'lost' || waiting !== this.#waiting) return []
      if (found !== 'aside') for (const result of found) results.push(result)
      waiting.settle(trace, partition)
      // Nobody else remembers in which revision it was judged.
      if (assembly === null) waiting.tell(trace)
    }
    return results
  }

  /** The partitions are another's now. */
  forget(): void {
    this.#waiting = new WaitingTraces()
    this.#readBack?.forget()
  }

  #wait(one: Omit<Waiting, 'partition'> & { assembly: TraceAssembly }): void {
    if (this.#readBack !== null) this.#waiting.add({ ...one, partition: one.assembly.partition })
  }

  /** Those of which the store cannot tell whether they are the late end of another; what it tells is noted in the trace. */
  async #askOfLateEnds(traces: readonly TraceInMemory[], assembly: TraceAssembly): Promise<ReadonlySet<TraceInMemory>> {
    const asked = this.#readBack === null ? [] : traces.filter((trace) => assembly.mayBeLateEnd(trace))
    if (asked.length === 0 || this.#readBack === null) return new Set()
    const answers = await this.#readBack.haveMore(asked.map((trace) => ({ trace, partition: assembly.partition })))
    for (const trace of asked) if (answers.get(trace)) trace.beganBefore = true
    return new Set(asked.filter((trace) => !answers.has(trace)))
  }

  /** Noted before, while it may be what the processes before died of; else it waits for nothing. */
  #judgeCarefully(trace: TraceInMemory, partition: number, nowMs: number, isEarly = false): Judged | Promise<Judged> {
    const judgeOne = () => this.#judgeOne(trace, nowMs, isEarly)
    return this.#deadly?.isCareful(partition) ? this.#deadly.judge(trace, partition, judgeOne) : judgeOne()
  }

  #judgeOne(trace: TraceInMemory, nowMs: number, isEarly = false): readonly EvalResult[] {
    const { tenant, traceId, evaluator, said, lastAtMs } = trace
    if (trace.spanCount === 0) return []
    try {
      const settled = { tenant, traceId, spans: spansOf(trace), isEarly }
      let results = evaluator.onTrace(settled, trace.revision, nowMs, lastAtMs)
      if (trace.hasMaskedTexts) results = results.map((result) => withMaskedTexts(result, evaluator.plan))
      trace.said = NOTHING_SAID
      if (!results.some((result) => said.some((before) => contradicts(result, before)))) return results
      trace.revision++
      return results.map((result) => ({ ...result, revision: trace.revision }))
    } catch (error) {
      this.#onProblem(`trace ${traceId} could not be judged: ${messageOf(error)}`)
      return []
    }
  }

  async #complete(asked: readonly Pick<Waiting, 'trace' | 'assembly' | 'partition'>[]): Promise<void> {
    if (this.#readBack === null || asked.length === 0) return
    const assemblies = new Map(asked.map(({ trace, assembly }) => [trace, assembly]))
    for (const [trace, stored] of await this.#readBack.read(asked)) {
      const assembly = assemblies.get(trace)
      if (assembly) assembly.amend(trace, stored)
      else complete(trace, stored)
      this.stats.readBack++
    }
  }
}

/** Of one subject, under one definition, in one revision: of two verdicts only one would be seen. */
function contradicts(result: EvalResult, before: EvalResult): boolean {
  if (result.verdict === before.verdict && result.score === before.score) return false
  if (result.evalId !== before.evalId || result.spanId !== before.spanId) return false
  return result.measureHash === before.measureHash && result.verdictHash === before.verdictHash
}

/** In a revision below all others: what was, or will be, said of the trace as a whole counts more, whatever the store can tell by now. */
function asCut(result: EvalResult): EvalResult {
  if (result.verdict === 'error') return { ...result, revision: 0 }
  return { ...result, revision: 0, verdict: 'unknown', score: undefined, reason: CUT, evidence: [] }
}
