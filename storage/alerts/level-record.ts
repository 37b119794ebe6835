/** A level that people accepted, on the compacted topic `alert-state`: written by the API, read by the evaluator. The last of each alert. */
import { z } from 'zod'
import type { AcceptedLevel } from '../../engine/alerting/rebaseline.ts'
import type { RecordToAppend } from '../log/port.ts'

const recordSchema = z.object({
  kind: z.literal('level'),
  tenant: z.string(),
  alertId: z.string(),
  level: z.object({
    atMs: z.number(),
    sinceMs: z.number().nullable(),
    by: z.string(),
    reason: z.string().nullable(),
  }),
})

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const PREFIX = 'level/'

/** Without the header of a tenant, by which checkpoints are told. */
export function levelRecord(tenant: string, alertId: string, level: AcceptedLevel): RecordToAppend {
  const value = { kind: 'level', tenant, alertId, level }
  return { key: `${PREFIX}${tenant}/${alertId}`, value: encoder.encode(JSON.stringify(value)) }
}

export const isLevelKey = (key: string | null): boolean => key?.startsWith(PREFIX) === true

export type StoredLevel = z.infer<typeof recordSchema>

/** Null for what this version cannot read. */
export function parseLevel(bytes: Uint8Array): StoredLevel | null {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(decoder.decode(bytes)))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
