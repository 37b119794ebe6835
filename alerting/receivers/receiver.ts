/** What the alert manager asks of a receiver. */
import type { Notification, Route } from '../notification.ts'

export type Delivery =
  | { kind: 'delivered' }
  /** Trying again helps; `afterMs` where the receiver said when. */
  | { kind: 'retry'; afterMs: number | null; reason: string }
  /** The receiver will never take it: a wrong address, a revoked key. */
  | { kind: 'refused'; reason: string }

export interface Receiver {
  /**
   * Never rejects, and ends within seconds. It can't be cut off from outside: whether the message arrived would be unknown, and it
   * would be sent again.
   */
  deliver(notification: Notification): Promise<Delivery>
}

export interface Receivers {
  /** Null where the route has no configuration; then the manager prints. */
  find(route: Route): Receiver | null
  /** What to set, for the hint in a printed message. */
  hint(route: Route): string | null
}
