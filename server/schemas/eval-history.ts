/** How one eval went, and what its judge is asked, as the API answers it. */
import { z } from 'zod'
import { seriesAgreementSchema } from '../offline-schemas.ts'
import { ledgerSchema, standInSchema, verdictSchema } from './results.ts'

export const seriesPointSchema = z.object({
  start: z.string(),
  /** Where it changes the measure did: what is before and after it are not one series. */
  measureHash: z.string(),
  /** Who answered in place of the eval's judge: a line of its own, and no break. */
  standIn: standInSchema.optional(),
  label: z.string().optional(),
  verdicts: ledgerSchema,
  /** pass / (pass + fail) with its 95% interval (Wilson); absent where nothing was decided. */
  passRate: z.number().optional(),
  lower: z.number().optional(),
  upper: z.number().optional(),
  meanScore: z.number().optional(),
  /** Where subjects were drawn with unequal probability, which rate and mean undo: how many of equal weight would tell as much. */
  effectiveSubjects: z.number().optional(),
})

export const seriesResponseSchema = z.object({
  eval: z.string(),
  from: z.string(),
  to: z.string(),
  step: z.string(),
  by: z.string().optional(),
  /** By when subjects began; steps of which there is nothing are left out. */
  points: z.array(seriesPointSchema),
  /** Of what judges were asked and people labelled: each measure's, that in force first, over all that is kept of it. */
  agreement: z.array(seriesAgreementSchema).optional(),
})

/** By the measure in force. */
export const evalTrendsResponseSchema = z.object({
  from: z.string(),
  to: z.string(),
  stepMs: z.int(),
  evals: z.array(
    z.object({
      eval: z.string(),
      /** Of its judges, since `from`; null where they answered and no price of theirs is known. */
      spentUsd: z.number().nullable(),
      /** Steps of which there is nothing are left out. */
      points: z.array(z.object({ start: z.string(), verdicts: ledgerSchema, passRate: z.number().optional() })),
    }),
  ),
})

const saidSchema = z.object({
  at: z.string(),
  verdict: verdictSchema,
  measureHash: z.string(),
  runId: z.string().optional(),
})

/** Subjects on which the eval's last verdict is another than the one before, newest first. */
export const evalFlipsResponseSchema = z.object({
  eval: z.string(),
  flips: z.array(
    z.object({
      traceId: z.string(),
      spanId: z.string().optional(),
      /** Its definition changed, its judge was asked again, or what it looks at grew. */
      because: z.enum(['definition', 'judged_again', 'revision']),
      before: saidSchema,
      now: saidSchema,
    }),
  ),
})

/** What the judges of an eval are asked about a trace, or about a session of traces. */
export const evalPromptResponseSchema = z.object({
  eval: z.string(),
  /** Of a session that of its first trace. */
  traceId: z.string(),
  /** Of an eval of sessions, with the traces that are looked at. */
  session: z.string().optional(),
  traces: z.array(z.string()).optional(),
  /** Empty where neither the eval nor the configuration names one. The prompts are those of the first. */
  judges: z.array(z.string()),
  fallbacks: z.array(z.string()),
  /** What of the trace is in the eval's scope. */
  subjects: z.array(
    z.object({
      spanId: z.string().optional(),
      /** Why, where nothing is asked. */
      notAsked: z.string().optional(),
      questions: z.array(
        z.object({
          promptVersion: z.string(),
          messages: z.array(z.object({ role: z.enum(['system', 'user']), content: z.string() })),
          /** It follows on an answer, in whose place stands a placeholder. */
          hasPlaceholder: z.literal(true).optional(),
          /** Texts of which parts are left out. */
          cut: z.array(z.object({ path: z.string(), chars: z.int(), shownChars: z.int() })),
          /** JSON Schema of the answer. */
          schemaName: z.string(),
          schema: z.looseObject({}),
          /** Where it is answered by the probabilities of one token: of how many. */
          topLogprobs: z.int().optional(),
        }),
      ),
    }),
  ),
  /** So many more subjects are in scope: name one by `span`. */
  notShown: z.int().optional(),
})

export type EvalTrendsResponse = z.infer<typeof evalTrendsResponseSchema>
export type EvalFlipsResponse = z.infer<typeof evalFlipsResponseSchema>
export type SaidJson = z.infer<typeof saidSchema>
export type EvalPromptResponse = z.infer<typeof evalPromptResponseSchema>
export type SeriesPointJson = z.infer<typeof seriesPointSchema>
export type SeriesResponse = z.infer<typeof seriesResponseSchema>
