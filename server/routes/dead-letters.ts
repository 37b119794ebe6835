import type { Context } from 'hono'
import { z } from 'zod'
import { may } from '../../storage/access/principal.ts'
import {
  dropDeadLetter,
  listDeadLetters,
  readDeadLetter,
  replayDeadLetter,
  type SettleOutcome,
  type StoredDeadLetter,
  settleAllDeadLetters,
  skipUnreadable,
  type Whose,
} from '../../storage/log/dead-letters.ts'
import type { ApiApp, ApiContext, ApiEnv } from '../api-context.ts'
import { badRequest, problem } from '../problem.ts'
import type { DeadLetterJson, DeadLettersResponse, SettledDeadLetters, SkippedRecords } from '../schemas.ts'

export const deadLettersQuerySchema = z.strictObject({
  state: z.enum(['waiting', 'replayed', 'dropped', 'all']).default('waiting'),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
})

export const skipSchema = z.strictObject({ source: z.string() })
const SKIP_STATUS = { malformed: 400, unknown: 404, readable: 409 } as const

/** Records that could not be used. What they hold is as it was sent, before any redaction. */
export function deadLetterRoutes(app: ApiApp, { log }: ApiContext): void {
  if (log === undefined) return
  app.get('/v1/dead-letters', async (context) => {
    const parsed = deadLettersQuerySchema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(deadLettersQuerySchema.shape))
    const { state, limit } = parsed.data
    const { letters, total } = await listDeadLetters(log, {
      state: state === 'all' ? null : state,
      limit,
      whose: whoseOf(context),
    })
    const body: DeadLettersResponse = { deadLetters: letters.map(toJson), total }
    return context.json(body)
  })

  app.get('/v1/dead-letters/:id', async (context) => {
    const letter = await readDeadLetter(log, idOf(context), whoseOf(context))
    if (letter === null) return problem(context, 404, `there is no dead letter ${context.req.param('id')}`)
    return context.json({
      ...toJson(letter),
      headers: letter.headers,
      valueBase64: Buffer.from(letter.value).toString('base64'),
    })
  })

  const settling =
    (settle: (id: number, whose: Whose) => Promise<SettleOutcome>) => async (context: Context<ApiEnv>) => {
      const outcome = await settle(idOf(context), whoseOf(context))
      if (outcome.ok) return context.json({ id: idOf(context) })
      return problem(context, outcome.code === 'unknown' ? 404 : 409, outcome.message)
    }
  const settlingAll = (outcome: 'replayed' | 'dropped') => async (context: Context<ApiEnv>) => {
    const body: SettledDeadLetters = { ids: await settleAllDeadLetters(log, outcome, whoseOf(context)) }
    return context.json(body)
  }
  app.post('/v1/dead-letters/replay', settlingAll('replayed'))
  app.post('/v1/dead-letters/drop', settlingAll('dropped'))
  app.post('/v1/dead-letters/skip', async (context) => {
    const parsed = skipSchema.safeParse(await context.req.json().catch(() => null))
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(skipSchema.shape))
    const outcome = await skipUnreadable(log, parsed.data.source)
    if (!outcome.ok) return problem(context, SKIP_STATUS[outcome.code], outcome.message)
    const { topic, partition, from, to } = outcome.range
    const body: SkippedRecords = { id: outcome.id, topic, partition, from, to }
    return context.json(body)
  })
  app.post(
    '/v1/dead-letters/:id/replay',
    settling((id, whose) => replayDeadLetter(log, id, whose)),
  )
  app.post(
    '/v1/dead-letters/:id/drop',
    settling((id, whose) => dropDeadLetter(log, id, whose)),
  )
}

/** A tenant's admin sees the letters of its own records alone. */
const whoseOf = (context: Context<ApiEnv>): Whose => {
  const principal = context.get('principal')
  return may(principal, 'operate') ? null : principal.tenant
}

/** What is no number names none. */
function idOf(context: Context): number {
  const id = Number(context.req.param('id'))
  return Number.isSafeInteger(id) && id >= 0 ? id : -1
}

const toJson = ({ id, state, source, group, code, reason, atMs, value }: StoredDeadLetter): DeadLetterJson => ({
  id,
  state,
  source,
  ...(group !== null && { group }),
  code,
  reason,
  at: new Date(atMs).toISOString(),
  sizeBytes: value.byteLength,
})
