/**
 * Sessions of people whom a provider vouched for. What one may do is sealed into its cookie, so that any instance serves it without
 * asking anybody; those that were ended before their time are told by a topic of the log.
 */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { appendAudit } from '../../storage/access/audit.ts'
import { KEY_ROLES, nameOf, type Principal } from '../../storage/access/principal.ts'
import { followTopic } from '../../storage/log/follow-topic.ts'
import type { Log, LogRecord } from '../../storage/log/port.ts'
import { ENDED_SESSIONS, endedSessionTopics } from '../../storage/log/topics.ts'
import type { Seal } from './seal.ts'

/** What keys do not begin with. */
const PREFIX = 'person.'

const sessionSchema = z.object({
  id: z.string(),
  tenant: z.string(),
  role: z.enum(KEY_ROLES),
  person: z.string(),
  expiresAtMs: z.number(),
})
const endedSchema = z.object({ version: z.literal(1), expiresAtMs: z.number() })

export type SessionVerdict =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly message: string }

export interface Sessions {
  readonly lifetimeMs: number
  /** The cookie's value. In the audit log when it resolves; rejects with `LogError`. */
  start(person: Pick<z.infer<typeof sessionSchema>, 'tenant' | 'role' | 'person'>): Promise<string>
  verify(text: string): SessionVerdict
  /** On every instance within a second or two. Rejects with `LogError`. */
  end(text: string): Promise<void>
  close(): Promise<void>
}

export interface SessionsOptions {
  log: Log
  seal: Seal
  lifetimeMs: number
  nowMs: () => number
  onProblem: (text: string) => void
}

export const isPersonSession = (text: string): boolean => text.startsWith(PREFIX)

export async function openSessions({ log, seal, lifetimeMs, nowMs, onProblem }: SessionsOptions): Promise<Sessions> {
  await log.ensureTopics(endedSessionTopics)
  const ended = new Map<string, number>()
  const take = (records: readonly LogRecord[]): void => {
    for (const { key, value } of records) {
      const parsed = endedOf(value)
      // One that has ended by itself needs no telling.
      if (key !== null && parsed !== null && parsed.expiresAtMs > nowMs()) ended.set(key, parsed.expiresAtMs)
    }
    for (const [id, expiresAtMs] of ended) if (expiresAtMs <= nowMs()) ended.delete(id)
  }
  const topic = await followTopic({ log, topic: ENDED_SESSIONS, take, onProblem })
  const parse = (text: string) => {
    const parsed = sessionSchema.safeParse(isPersonSession(text) ? seal.open(text.slice(PREFIX.length)) : null)
    return parsed.success ? parsed.data : null
  }
  const audit = (act: string, id: string, who: { tenant: string; role: Principal['role']; person: string }) => {
    const by = nameOf({ ...who, keyId: null })
    return appendAudit(log, { atMs: nowMs(), tenant: who.tenant, by, act, target: id, detail: {} })
  }
  return {
    lifetimeMs,
    start: async (who) => {
      const id = randomBytes(16).toString('hex')
      await audit('session.start', id, who)
      return PREFIX + seal.seal({ id, ...who, expiresAtMs: nowMs() + lifetimeMs })
    },
    verify: (text) => {
      const session = parse(text)
      if (session === null) return { ok: false, message: 'the session is none of this Assay: sign in again' }
      const { id, tenant, role, person, expiresAtMs } = session
      if (expiresAtMs <= nowMs()) return { ok: false, message: 'the session has expired: sign in again' }
      if (ended.has(id)) return { ok: false, message: 'the session was ended: sign in again' }
      return { ok: true, principal: { tenant, role, person, keyId: null } }
    },
    end: async (text) => {
      const session = parse(text)
      if (session === null || session.expiresAtMs <= nowMs() || ended.has(session.id)) return
      const { id, tenant, expiresAtMs } = session
      await audit('session.end', id, session)
      const value = new TextEncoder().encode(JSON.stringify({ version: 1, expiresAtMs }))
      await log.append(ENDED_SESSIONS, [{ key: id, value, headers: { tenant } }])
      await topic.refresh()
    },
    close: () => topic.close(),
  }
}

function endedOf(value: Uint8Array): z.infer<typeof endedSchema> | null {
  try {
    const parsed = endedSchema.safeParse(JSON.parse(new TextDecoder().decode(value)))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
