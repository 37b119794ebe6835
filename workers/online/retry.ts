/** Outages are waited out: a sink that fails is asked again, ever more slowly, until it answers or the loop is stopped. */
import type { Runtime } from './runtime.ts'

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 5_000

export interface RetryOptions {
  sleep: Runtime['sleep']
  signal: AbortSignal
  /** Of every failure, before the wait. */
  onFailure: (error: unknown, attempt: number) => void
  /** True for an error that no retry can mend: it is thrown. */
  isPermanent?: (error: unknown) => boolean
}

/** Rejects with a permanent error, or with the signal's reason once it aborts while the sink is failing. */
export async function retryForever<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt()
    } catch (error) {
      if (options.isPermanent?.(error)) throw error
      options.onFailure(error, count)
    }
    options.signal.throwIfAborted()
    await options.sleep(Math.min(FIRST_DELAY_MS * 2 ** (count - 1), LONGEST_DELAY_MS), options.signal)
    options.signal.throwIfAborted()
  }
}

/** Whether to say something of a failure: the first time, then ever more rarely, so that an outage does not fill the terminal. */
export function isWorthSaying(attempt: number): boolean {
  return attempt === 1 || attempt === 5 || attempt % 60 === 0
}
