/**
 * Judges settled traces, completed from the store where they may lack spans. One that can't be completed yet, because the store does
 * not answer or has not come that far in the log, is `unknown` for being cut, or not judged at all where it is most likely the late end
 * of one that was; it is judged again, in a next revision, when the store has the rest.
 */
import { messageOf } from '../../engine/message-of.ts'
import type { EvalResult, Reason } from '../../engine/model/result.ts'
import type { DueTrace, TraceAssembly } from './assembly.ts'
import { withMaskedTexts } from './masked-texts.ts'
import type { ReadBack } from './read-back.ts'
import { mayBeIncomplete, type TraceInMemory } from './traces-in-memory.ts'

interface Waiting {
  readonly assembly: TraceAssembly
  /** The revision in which it was told to be cut; null when nothing was told. */
  readonly toldRevision: number | null
}

/** More than these would keep the store busy with questions for long when it is back; the oldest stay as they were told. */
const MAX_WAITING = 5_000
const LOOK_EVERY_MS = 1_000
const CUT: Reason = { code: 'truncated', field: 'trace' }

export class TraceJudge {
  readonly #readBack: ReadBack | null
  readonly #onProblem: (text: string) => void
  /** In order of settling. Only those that their assembly still keeps: it is what bounds their memory. */
  readonly #waiting = new Map<TraceInMemory, Waiting>()
  #lookedAtMs = Number.NEGATIVE_INFINITY
  readonly stats = { settledTraces: 0, settledEarly: 0, revisions: 0, readBack: 0, unjudgedPieces: 0, cutTraces: 0 }

  /** Without `readBack`, a trace is judged by what is known of it. */
  constructor(readBack: ReadBack | null, onProblem: (text: string) => void) {
    this.#readBack = readBack
    this.#onProblem = onProblem
  }

  /** Traces that are to be judged again. */
  get waiting(): number {
    return this.#waiting.size
  }

  async judge(due: readonly DueTrace[], assembly: TraceAssembly, nowMs: number): Promise<EvalResult[]> {
    await this.#complete(due.map(({ trace }) => trace).filter(mayBeIncomplete), () => assembly)
    const results: EvalResult[] = []
    for (const { trace, cause } of due) {
      this.#waiting.delete(trace)
      const isCut = mayBeIncomplete(trace)
      // A piece without the root of a trace that began before our time is most likely the late end of one that was judged:
      // a verdict on it alone would replace that one's.
      if (!trace.hasRoot && isCut) {
        this.stats.unjudgedPieces++
        this.#wait(trace, { assembly, toldRevision: null })
        continue
      }
      this.stats.settledTraces++
      if (cause === 'overflow') this.stats.settledEarly++
      if (trace.revision > 1) this.stats.revisions++
      const found = this.#judgeOne(trace, nowMs, cause === 'overflow')
      if (!isCut || this.#readBack === null) results.push(...found)
      else {
        this.stats.cutTraces++
        for (const result of found) results.push(asCut(result))
        this.#wait(trace, { assembly, toldRevision: trace.revision })
      }
    }
    return results
  }

  /** Those that waited for the store and are complete by now. Asks nothing while none waits, or the store is left alone. */
  async judgeWaiting(nowMs: number): Promise<EvalResult[]> {
    if (this.#waiting.size === 0 || this.#readBack === null) return []
    if (Math.abs(nowMs - this.#lookedAtMs) < LOOK_EVERY_MS) return []
    this.#lookedAtMs = nowMs
    for (const [trace, { assembly }] of this.#waiting) if (!assembly.keepsSettled(trace)) this.#waiting.delete(trace)
    const before = new Map(this.#waiting)
    await this.#complete([...before.keys()], (trace) => before.get(trace)!.assembly)
    const results: EvalResult[] = []
    for (const [trace, { assembly, toldRevision }] of before) {
      if (mayBeIncomplete(trace) || !assembly.keepsSettled(trace)) continue
      this.#waiting.delete(trace)
      if (toldRevision === null) this.stats.settledTraces++
      else {
        trace.revision = Math.max(trace.revision, toldRevision + 1)
        this.stats.revisions++
      }
      for (const result of this.#judgeOne(trace, nowMs)) results.push(result)
    }
    return results
  }

  /** The partitions are another's now. */
  forget(): void {
    this.#waiting.clear()
  }

  #wait(trace: TraceInMemory, waiting: Waiting): void {
    if (this.#readBack === null) return
    this.#waiting.set(trace, waiting)
    for (const [oldest] of this.#waiting) {
      if (this.#waiting.size <= MAX_WAITING) return
      this.#waiting.delete(oldest)
    }
  }

  #judgeOne(trace: TraceInMemory, nowMs: number, isEarly = false): readonly EvalResult[] {
    const { tenant, traceId, spans, evaluator, revision, lastAtMs } = trace
    try {
      const results = evaluator.onTrace(
        { tenant, traceId, spans: [...spans.values()], isEarly },
        revision,
        nowMs,
        lastAtMs,
      )
      return trace.hasMaskedTexts ? results.map((result) => withMaskedTexts(result, evaluator.plan)) : results
    } catch (error) {
      this.#onProblem(`trace ${traceId} could not be judged: ${messageOf(error)}`)
      return []
    }
  }

  async #complete(
    wanted: readonly TraceInMemory[],
    assemblyOf: (trace: TraceInMemory) => TraceAssembly,
  ): Promise<void> {
    if (this.#readBack === null || wanted.length === 0) return
    const asked = wanted.map((trace) => ({ trace, partition: assemblyOf(trace).partition }))
    for (const { trace, spans, nextRevision } of await this.#readBack.read(asked)) {
      assemblyOf(trace).amend(trace, spans, nextRevision)
      this.stats.readBack++
    }
  }
}

function asCut(result: EvalResult): EvalResult {
  if (result.verdict === 'error') return result
  return { ...result, verdict: 'unknown', score: undefined, reason: CUT, evidence: [] }
}
