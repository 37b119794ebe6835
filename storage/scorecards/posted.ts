/** Scorecards as they were posted: one record a slot on the topic `scorecards`, so that what was said stays what was said. */
import { z } from 'zod'
import { type Scorecard, scorecardOfJson, scorecardSchema } from '../../engine/scorecard/scorecard-json.ts'
import { followTopic } from '../log/follow-topic.ts'
import type { Log, LogRecord } from '../log/port.ts'
import { SCORECARDS, scorecardTopics } from '../log/topics.ts'

const postedSchema = z.object({
  version: z.literal(1),
  tenant: z.string(),
  slotMs: z.number(),
  postedAtMs: z.number(),
  /** To whom, as the language writes it. */
  receivers: z.array(z.string()),
  scorecard: scorecardSchema,
})

export interface PostedScorecard {
  readonly slotMs: number
  readonly postedAtMs: number
  readonly receivers: readonly string[]
  readonly scorecard: Scorecard
}

/** Without its values. */
export type PostedSlot = Omit<PostedScorecard, 'scorecard'> & { readonly title: string | null }

export interface PostedScorecards {
  /** Newest first. */
  list(tenant: string, scorecardId: string, limit: number): PostedSlot[]
  read(tenant: string, scorecardId: string, slotMs: number): Promise<PostedScorecard | null>
  /** Durable when it resolves. Of a slot the first counts. */
  put(tenant: string, posted: PostedScorecard): Promise<void>
  refresh(): Promise<void>
  close(): Promise<void>
}

interface Entry extends PostedSlot {
  readonly offset: number
}

const PARTITION = 0

/** Resolves when the topic has been read. Rejects with `LogError`. */
export async function openPostedScorecards(options: {
  log: Pick<Log, 'read' | 'append' | 'ensureTopics'>
  onProblem: (text: string) => void
}): Promise<PostedScorecards> {
  const { log, onProblem } = options
  await log.ensureTopics(scorecardTopics)
  // Where each stands: the values are read when they are asked for, so that a year of them costs no memory.
  const known = new Map<string, Map<number, Entry>>()
  const take = (records: readonly LogRecord[]): void => {
    for (const { value, offset } of records) {
      const parsed = parse(value)
      if (parsed === null) {
        onProblem(`${SCORECARDS}: the record at offset ${offset} cannot be read and is left out`)
        continue
      }
      const { tenant, slotMs, postedAtMs, receivers, scorecard } = parsed
      const slots = known.get(keyOf(tenant, scorecard.id)) ?? new Map<number, Entry>()
      known.set(keyOf(tenant, scorecard.id), slots)
      if (!slots.has(slotMs)) slots.set(slotMs, { slotMs, postedAtMs, receivers, title: scorecard.title, offset })
    }
  }
  const topic = await followTopic({ log, topic: SCORECARDS, take, onProblem })
  return {
    list: (tenant, id, limit) =>
      [...(known.get(keyOf(tenant, id))?.values() ?? [])]
        .sort((a, b) => b.slotMs - a.slotMs)
        .slice(0, limit)
        .map(({ offset: _, ...slot }) => slot),
    async read(tenant, id, slotMs) {
      const entry = known.get(keyOf(tenant, id))?.get(slotMs)
      if (entry === undefined) return null
      const [record] = await log.read(SCORECARDS, PARTITION, entry.offset, 1)
      // Its time in the log may have ended since.
      const parsed = record?.offset === entry.offset ? parse(record.value) : null
      if (parsed === null) return null
      const { postedAtMs, receivers, scorecard } = parsed
      return { slotMs, postedAtMs, receivers, scorecard: scorecardOfJson(scorecard) }
    },
    async put(tenant, posted) {
      const value = new TextEncoder().encode(JSON.stringify({ version: 1, tenant, ...posted }))
      const key = `${tenant}/${posted.scorecard.id}@${posted.slotMs}`
      await log.append(SCORECARDS, [{ key, value, headers: { tenant } }])
      await topic.refresh()
    },
    refresh: () => topic.refresh(),
    close: () => topic.close(),
  }
}

const keyOf = (tenant: string, id: string): string => `${tenant}/${id}`

function parse(value: Uint8Array): z.output<typeof postedSchema> | null {
  try {
    const parsed = postedSchema.safeParse(JSON.parse(new TextDecoder().decode(value)))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
