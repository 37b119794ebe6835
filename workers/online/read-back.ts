/**
 * What an open trace saw before a restart, from ClickHouse. The stored texts are redacted: what evals that read
 * texts say of them is unknown (`masked-texts.ts`); spans that are still in the log are read from there, unmasked, and win.
 */
import type { Span } from '../../engine/model/span.ts'
import type { Log } from '../../storage/log/port.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { MACHINE, type Runtime } from './runtime.ts'
import type { TraceInMemory } from './traces-in-memory.ts'

export interface StoredTrace {
  trace: TraceInMemory
  spans: Span[]
  /** The one to judge it with, should the stored spans add to what is known. */
  nextRevision: number
}

/** Of a partition of `agent-traces`. */
export interface AskedTrace {
  readonly trace: TraceInMemory
  readonly partition: number
}

export interface ReadBackOptions {
  traces: Pick<TracesStore, 'getTrace' | 'queryResults'>
  nowMs: () => number
  /** Up to where the store has read each partition of `agent-traces`: what is behind that it may lack. */
  storedUpTo: () => Promise<ReadonlyMap<number, number>>
  /** For each question: evaluation does not wait longer for a store that is out of order. */
  timeoutMs?: number
  sleep?: Runtime['sleep']
}

const TIMEOUT_MS = 2_000
/** After a failure the store is left alone for this long. */
const PAUSE_MS = 10_000
const AT_ONCE = 8
/** Of one call: what is evaluated meanwhile waits for it. */
const BUDGET_MS = 1_000
/** Only the highest revision is looked for, and it is the newest. */
const RESULTS_LOOKED_AT = 1_000

export class ReadBack {
  readonly #options: ReadBackOptions
  #pausedUntilMs = Number.NEGATIVE_INFINITY

  constructor(options: ReadBackOptions) {
    this.#options = options
  }

  /**
   * Of those that could be read, and of which the store has all that came before what is known; a store that fails makes the answer
   * shorter, never an error.
   */
  async read(asked: readonly AskedTrace[]): Promise<StoredTrace[]> {
    const stored: StoredTrace[] = []
    if (this.#options.nowMs() < this.#pausedUntilMs) return stored
    const endMs = this.#options.nowMs() + BUDGET_MS
    const wanted = await this.#storedOf(asked)
    for (let start = 0; start < wanted.length; start += AT_ONCE) {
      const nowMs = this.#options.nowMs()
      if (nowMs < this.#pausedUntilMs || nowMs > endMs) break
      const some = wanted.slice(start, start + AT_ONCE)
      for (const one of await Promise.allSettled(some.map((trace) => this.#readOne(trace)))) {
        if (one.status === 'fulfilled') stored.push(one.value)
        else this.#pausedUntilMs = this.#options.nowMs() + PAUSE_MS
      }
    }
    return stored
  }

  /** What comes later in the log than the first known span of a trace is known; what came earlier must be stored. */
  async #storedOf(asked: readonly AskedTrace[]): Promise<TraceInMemory[]> {
    try {
      const upTo = await this.#options.storedUpTo()
      return asked.flatMap(({ trace, partition }) => ((upTo.get(partition) ?? 0) >= trace.firstOffset ? [trace] : []))
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
    let revision = 0
    for (const result of results) {
      if (atSettle.has(result.evalId)) revision = Math.max(revision, result.revision)
    }
    return { trace, spans, nextRevision: revision + 1 }
  }
}

/** How far the store loop has come, by what it has committed. */
export async function storedUpTo(of: { log: Log; storeGroupId?: string }): Promise<ReadonlyMap<number, number>> {
  const committed = await of.log.committed(of.storeGroupId ?? 'trans-store')
  return new Map(committed.filter(({ topic }) => topic === AGENT_TRACES).map((one) => [one.partition, one.offset]))
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
