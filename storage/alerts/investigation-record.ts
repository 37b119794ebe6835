/** What was found out about a firing alert, on the topic `alerts` beside the transitions. Readers of transitions pass it over. */
import { z } from 'zod'
import { alertInvestigationSchema } from '../../engine/alerting/investigation/investigation.ts'
import type { RecordToAppend } from '../log/port.ts'

const recordSchema = z.object({
  version: z.literal(1),
  kind: z.literal('investigation'),
  tenant: z.string(),
  alertId: z.string(),
  /** `transition.incidentId`. */
  incidentId: z.string(),
  investigation: alertInvestigationSchema,
})

export type StoredInvestigation = z.infer<typeof recordSchema>

const encoder = new TextEncoder()

/** In the order of the alert's transitions: it has their key. */
export function investigationRecord(found: Omit<StoredInvestigation, 'version' | 'kind'>): RecordToAppend {
  const value = { version: 1, kind: 'investigation', ...found }
  return {
    key: `${found.tenant}/${found.alertId}`,
    value: encoder.encode(JSON.stringify(value)),
    headers: { tenant: found.tenant, alert: found.alertId, kind: 'investigation' },
  }
}

/** Null for anything else. */
export function parseInvestigation(value: unknown): StoredInvestigation | null {
  const parsed = recordSchema.safeParse(value)
  return parsed.success ? parsed.data : null
}
