/** Evals and alerts as they are defined, with what evals found, as the API answers them. */
import { z } from 'zod'
import { ledgerSchema } from './results.ts'

const definitionSchema = z.object({
  id: z.string(),
  title: z.string().nullable(),
  owner: z.string().nullable(),
  mode: z.enum(['live', 'shadow']),
  file: z.string(),
  line: z.int(),
})

export const evalSchema = definitionSchema.extend({
  kind: z.enum(['online', 'offline']),
  /** What it judges: `trace`, `llm_call`, … */
  subject: z.string(),
  /** When it judges: as a span arrives, when a trace has settled, or on its schedule. */
  when: z.union([z.enum(['arrival', 'settle']), z.object({ cron: z.string(), timeZone: z.string() })]),
  measureHash: z.string(),
  verdictHash: z.string(),
  /** Of its scores; null for plain numbers, a judge's scale, and without a score. */
  scoreUnit: z.string().nullable(),
  /** Subjects with a verdict by this measure, latest revisions. */
  matched: z.int(),
  verdicts: ledgerSchema,
  /** pass / (pass + fail); null where nothing was decided. */
  passRate: z.number().nullable(),
  /** (pass + fail) / all; null where nothing matched. */
  coverage: z.number().nullable(),
  /** Of an online eval: subjects of its kind that its scope left out, since these definitions were taken up. */
  filtered: z.int().optional(),
  /** Of `filtered`: those whose scope read a field that was missing. */
  filteredUnknown: z.int().optional(),
  /** Says what is odd: that it never matched anything. */
  note: z.string().optional(),
})

export const evalDetailResponseSchema = definitionSchema.extend({
  kind: z.enum(['online', 'offline']),
  measureHash: z.string(),
  verdictHash: z.string(),
  /** Ids that it had before. */
  was: z.array(z.string()),
  /** In the words of the language, constants and scopes by what they stand for, as the next two. */
  on: z.string(),
  score: z.string().optional(),
  pass: z.string(),
  missing: z.enum(['unknown', 'fail', 'pass']).optional(),
  redact: z.object({ fields: z.array(z.string()), patterns: z.array(z.string()) }).optional(),
  judge: z
    .object({
      models: z.array(z.string()),
      /** Behind `or else`, in the order in which they are asked. */
      fallbacks: z.array(z.string()),
      /** Of a panel: what is taken of its scores. Null for one judge. */
      take: z.enum(['mean', 'median', 'majority']).nullable(),
      rubric: z.string(),
      show: z.array(z.string()),
      scale: z.object({ low: z.number(), high: z.number() }),
    })
    .optional(),
  /** Of an offline eval without a rubric: its metric in the words of the language, and who judges for it; null where nobody is asked. */
  metric: z
    .object({
      text: z.string(),
      /** From the lowest to the highest score; absent where there are no bounds. */
      scale: z.object({ low: z.number(), high: z.number() }).optional(),
      judge: z
        .object({
          models: z.array(z.string()),
          fallbacks: z.array(z.string()),
          take: z.enum(['mean', 'median', 'majority']).nullable(),
        })
        .nullable(),
    })
    .optional(),
  /** The declaration as it is written; absent of definitions that were pushed compiled. */
  source: z.string().optional(),
})

export const alertSchema = definitionSchema.extend({
  /** An eval's id, or the subject of the scope that is watched. */
  on: z.string(),
  /** Says that this version does not run it. */
  note: z.string().optional(),
  /** As in the file: `count(fail) >= 1 over 10m`. */
  when: z.string(),
  /** Each combination of their values is an alert of its own: `agent.version`. */
  by: z.array(z.string()),
  severity: z.enum(['page', 'ticket', 'info']),
  notify: z.array(
    z.object({
      receiver: z.string(),
      target: z.string(),
      /** What to set before it is told anything. Absent where it is configured, and where that is not known. */
      lacks: z.string().optional(),
    }),
  ),
})

export const evalsResponseSchema = z.object({
  /** Version of the definitions in force. */
  hash: z.string(),
  loadedAt: z.string(),
  files: z.array(z.string()),
  diagnostics: z.array(
    z.object({
      severity: z.enum(['error', 'warning']),
      code: z.string(),
      message: z.string(),
      file: z.string(),
      line: z.int(),
      /** From 1, in UTF-16 units. */
      column: z.int(),
    }),
  ),
  evals: z.array(evalSchema),
  alerts: z.array(alertSchema),
})

export type EvalDetailResponse = z.infer<typeof evalDetailResponseSchema>
export type EvalJson = z.infer<typeof evalSchema>
export type AlertJson = z.infer<typeof alertSchema>
export type EvalsResponse = z.infer<typeof evalsResponseSchema>
