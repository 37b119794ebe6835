/** Scorecards, as the API answers them. */
import { z } from 'zod'
import { scorecardSchema } from '../../engine/scorecard/scorecard-json.ts'

export { scorecardSchema }

export const scorecardsResponseSchema = z.object({
  scorecards: z.array(
    z.object({
      id: z.string(),
      title: z.string().nullable(),
      owner: z.string().nullable(),
      /** `shadow`: worked out when it is asked for, and sent to nobody. */
      mode: z.enum(['live', 'shadow']),
      schedule: z.object({ cron: z.string(), timeZone: z.string() }),
      receivers: z.array(z.string()),
      /** The slot that was posted last; null before the first. */
      lastSlot: z.string().nullable(),
    }),
  ),
})

const postedSlot = {
  /** RFC 3339: where its period ends. */
  slot: z.string(),
  postedAt: z.string(),
  receivers: z.array(z.string()),
}

export const scorecardHistoryResponseSchema = z.object({
  id: z.string(),
  /** Newest first. */
  posted: z.array(z.object({ ...postedSlot, title: z.string().nullable() })),
})

export const postedScorecardSchema = z.object({ ...postedSlot, scorecard: scorecardSchema })

export type ScorecardsResponse = z.infer<typeof scorecardsResponseSchema>
export type ScorecardHistoryResponse = z.infer<typeof scorecardHistoryResponseSchema>
export type PostedScorecardJson = z.input<typeof postedScorecardSchema>
export type ScorecardJson = z.input<typeof scorecardSchema>
