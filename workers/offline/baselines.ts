/**
 * What alerts compare with, worked out of the store every few minutes and put into the log: the evaluator reads it there, and an outage of
 * the store stops nothing. An alert that has seen its reference itself needs none of it.
 */
import { historyAsked, historyOf } from '../../engine/alerting/history.ts'
import { runAlertsOf } from '../../engine/alerting/run-alert.ts'
import { messageOf } from '../../engine/message-of.ts'
import { historyRecord } from '../../storage/alerts/history-record.ts'
import type { TenantPlans } from '../../storage/definitions/plans.ts'
import type { Log } from '../../storage/log/port.ts'
import { ALERT_STATE } from '../../storage/log/topics.ts'
import type { TracesStore } from '../../storage/traces/port.ts'

export const BASELINES_EVERY_MS = 5 * 60_000

export interface BaselinesOptions {
  log: Pick<Log, 'append'>
  traces: Pick<TracesStore, 'resultHistory'>
  definitions: TenantPlans
  nowMs: () => number
  /** An alert's could not be worked out; the next slot tries again. */
  onProblem: (text: string) => void
}

/**
 * Idempotent: what is written takes the place of what was. An alert's is worked out again at the first look after a step of it is over (an
 * hour, or a shorter window of an anomaly): until then the store has nothing new to say, and a fortnight would be read for it.
 */
export function createBaselines({ log, traces, definitions, nowMs, onProblem }: BaselinesOptions): () => Promise<void> {
  const written = new Map<string, number>()
  return async () => {
    const seen = new Set<string>()
    for (const tenant of definitions.tenants())
      for (const alert of runAlertsOf(definitions.current(tenant))) {
        const asked = historyAsked(alert, nowMs())
        if (asked === null) continue
        const key = `${tenant}/${alert.id}/${alert.conditionHash}/${asked.measureHash}`
        seen.add(key)
        if (written.get(key) === asked.toMs) continue
        try {
          const steps = await traces.resultHistory(tenant, asked)
          await log.append(ALERT_STATE, [historyRecord(tenant, alert.id, historyOf(alert, asked, steps))])
          written.set(key, asked.toMs)
        } catch (error) {
          onProblem(`what ${alert.id} compares with could not be worked out, and is tried again: ${messageOf(error)}`)
        }
      }
    // With an alert that is gone what was written goes, too: one that comes back needs its own at once.
    for (const key of written.keys()) if (!seen.has(key)) written.delete(key)
  }
}
