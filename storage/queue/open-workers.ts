/** The workers of a queue that are open: what is not drained by whoever opened it ends with the queue. */
import type { BullWorker } from './bull-queue.ts'
import type { QueueErrorHandler, QueueWorker } from './port.ts'

export class OpenWorkers {
  readonly #open = new Set<QueueWorker>()

  /** Workers that begin and end together. Resolves when all of them have the store. */
  async add(workers: readonly BullWorker[], onError: QueueErrorHandler): Promise<QueueWorker> {
    // Without a listener an EventEmitter's 'error' takes the process down.
    for (const worker of workers) worker.on('error', onError)
    await Promise.all(workers.map((worker) => worker.waitUntilReady()))
    const handle: QueueWorker = {
      drain: async () => {
        this.#open.delete(handle)
        await Promise.all(workers.map((worker) => worker.close()))
      },
    }
    this.#open.add(handle)
    return handle
  }

  async drain(): Promise<void> {
    await Promise.all([...this.#open].map((worker) => worker.drain()))
  }
}
