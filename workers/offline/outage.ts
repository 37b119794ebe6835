/** What is away, and not wrong: a run waits for it as long as that takes. */
import { LogError } from '../../storage/log/port.ts'
import { QueueError } from '../../storage/queue/port.ts'
import { StateError } from '../../storage/state/port.ts'
import { QueryLimitError } from '../../storage/traces/port.ts'
import { RemoteTimeoutError } from '../../storage/traces/remote.ts'
import { StoreAccessError } from '../../storage/traces/store-errors.ts'

/** Of the store, the log, the queue or the shared state. Everything else may be the run's own fault, which a bounded number of attempts is for. */
export function isOutage(error: unknown): boolean {
  return (
    error instanceof StoreAccessError ||
    error instanceof RemoteTimeoutError ||
    error instanceof LogError ||
    error instanceof QueueError ||
    error instanceof StateError ||
    (error instanceof QueryLimitError && error.limit === 'busy')
  )
}
