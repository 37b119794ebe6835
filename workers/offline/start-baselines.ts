/** The queue's part in what alerts compare with: a job for every five minutes, whoever enqueues it. */
import type { OfflineQueue } from '../../storage/queue/port.ts'
import { BASELINES_EVERY_MS } from './baselines.ts'

/** Looks soon after the start, then at each slot. An outage of the queue leaves slots out: the next one does. */
export function enqueueBaselines(
  queue: Pick<OfflineQueue, 'enqueueDaily'>,
  nowMs: () => number,
  onProblem: (text: string) => void,
  { firstAfterMs, everyMs }: { firstAfterMs: number; everyMs: number } = TIMING,
): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve()
  const enqueue = (): void => {
    const slotMs = Math.floor(nowMs() / BASELINES_EVERY_MS) * BASELINES_EVERY_MS
    running = queue.enqueueDaily({ name: 'baselines', slotMs }).catch((error: unknown) => {
      onProblem(
        `The job of what alerts compare with was not enqueued: ${error instanceof Error ? error.message : error}`,
      )
    })
  }
  const first = setTimeout(enqueue, firstAfterMs)
  const timer = setInterval(enqueue, everyMs)
  first.unref()
  timer.unref()
  return {
    async stop() {
      clearTimeout(first)
      clearInterval(timer)
      await running
    },
  }
}

/** A start has other things to do. */
const TIMING = { firstAfterMs: 20_000, everyMs: BASELINES_EVERY_MS }
