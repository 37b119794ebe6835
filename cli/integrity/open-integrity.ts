/** The check of the store against the log, on a connection of its own to the engine. */
import { noticeNotifications, notificationRecord, type Route } from '../../alerting/notification.ts'
import { DEFAULT_TENANT } from '../../storage/access/principal.ts'
import type { Log } from '../../storage/log/port.ts'
import { alertTopics, NOTIFICATIONS } from '../../storage/log/topics.ts'
import { TracesIntegrity } from '../../storage/traces/integrity.ts'
import { IntegrityChecks } from '../../storage/traces/integrity-checks.ts'
import { CHECK_LIMITS } from '../../storage/traces/limits.ts'
import { connectEngine, type OpenTracesOptions } from '../../storage/traces/open.ts'
import { IntegrityService } from '../../workers/integrity/service.ts'

export interface OpenIntegrity {
  readonly service: IntegrityService
  close(): Promise<void>
}

/** The store is migrated. `routes`: who is told of findings; where Assay runs it is printed if there are none. */
export async function openIntegrity(
  log: Log,
  engine: OpenTracesOptions,
  { nowMs, routes }: { nowMs: () => number; routes: readonly Route[] },
): Promise<OpenIntegrity> {
  const { client, database } = await connectEngine({ ...engine, limits: { api: CHECK_LIMITS, runs: CHECK_LIMITS } })
  const service = new IntegrityService({
    log,
    store: new TracesIntegrity(client, database),
    checks: new IntegrityChecks(client, database),
    nowMs,
    notify: async (day, findings) => {
      await log.ensureTopics(alertTopics)
      const notice = {
        id: `integrity/${day}`,
        title: `The stored traces of ${day} are not what the log has`,
        severity: 'page' as const,
        lines: [...findings, `assay verify --day ${day} tells more; docs/operations/integrity.md says what to do`],
        atMs: nowMs(),
      }
      const notifications = noticeNotifications(DEFAULT_TENANT, routes, notice)
      await log.append(NOTIFICATIONS, notifications.map(notificationRecord))
    },
  })
  return {
    service,
    close: async () => {
      await service.settled()
      await client.close()
    },
  }
}
