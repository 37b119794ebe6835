/** What people say of alerts: silences and acknowledgements. A compacted topic that the API writes and every manager follows. */
import { z } from 'zod'
import { type Silence, silenceSchema } from '../../engine/alerting/silence.ts'
import { type FollowedTopic, followTopic } from '../log/follow-topic.ts'
import type { Log, LogRecord } from '../log/port.ts'
import { ALERT_CONTROLS, alertControlTopics } from '../log/topics.ts'

const acknowledgementSchema = z.object({
  tenant: z.string(),
  /** `transition.incidentId`. */
  incidentId: z.string(),
  alertId: z.string(),
  by: z.string(),
  reason: z.string().nullable(),
  /** When it was taken on; who says the same again prolongs it, and took it on no later for that. */
  atMs: z.number(),
  /** It is over by itself then: who has forgotten it is reminded again. Null in records of before, which last as long as the incident. */
  untilMs: z.number().nullable().default(null),
})

const controlSchema = z.discriminatedUnion('kind', [
  z.object({ version: z.literal(1), kind: z.literal('silence'), silence: silenceSchema }),
  z.object({ version: z.literal(1), kind: z.literal('ack'), acknowledgement: acknowledgementSchema }),
])

export type StoredAcknowledgement = z.infer<typeof acknowledgementSchema>

/** What is over is remembered for so long. */
const REMEMBERED_MS = 30 * 24 * 3_600_000

export interface AlertControls {
  /** Newest first. */
  silences(tenant: string): Silence[]
  all(): Iterable<Silence>
  /** The one that is in force; null where there is none, or it is over. */
  acknowledgement(tenant: string, incidentId: string | undefined): StoredAcknowledgement | null
  /** Durable when it resolves, and known here. */
  putSilence(silence: Silence): Promise<void>
  /** In place of the one before. By the same person for the same reason it prolongs that one, which is no news to anybody. */
  acknowledge(acknowledgement: StoredAcknowledgement): Promise<void>
  refresh(): Promise<void>
  close(): Promise<void>
}

export interface FollowControlsOptions {
  log: Pick<Log, 'read' | 'append' | 'ensureTopics'>
  nowMs: () => number
  onProblem: (text: string) => void
}

/** Resolves when all of them are known. Rejects with `LogError`. */
export async function followControls({ log, nowMs, onProblem }: FollowControlsOptions): Promise<AlertControls> {
  await log.ensureTopics(alertControlTopics)
  const silences = new Map<string, Silence>()
  const acknowledgements = new Map<string, StoredAcknowledgement>()
  const keyOf = (tenant: string, id: string): string => `${tenant}/${id}`
  const take = (records: readonly LogRecord[]): void => {
    for (const { value, offset } of records) {
      const control = parse(value)
      if (control === null)
        onProblem(`${ALERT_CONTROLS}: the record at offset ${offset} cannot be read and is left out`)
      else if (control.kind === 'silence')
        silences.set(keyOf(control.silence.tenant, control.silence.id), control.silence)
      else {
        const { tenant, incidentId } = control.acknowledgement
        acknowledgements.set(keyOf(tenant, incidentId), control.acknowledgement)
      }
    }
    const oldestMs = nowMs() - REMEMBERED_MS
    for (const [key, { untilMs }] of silences) if (untilMs < oldestMs) silences.delete(key)
    for (const [key, { atMs, untilMs }] of acknowledgements)
      if ((untilMs ?? atMs) < oldestMs) acknowledgements.delete(key)
  }
  const inForce = (tenant: string, incidentId: string | undefined): StoredAcknowledgement | null => {
    const known = incidentId === undefined ? undefined : acknowledgements.get(keyOf(tenant, incidentId))
    return known === undefined || (known.untilMs !== null && nowMs() >= known.untilMs) ? null : known
  }
  const topic: FollowedTopic = await followTopic({ log, topic: ALERT_CONTROLS, take, onProblem })
  const append = async (kind: 'silence' | 'ack', tenant: string, id: string, body: object): Promise<void> => {
    const value = new TextEncoder().encode(JSON.stringify({ version: 1, kind, ...body }))
    await log.append(ALERT_CONTROLS, [{ key: `${tenant}/${kind}/${id}`, value, headers: { tenant } }])
    await topic.refresh()
  }
  return {
    silences: (tenant) =>
      [...silences.values()]
        .filter((silence) => silence.tenant === tenant)
        .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? -1 : 1)),
    all: () => silences.values(),
    acknowledgement: inForce,
    putSilence: (silence) => append('silence', silence.tenant, silence.id, { silence }),
    acknowledge: (given) => {
      const { tenant, incidentId, by, reason } = given
      const known = inForce(tenant, incidentId)
      const isSame = known !== null && known.by === by && known.reason === reason
      const acknowledgement = isSame ? { ...given, atMs: known.atMs } : given
      return append('ack', tenant, incidentId, { acknowledgement })
    },
    refresh: () => topic.refresh(),
    close: () => topic.close(),
  }
}

function parse(value: Uint8Array): z.infer<typeof controlSchema> | null {
  try {
    const parsed = controlSchema.safeParse(JSON.parse(new TextDecoder().decode(value)))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
