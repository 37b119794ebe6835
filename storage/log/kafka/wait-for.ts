import { setTimeout as sleep } from 'node:timers/promises'

/** Until the promise settles, the time is over, or the signal fires; leaves no timer behind. */
export async function waitFor(promise: Promise<void>, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  const over = new AbortController()
  const end = (): void => over.abort()
  signal?.addEventListener('abort', end, { once: true })
  try {
    await Promise.race([promise, sleep(Math.max(0, waitMs), undefined, { signal: over.signal }).catch(() => {})])
  } finally {
    signal?.removeEventListener('abort', end)
    over.abort()
  }
}
