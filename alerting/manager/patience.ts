/** Outages of the log are waited out, for as long as they last. */
import { setTimeout as sleepFor } from 'node:timers/promises'
import { LogError } from '../../storage/log/port.ts'
import type { RetryPolicy } from './next.ts'

export interface PatienceOptions {
  readonly retry: Pick<RetryPolicy, 'firstMs' | 'longestMs'>
  /** Ends all waiting. */
  readonly signal: AbortSignal
  readonly problem: (text: string) => void
  /** Resolves early when aborted, never rejects. */
  readonly sleep?: ((delayMs: number, signal: AbortSignal) => Promise<void>) | undefined
}

export class Patience {
  readonly #options: PatienceOptions

  constructor(options: PatienceOptions) {
    this.#options = options
  }

  /** Resolves when it is written, or when nothing is to be written any more. */
  async untilWritten(write: () => Promise<unknown>): Promise<void> {
    const { signal, problem } = this.#options
    for (let failureCount = 0; ; failureCount++) {
      try {
        await write()
        return
      } catch (error) {
        if (!(error instanceof LogError)) throw error
        if (error.code === 'closed' || signal.aborted) return
        problem(`the alert manager can't write to the log yet: ${error.message}`)
        await this.afterFailure(failureCount)
      }
    }
  }

  /** Waits, the longer the oftener it has failed. */
  async afterFailure(failureCount: number): Promise<void> {
    const { retry, signal, sleep } = this.#options
    const delayMs = Math.min(retry.longestMs, retry.firstMs * 2 ** failureCount)
    if (sleep !== undefined) await sleep(delayMs, signal)
    else await sleepFor(delayMs, undefined, { signal }).catch(() => {})
  }
}
