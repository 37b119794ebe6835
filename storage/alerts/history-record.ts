/** An alert's history on the topic `alert-state`: written by the offline worker, which writes what cannot be read again. */
import { z } from 'zod'
import { type AlertHistory, alertHistorySchema } from '../../engine/alerting/history.ts'
import type { RecordToAppend } from '../log/port.ts'
import { noteCodec } from './note-codec.ts'

const noteSchema = z.object({ tenant: z.string(), alertId: z.string(), history: alertHistorySchema })

export type StoredHistory = z.infer<typeof noteSchema>

const codec = noteCodec<StoredHistory>('history', noteSchema, ({ alertId }) => alertId)

export const historyRecord = (tenant: string, alertId: string, history: AlertHistory): RecordToAppend =>
  codec.record({ tenant, alertId, history })

export const { isKey: isHistoryKey, keyOf: historyKey, parse: parseHistory } = codec
