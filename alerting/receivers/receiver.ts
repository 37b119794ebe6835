/** What the alert manager asks of a receiver. */
import type { AlertInvestigation } from '../../engine/alerting/investigation/investigation.ts'
import type { NotifiedTransition, Route, SystemNotice } from '../notification.ts'

export interface Acknowledgement {
  readonly by: string
  readonly reason: string | null
  readonly atMs: number
  /** It is over by itself then; null where it lasts as long as the incident. */
  readonly untilMs: number | null
}

/** One incident of one alert, as it is now. */
export interface AlertItem {
  /** The same from the firing to the resolved: a receiver that knows keys makes one incident of them. */
  readonly key: string
  readonly transition: NotifiedTransition
  readonly acknowledged: Acknowledgement | null
  /** What failing traces have more often than passing ones; absent or null while nobody has looked. */
  readonly investigation?: AlertInvestigation | null
}

export type AlertEvent = 'firing' | 'reminder' | 'acknowledged' | 'investigated' | 'resolved'

interface Addressed {
  /** The same when it is sent again because its fate was not known. */
  readonly id: string
  readonly tenant: string
  readonly route: Route
  readonly atMs: number
}

export interface AlertMessage extends Addressed {
  readonly kind: 'alerts'
  readonly event: AlertEvent
  /** Those that are told together: one of them at least. */
  readonly items: readonly AlertItem[]
  readonly groupKey: string
  /** What the receiver gave back for the group's first message; null for that one. */
  readonly ref: string | null
  /** The group has others of which was told. */
  readonly isPart?: boolean
}

export interface NoticeMessage extends Addressed {
  readonly kind: 'notice'
  readonly notice: SystemNotice
}

export type Message = AlertMessage | NoticeMessage

export type Delivery =
  /** `ref`: for later messages about the same. */
  | { kind: 'delivered'; ref?: string }
  /** Trying again helps; `afterMs` where the receiver said when. */
  | { kind: 'retry'; afterMs: number | null; reason: string }
  /** The receiver will never take it: a wrong address, a revoked key. */
  | { kind: 'refused'; reason: string }

export interface Receiver {
  /**
   * Never rejects, and ends within seconds. It can't be cut off from outside: whether the message arrived would be unknown, and it
   * would be sent again.
   */
  deliver(message: Message): Promise<Delivery>
  /** Its incidents have keys of their own, so that each is told by itself. */
  readonly oneByOne?: boolean
  /** It reminds by itself, and is told once. */
  readonly reminds?: boolean
  /** It is told, too, what was found out about an incident afterwards. */
  readonly takesInvestigations?: boolean
  /** It forgets what it is not told again within so long. */
  readonly repeatEveryMs?: number
}

export interface Receivers {
  /** Null where the route has no configuration; then the manager prints. */
  find(route: Route): Receiver | null
  /** What to set, for the hint in a printed message. */
  hint(route: Route): string | null
  /** Resolves when what goes on beside deliveries, pictures, has ended: within seconds. */
  settled?(): Promise<void>
}
