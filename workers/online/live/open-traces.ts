/**
 * Traces that began and have not ended, counted at the agent whose span came first. A trace that is not heard of for one to two minutes
 * is forgotten; so are the oldest where there are too many.
 */
import type { AgentWindow } from '../../../engine/live/agent-window.ts'

interface OpenTrace {
  /** What another tenant sends under the same id changes nothing. */
  readonly tenant: string
  readonly window: AgentWindow
}

/** It stays known for a while: what comes late does not open it again. */
const ENDED = 'ended'

const GENERATION_MS = 60_000
/** Of each of the two generations. */
const MAX_TRACES = 25_000

export class OpenTraces {
  readonly #maxTraces: number
  /** Heard of since the last turn, and those that were only before. */
  #recent = new Map<string, OpenTrace | typeof ENDED>()
  #earlier = new Map<string, OpenTrace | typeof ENDED>()
  #turnedAtMs = Number.NEGATIVE_INFINITY

  constructor(maxTraces = MAX_TRACES) {
    this.#maxTraces = maxTraces
  }

  heardOf(traceId: string, tenant: string, window: AgentWindow, isRoot: boolean): void {
    let trace = this.#recent.get(traceId)
    if (trace === undefined) {
      trace = this.#earlier.get(traceId)
      if (trace === undefined) {
        trace = { tenant, window }
        window.inFlight++
      } else this.#earlier.delete(traceId)
      if (this.#recent.size >= this.#maxTraces) this.#turn()
      this.#recent.set(traceId, trace)
    }
    if (!isRoot || trace === ENDED || trace.tenant !== tenant) return
    trace.window.inFlight--
    this.#recent.set(traceId, ENDED)
  }

  /** To be called now and then. */
  advance(nowMs: number): void {
    if (nowMs - this.#turnedAtMs < GENERATION_MS) return
    this.#turnedAtMs = nowMs
    this.#turn()
  }

  /** They are another process's from now on. */
  forget(): void {
    this.#turn()
    this.#turn()
  }

  #turn(): void {
    for (const trace of this.#earlier.values()) if (trace !== ENDED) trace.window.inFlight--
    this.#earlier = this.#recent
    this.#recent = new Map()
  }
}
