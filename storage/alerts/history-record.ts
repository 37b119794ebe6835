/** An alert's history on the compacted topic `alert-state`: written by the offline worker, read by the evaluator. */
import { z } from 'zod'
import { type AlertHistory, alertHistorySchema } from '../../engine/alerting/history.ts'
import type { RecordToAppend } from '../log/port.ts'

const recordSchema = z.object({
  kind: z.literal('history'),
  tenant: z.string(),
  alertId: z.string(),
  history: alertHistorySchema,
})

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const PREFIX = 'history/'

/** Without the header of a tenant, by which checkpoints are told. */
export function historyRecord(tenant: string, alertId: string, history: AlertHistory): RecordToAppend {
  const value = { kind: 'history', tenant, alertId, history }
  return { key: `${PREFIX}${tenant}/${alertId}`, value: encoder.encode(JSON.stringify(value)) }
}

export const isHistoryKey = (key: string | null): boolean => key?.startsWith(PREFIX) === true

export type StoredHistory = z.infer<typeof recordSchema>

/** Null for what this version cannot read: the job writes it again. */
export function parseHistory(bytes: Uint8Array): StoredHistory | null {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(decoder.decode(bytes)))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
