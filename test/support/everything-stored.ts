/** What the product shows of what is stored, to hold one store against another. */
import { loadCheckpoints } from '../../alerting/checkpoint.ts'
import { openKeys } from '../../storage/access/keys.ts'
import { followDefinitions } from '../../storage/definitions/follow.ts'
import type { Log } from '../../storage/log/port.ts'
import { AUDIT_LOG } from '../../storage/log/topics.ts'
import type { TracesStore } from '../../storage/traces/port.ts'

const ALL_TIME = { fromUs: 0, toUs: 4e15 }

export async function everythingOf(traces: TracesStore, tenants: readonly string[]): Promise<unknown> {
  const shown: Record<string, unknown> = {}
  for (const tenant of tenants) {
    const pages = await traces.spanPages(tenant, ALL_TIME, 2)
    // Whenever it was stored: the clock is not the same for both.
    const query = { ...ALL_TIME, settledBeforeMs: 4e12, limit: 1_000 }
    const ids = (await traces.settledTraceIds(tenant, query)).some.toSorted()
    shown[tenant] = {
      pages,
      traces: await Promise.all(ids.map((traceId) => traces.getTrace(tenant, traceId))),
      results: await traces.queryResults(tenant, { limit: 1_000 }),
      ledger: await traces.ledger(tenant),
      spans: await traces.countSpans(tenant),
    }
  }
  return shown
}

export async function everythingInLog(log: Log, tenant: string): Promise<unknown> {
  const onProblem = (text: string): never => {
    throw new Error(text)
  }
  const keys = await openKeys({ log, nowMs: () => 0, onProblem })
  const definitions = await followDefinitions({ log, onChange: () => {}, onProblem })
  const shown = {
    keys: keys.list(null),
    definitions: definitions.current(tenant).packages,
    audit: (await log.read(AUDIT_LOG, 0, 0, 100)).map(({ value }) => Buffer.from(value).toString()),
    alerts: [...((await loadCheckpoints(log, onProblem)).get(tenant) ?? [])].map(
      ([id, { state, notifiedIncidents }]) => ({
        id,
        // Without when the alert was looked at, which goes on.
        groups: [...state.groups].map(([group, { phase, incidentCount, transitionCount, window }]) => ({
          group,
          phase,
          incidentCount,
          transitionCount,
          window,
        })),
        notifiedIncidents,
      }),
    ),
  }
  await definitions.close()
  await keys.close()
  return shown
}
