/**
 * How the judge of an eval changed, on the compacted topic `alert-state`: written by who measures it, read by the evaluator. The last of each
 * eval.
 */
import { z } from 'zod'
import { type JudgeRecord, judgeRecordSchema } from '../../engine/alerting/judge-record.ts'
import type { RecordToAppend } from '../log/port.ts'

const recordSchema = z.object({
  kind: z.literal('judge-drift'),
  tenant: z.string(),
  evalId: z.string(),
  judge: judgeRecordSchema,
})

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const PREFIX = 'judge-drift/'

const keyOf = (tenant: string, evalId: string): string => `${PREFIX}${tenant}/${evalId}`

/** Without the header of a tenant, by which checkpoints are told. */
export function judgeDriftRecord(tenant: string, evalId: string, judge: JudgeRecord): RecordToAppend {
  const value = { kind: 'judge-drift', tenant, evalId, judge }
  return { key: keyOf(tenant, evalId), value: encoder.encode(JSON.stringify(value)) }
}

export const isJudgeDriftKey = (key: string | null): boolean => key?.startsWith(PREFIX) === true

export type StoredJudgeDrift = z.infer<typeof recordSchema>

/** Null for what this version cannot read: the next round writes it again. */
export function parseJudgeDrift(bytes: Uint8Array): StoredJudgeDrift | null {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(decoder.decode(bytes)))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
