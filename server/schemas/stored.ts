/** What is kept and let go: backups, erasures and dead letters, as the API answers it. */
import { z } from 'zod'

export const backupSummarySchema = z.object({
  to: z.string(),
  log: z.enum(['embedded', 'kafka']),
  files: z.int(),
  sizeBytes: z.int(),
  /** Where ClickHouse itself put the traces. */
  tracesTo: z.string().optional(),
  tables: z.record(z.string(), z.object({ rows: z.int(), partitions: z.int().optional() })),
  /** False: the spans of some results were in the log alone when spans were copied. */
  areSpansComplete: z.boolean(),
})

export const backupSchema = z.object({
  id: z.string(),
  to: z.string(),
  state: z.enum(['running', 'done', 'failed', 'stopped']),
  startedAt: z.string(),
  /** From 0 to 1. */
  progress: z.number(),
  /** What it is at, or why it ended. */
  text: z.string(),
  summary: backupSummarySchema.optional(),
})

export const deadLetterSchema = z.object({
  id: z.int(),
  state: z.enum(['waiting', 'replayed', 'dropped']),
  /** topic/partition/offset of the record. */
  source: z.string(),
  /** The consumer group that put it aside; absent in letters of versions that did not say. */
  group: z.string().optional(),
  code: z.string(),
  reason: z.string(),
  at: z.string(),
  sizeBytes: z.int(),
})

export const deadLettersResponseSchema = z.object({
  deadLetters: z.array(deadLetterSchema),
  /** Of the state asked for. */
  total: z.int(),
})

/** With the record itself. */
export const deadLetterDetailSchema = deadLetterSchema.extend({
  headers: z.record(z.string(), z.string()),
  valueBase64: z.string(),
})

/** Of all that waited. */
export const settledDeadLettersSchema = z.object({ ids: z.array(z.int()) })

/** Let go, so that reading goes on behind them: offsets [from, to), kept in the letter. */
export const skippedRecordsSchema = z.object({
  id: z.int(),
  topic: z.string(),
  partition: z.int(),
  from: z.int(),
  to: z.int(),
})

export const erasureResponseSchema = z.object({
  dryRun: z.boolean(),
  traces: z.int(),
  spans: z.int(),
  results: z.int(),
  records: z.int(),
  deadLetters: z.int(),
  answers: z.int(),
  keptUntil: z.array(z.object({ topic: z.string(), until: z.string() })),
  isSettled: z.boolean(),
})

export type SkippedRecords = z.infer<typeof skippedRecordsSchema>
export type SettledDeadLetters = z.infer<typeof settledDeadLettersSchema>
export type DeadLetterJson = z.infer<typeof deadLetterSchema>
export type DeadLettersResponse = z.infer<typeof deadLettersResponseSchema>
export type ErasureResponse = z.infer<typeof erasureResponseSchema>
export type BackupJson = z.infer<typeof backupSchema>
export type BackupSummary = z.infer<typeof backupSummarySchema>
