/**
 * What an open trace saw before a restart, from ClickHouse. The stored texts are redacted: what evals that read
 * texts say of them is unknown (`masked-texts.ts`); spans that are still in the log are read from there, unmasked, and win.
 */
import type { Log } from '../../storage/log/port.ts'
import { AGENT_TRACES, EVAL_RESULTS } from '../../storage/log/topics.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { MACHINE, type Runtime } from './runtime.ts'
import { type StoredTrace, spansById, type TraceInMemory } from './traces-in-memory.ts'

/** Of a partition of `agent-traces`. */
export interface AskedTrace {
  readonly trace: TraceInMemory
  readonly partition: number
}

/** By partition. */
type Positions = ReadonlyMap<number, number>

/** Up to where the store has the partitions of `agent-traces` and of `eval-results`: what is behind that it may lack. */
export interface StoredUpTo {
  readonly traces: Positions
  readonly results: Positions
}

export interface ReadBackOptions {
  traces: ReadBackStore
  nowMs: () => number
  storedUpTo: () => Promise<StoredUpTo>
  /** Where `eval-results` ends. */
  resultsEnd: () => Promise<Positions>
  /** For each question: evaluation does not wait longer for a store that is out of order. */
  timeoutMs?: number
  sleep?: Runtime['sleep']
}

export type ReadBackStore = Pick<TracesStore, 'getTrace' | 'queryResults' | 'spanIdsOf'>

const TIMEOUT_MS = 2_000
/** After a failure the store is left alone for this long. */
const PAUSE_MS = 10_000
const AT_ONCE = 8
/** Traces of one question for ids. */
const IDS_AT_ONCE = 500
/** Of one call: what is evaluated meanwhile waits for it. */
const BUDGET_MS = 1_000
/** Only the highest revision is looked for, and it is the newest. */
const RESULTS_LOOKED_AT = 1_000

export class ReadBack {
  readonly #options: ReadBackOptions
  #pausedUntilMs = Number.NEGATIVE_INFINITY
  /** What was said up to here, by whoever had the partitions before, has to be stored before a next revision is known. */
  #saidUpTo: Positions | null = null

  constructor(options: ReadBackOptions) {
    this.#options = options
  }

  /** When partitions are taken over. What is said from now on is the caller's own, and known to it. */
  async begin(): Promise<void> {
    this.#saidUpTo = await this.#options.resultsEnd()
  }

  forget(): void {
    this.#saidUpTo = null
  }

  /**
   * Of those that could be read, and of which the store has all that came before what is known; a store that fails makes the answer
   * shorter, never an error.
   */
  async read(asked: readonly AskedTrace[]): Promise<Map<TraceInMemory, StoredTrace>> {
    const stored = new Map<TraceInMemory, StoredTrace>()
    if (this.#options.nowMs() < this.#pausedUntilMs) return stored
    const endMs = this.#options.nowMs() + BUDGET_MS
    const wanted = await this.#storedOf(asked, 'with verdicts')
    for (let start = 0; start < wanted.length; start += AT_ONCE) {
      const nowMs = this.#options.nowMs()
      if (nowMs < this.#pausedUntilMs || nowMs > endMs) break
      const some = wanted.slice(start, start + AT_ONCE)
      for (const [i, one] of (await Promise.allSettled(some.map((trace) => this.#readOne(trace)))).entries()) {
        if (one.status === 'fulfilled') stored.set(some[i]!, one.value)
        else this.#pausedUntilMs = this.#options.nowMs() + PAUSE_MS
      }
    }
    return stored
  }

  /** Whether the store has spans of them that are not known. Those of which it cannot tell yet are not in the answer. */
  async haveMore(asked: readonly AskedTrace[]): Promise<ReadonlyMap<TraceInMemory, boolean>> {
    const answer = new Map<TraceInMemory, boolean>()
    const { nowMs, traces, timeoutMs = TIMEOUT_MS, sleep = MACHINE.sleep } = this.#options
    if (nowMs() < this.#pausedUntilMs) return answer
    const endMs = nowMs() + BUDGET_MS
    const byTenant = Map.groupBy(await this.#storedOf(asked, 'spans alone'), ({ tenant }) => tenant)
    for (const [tenant, wanted] of byTenant) {
      for (let start = 0; start < wanted.length && nowMs() <= endMs; start += IDS_AT_ONCE) {
        const some = wanted.slice(start, start + IDS_AT_ONCE)
        const ids = some.map(({ traceId }) => traceId)
        try {
          const stored = await within(timeoutMs, traces.spanIdsOf(tenant, ids), sleep)
          for (const trace of some) {
            const known = spansById(trace)
            answer.set(trace, stored.get(trace.traceId)?.some((id) => !known.has(id)) ?? false)
          }
        } catch {
          this.#pausedUntilMs = nowMs() + PAUSE_MS
          return answer
        }
      }
    }
    return answer
  }

  /** What comes later in the log than the first known span of a trace is known; what came earlier must be stored. */
  async #storedOf(asked: readonly AskedTrace[], what: 'with verdicts' | 'spans alone'): Promise<TraceInMemory[]> {
    if (asked.length === 0) return []
    try {
      const { traces, results } = await this.#options.storedUpTo()
      if (what === 'with verdicts') {
        if (this.#saidUpTo === null) await this.begin()
        for (const [partition, end] of this.#saidUpTo!) if ((results.get(partition) ?? 0) < end) return []
      }
      return asked.flatMap(({ trace, partition }) => ((traces.get(partition) ?? 0) >= trace.firstOffset ? [trace] : []))
    } catch {
      return []
    }
  }

  async #readOne(trace: TraceInMemory): Promise<StoredTrace> {
    const { traces, timeoutMs = TIMEOUT_MS, sleep = MACHINE.sleep } = this.#options
    const { tenant, traceId } = trace
    const [spans, results] = await within(
      timeoutMs,
      Promise.all([
        traces.getTrace(tenant, traceId),
        traces.queryResults(tenant, { traceId, limit: RESULTS_LOOKED_AT }),
      ]),
      sleep,
    )
    // Results of other evals than these are of no settling.
    const atSettle = new Set(
      trace.evaluator.plan.evals.filter((one) => one.kind === 'online' && one.when === 'settle').map(({ id }) => id),
    )
    const said = results.filter(({ evalId }) => atSettle.has(evalId))
    return { spans, said, nextRevision: said.reduce((most, { revision }) => Math.max(most, revision), 0) + 1 }
  }
}

/** How far the store loop has come, by what it has committed. */
export async function storedUpTo(of: { log: Log; storeGroupId?: string }): Promise<StoredUpTo> {
  const committed = await of.log.committed(of.storeGroupId ?? 'trans-store')
  const positionsIn = (wanted: string): Positions =>
    new Map(committed.filter(({ topic }) => topic === wanted).map(({ partition, offset }) => [partition, offset]))
  return { traces: positionsIn(AGENT_TRACES), results: positionsIn(EVAL_RESULTS) }
}

export async function resultsEnd(log: Log): Promise<Positions> {
  return new Map((await log.endOffsets(EVAL_RESULTS)).map(({ partition, end }) => [partition, end]))
}

async function within<T>(timeoutMs: number, work: Promise<T>, sleep: Runtime['sleep']): Promise<T> {
  const isOver = new AbortController()
  const timeout = sleep(timeoutMs, isOver.signal).then(() => {
    throw new Error(`no answer in ${timeoutMs} ms`)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    isOver.abort()
  }
}
