/** Judges settled traces, completed from the store where they may lack spans. */
import { messageOf } from '../../engine/message-of.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { DueTrace, TraceAssembly } from './assembly.ts'
import { withMaskedTexts } from './masked-texts.ts'
import type { ReadBack } from './read-back.ts'
import { mayBeIncomplete, type TraceInMemory } from './traces-in-memory.ts'

export class TraceJudge {
  readonly #readBack: ReadBack | null
  readonly #onProblem: (text: string) => void
  readonly stats = { settledTraces: 0, settledEarly: 0, revisions: 0, readBack: 0, unjudgedPieces: 0 }

  /** Without `readBack`, a trace is judged by what is known of it. */
  constructor(readBack: ReadBack | null, onProblem: (text: string) => void) {
    this.#readBack = readBack
    this.#onProblem = onProblem
  }

  async judge(due: readonly DueTrace[], assembly: TraceAssembly, nowMs: number): Promise<EvalResult[]> {
    await this.#complete(due, assembly)
    const results: EvalResult[] = []
    for (const { trace, cause } of due) {
      // A piece without the root of a trace that began before our time is most likely the late end of one that was judged:
      // a verdict on it alone would replace that one's.
      if (!trace.hasRoot && mayBeIncomplete(trace)) {
        this.stats.unjudgedPieces++
        continue
      }
      this.stats.settledTraces++
      if (cause === 'overflow') this.stats.settledEarly++
      if (trace.revision > 1) this.stats.revisions++
      for (const result of this.#judgeOne(trace, nowMs)) results.push(result)
    }
    return results
  }

  #judgeOne(trace: TraceInMemory, nowMs: number): readonly EvalResult[] {
    const { tenant, traceId, spans, evaluator, revision, lastAtMs } = trace
    try {
      const results = evaluator.onTrace({ tenant, traceId, spans: [...spans.values()] }, revision, nowMs, lastAtMs)
      return trace.hasMaskedTexts ? results.map((result) => withMaskedTexts(result, evaluator.plan)) : results
    } catch (error) {
      this.#onProblem(`trace ${traceId} could not be judged: ${messageOf(error)}`)
      return []
    }
  }

  async #complete(due: readonly DueTrace[], assembly: TraceAssembly): Promise<void> {
    if (this.#readBack === null) return
    const wanted = due.map(({ trace }) => trace).filter(mayBeIncomplete)
    if (wanted.length === 0) return
    for (const { trace, spans, nextRevision } of await this.#readBack.read(wanted)) {
      assembly.amend(trace, spans, nextRevision)
      this.stats.readBack++
    }
  }
}
