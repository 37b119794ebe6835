/** What the roles of one process share: each engine is opened once, when the first role asks for it. */
import { messageOf } from '../../engine/message-of.ts'
import type { Gate } from '../../storage/access/gate.ts'
import type { Keys } from '../../storage/access/keys.ts'
import type { OpenAlerts } from '../../storage/alerts/open-alerts.ts'
import type { FollowedDefinitions } from '../../storage/definitions/follow.ts'
import type { TailedLog } from '../../storage/log/port.ts'
import { measuredTraces } from '../../storage/metrics/measured.ts'
import type { PostedScorecards } from '../../storage/scorecards/posted.ts'
import type { StateStore } from '../../storage/state/port.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import type { IntegrityService } from '../../workers/integrity/service.ts'
import type { RoleHealth } from '../health.ts'
import { CannotStart } from '../roles/run-role.ts'
import type { ServeSettings } from './serve-settings.ts'

export interface Say {
  info(text: string): void
  problem(text: string): void
}

export interface Shared {
  readonly settings: ServeSettings
  readonly log: TailedLog
  readonly keys: Keys
  readonly gate: Gate
  readonly definitions: FollowedDefinitions
  readonly nowMs: () => number
  /** For a role that can begin without it; nothing is asked of the store yet. */
  readonly traces: () => Promise<TracesStore>
  /** With its schema; rejects with `CannotStart` while it can't be reached. */
  readonly migratedTraces: () => Promise<TracesStore>
  /** Checks of the store against the log. */
  readonly integrity: () => Promise<IntegrityService>
  /** What alerts are, and what people say of them. */
  readonly alerts: () => Promise<OpenAlerts>
  /** Scorecards as they were posted. */
  readonly scorecards: () => Promise<PostedScorecards>
  /** What instances share; rejects with `StateError` while it cannot be reached. Null where no Redis is told of. */
  readonly state: (() => Promise<StateStore>) | null
  /** Called after each change of the definitions in force. */
  onDefinitions(changed: () => void): void
}

export interface ServedRole {
  readonly health: RoleHealth
  /** Where it listens, for the line that says so. */
  readonly listens?: string
  /** Finishes what was taken and lets go; what the roles share stays open. */
  drain(): Promise<void>
}

export type StartServedRole = (shared: Shared, say: Say) => Promise<ServedRole>

/** Opens the store once for all who ask. */
export function lazyTraces(
  { roles, tracesUrl: url, tables }: Pick<ServeSettings, 'roles' | 'tracesUrl' | 'tables'>,
  nowMs: () => number,
): Pick<Shared, 'traces' | 'migratedTraces'> & { close(): Promise<void> } {
  let opening: Promise<TracesStore> | null = null
  let migrating: Promise<TracesStore> | null = null
  const traces = (): Promise<TracesStore> => {
    if (url === null) throw new Error('a role asked for the traces store without having declared that it needs one')
    // One role puts the retention in force: others may be started with another by mistake.
    const retention = roles.includes('trans-store') ? tables.retention : null
    opening ??= openTraces({ url, nowMs, ...tables, retention }).then(measuredTraces)
    return opening
  }
  const migrate = async (): Promise<TracesStore> => {
    try {
      const store = await traces()
      await store.migrate()
      return store
    } catch (error) {
      throw new CannotStart(`the traces store cannot be opened: ${messageOf(error)}`, { cause: error })
    }
  }
  return {
    traces,
    migratedTraces: () => {
      migrating ??= migrate()
      return migrating
    },
    close: async () => {
      const store = await opening?.catch(() => null)
      await store?.close()
    },
  }
}
