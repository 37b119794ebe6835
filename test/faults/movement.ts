/**
 * Waiting that is bounded by progress: a busy machine is slow, a fault stands still. Each wait says what it looks at, and gives up when
 * that was the same for long; the whole run has one bound besides, far beyond what a busy machine takes.
 */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Patience {
  /** With nothing moving, it stands still. */
  readonly stallMs: number
  /** `performance.now()` from which on nothing is waited for. */
  readonly endMs: number
  readonly signal: AbortSignal
  /** Hears of what is left while it is waited for, and of nothing in the end. */
  readonly tell: (left: string) => void
}

/** Whether what is looked at has changed of late. */
export class Movement {
  readonly #stallMs: number
  readonly #nowMs: () => number
  #last: string | null = null
  #sinceMs = 0

  constructor(stallMs: number, nowMs: () => number = () => performance.now()) {
    this.#stallMs = stallMs
    this.#nowMs = nowMs
  }

  /** False once `seen` has been the same for as long as it may be. */
  moves(seen: string | number): boolean {
    if (this.#last !== String(seen)) {
      this.#last = String(seen)
      this.#sinceMs = this.#nowMs()
    }
    return this.#nowMs() - this.#sinceMs < this.#stallMs
  }
}

/**
 * Asks `left` again and again until it is nothing (0 or an empty text), for as long as it changes: what it was last. What fails is asked
 * again, and its message is what was seen.
 */
export async function untilNothingLeft(
  patience: Patience,
  left: () => Promise<string | number> | string | number,
  everyMs = 500,
): Promise<string> {
  const movement = new Movement(patience.stallMs)
  try {
    for (;;) {
      let seen: string | number
      try {
        seen = await left()
      } catch (error) {
        seen = error instanceof Error ? error.message : String(error)
      }
      if (seen === 0 || seen === '') return ''
      patience.tell(String(seen))
      if (!movement.moves(seen)) return `${seen}, and nothing moved for ${patience.stallMs / 1_000} s`
      if (performance.now() > patience.endMs) return `${seen}, when the time of the run was over`
      await sleep(everyMs, undefined, { signal: patience.signal })
    }
  } finally {
    patience.tell('')
  }
}
