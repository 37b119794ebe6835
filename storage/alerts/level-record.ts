/** A level that people accepted, on the topic `alert-state`: written by the API. */
import { z } from 'zod'
import type { AcceptedLevel } from '../../engine/alerting/rebaseline.ts'
import type { RecordToAppend } from '../log/port.ts'
import { noteCodec } from './note-codec.ts'

const noteSchema = z.object({
  tenant: z.string(),
  alertId: z.string(),
  level: z.object({
    atMs: z.number(),
    sinceMs: z.number().nullable(),
    by: z.string(),
    reason: z.string().nullable(),
  }),
})

export type StoredLevel = z.infer<typeof noteSchema>

const codec = noteCodec<StoredLevel>('level', noteSchema, ({ alertId }) => alertId)

export const levelRecord = (tenant: string, alertId: string, level: AcceptedLevel): RecordToAppend =>
  codec.record({ tenant, alertId, level })

export const { isKey: isLevelKey, parse: parseLevel } = codec
