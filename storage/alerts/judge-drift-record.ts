/** How the judge of an eval changed, on the topic `alert-state`: written by who measures it, which the next round does again. */
import { z } from 'zod'
import { type JudgeRecord, judgeRecordSchema } from '../../engine/alerting/judge-record.ts'
import type { RecordToAppend } from '../log/port.ts'
import { noteCodec } from './note-codec.ts'

const noteSchema = z.object({ tenant: z.string(), evalId: z.string(), judge: judgeRecordSchema })

export type StoredJudgeDrift = z.infer<typeof noteSchema>

const codec = noteCodec<StoredJudgeDrift>('judge-drift', noteSchema, ({ evalId }) => evalId)

export const judgeDriftRecord = (tenant: string, evalId: string, judge: JudgeRecord): RecordToAppend =>
  codec.record({ tenant, evalId, judge })

export const { isKey: isJudgeDriftKey, parse: parseJudgeDrift } = codec
