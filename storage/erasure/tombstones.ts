/**
 * What was erased, so that no copy that is still on its way comes back: a topic that every role follows which stores or judges. Users and
 * sessions stand in it as hashes, traces by their ids.
 */
import { createHash, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { followTopic } from '../log/follow-topic.ts'
import type { Log, LogRecord } from '../log/port.ts'
import { ERASURES, erasureTopics } from '../log/topics.ts'

export type SubjectKind = 'trace' | 'user' | 'session'

const tombstoneSchema = z.object({
  version: z.literal(1),
  tenant: z.string(),
  atMs: z.number(),
  traceIds: z.array(z.string()),
  /** `hashOfSubject`; of an erased trace none. */
  subjects: z.array(z.string()),
})

export type Tombstone = Omit<z.infer<typeof tombstoneSchema>, 'version'>

/** For the audit log and tombstones: who knows the id can tell that it is meant, and nobody else is told who it was. */
export function hashOfSubject(tenant: string, kind: SubjectKind, id: string): string {
  return createHash('sha256').update(`${tenant}\0${kind}\0${id}`).digest('hex')
}

export interface Erased {
  /** Whether a span that the log took then is not to be kept. */
  covers(span: ErasableSpan, appendTimeMs: number): boolean
  /** Whether results on the trace are not to be kept. */
  coversTrace(tenant: string, traceId: string): boolean
}

export interface ErasableSpan {
  readonly tenant: string
  readonly traceId: string
  readonly userId: string | undefined
  readonly sessionId: string | undefined
}

export interface FollowedErasures extends Erased {
  close(): Promise<void>
}

/** Nothing was. */
export const NOTHING_ERASED: Erased = { covers: () => false, coversTrace: () => false }

/** Dead letters are kept for 30 days and may be replayed; the rest of the log is gone before. */
const REMEMBERED_MS = 40 * 24 * 3_600_000
const TRACES_OF_RECORD = 5_000
export const POLL_MS = 1_000

/** Durable when it resolves. */
export async function appendTombstones(log: Pick<Log, 'append'>, tombstone: Tombstone): Promise<void> {
  const { traceIds, ...rest } = tombstone
  for (let start = 0; start === 0 || start < traceIds.length; start += TRACES_OF_RECORD) {
    const part = { version: 1, ...rest, traceIds: traceIds.slice(start, start + TRACES_OF_RECORD) }
    const value = new TextEncoder().encode(JSON.stringify(part))
    await log.append(ERASURES, [{ key: randomUUID(), value, headers: { tenant: tombstone.tenant } }])
  }
}

export interface FollowErasuresOptions {
  log: Pick<Log, 'read' | 'ensureTopics'>
  nowMs: () => number
  onProblem: (text: string) => void
  /** Hears of each that comes, those of before the start too. */
  onErased?: (tombstone: Tombstone) => void
}

/** Resolves when all of them are known. Rejects with `LogError`. */
export async function followErasures(options: FollowErasuresOptions): Promise<FollowedErasures> {
  const { log, nowMs, onProblem, onErased } = options
  await log.ensureTopics(erasureTopics)
  const traces = new Set<string>()
  const subjects = new Map<string, number>()
  /** The latest of each tenant's erasures of users or sessions: newer records need not be looked at. */
  const latest = new Map<string, number>()
  const take = (records: readonly LogRecord[]): void => {
    for (const { value, offset } of records) {
      const tombstone = parse(value)
      if (tombstone === null) {
        onProblem(`the erasure at offset ${offset} of ${ERASURES} cannot be read: what it names may be stored again`)
        continue
      }
      const { tenant, atMs, traceIds } = tombstone
      if (atMs + REMEMBERED_MS < nowMs()) continue
      for (const traceId of traceIds) traces.add(tenant + traceId)
      for (const hash of tombstone.subjects) subjects.set(hash, atMs)
      if (tombstone.subjects.length > 0) latest.set(tenant, Math.max(atMs, latest.get(tenant) ?? 0))
      onErased?.(tombstone)
    }
  }
  const topic = await followTopic({ log, topic: ERASURES, take, onProblem, pollMs: POLL_MS })
  const isSubject = (tenant: string, kind: SubjectKind, id: string | undefined, appendTimeMs: number): boolean =>
    id !== undefined && appendTimeMs <= (subjects.get(hashOfSubject(tenant, kind, id)) ?? Number.NEGATIVE_INFINITY)
  return {
    covers: ({ tenant, traceId, userId, sessionId }, appendTimeMs) => {
      // However late: a forwarder's disk, or a dead letter that is handed back. Nobody begins a new trace by an old id.
      if (traces.size > 0 && traces.has(tenant + traceId)) return true
      if (appendTimeMs > (latest.get(tenant) ?? Number.NEGATIVE_INFINITY)) return false
      return isSubject(tenant, 'user', userId, appendTimeMs) || isSubject(tenant, 'session', sessionId, appendTimeMs)
    },
    coversTrace: (tenant, traceId) => traces.size > 0 && traces.has(tenant + traceId),
    close: () => topic.close(),
  }
}

function parse(value: Uint8Array): Tombstone | null {
  try {
    const parsed = tombstoneSchema.safeParse(JSON.parse(new TextDecoder().decode(value)))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
