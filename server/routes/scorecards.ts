import { z } from 'zod'
import { svgToPng } from '../../engine/images/png.ts'
import { RENDERED_FORMATS, renderScorecard } from '../../engine/scorecard/formats.ts'
import type { Scorecard } from '../../engine/scorecard/scorecard-json.ts'
import { scorecardSvg } from '../../engine/scorecard/svg.ts'
import { gatherScorecard } from '../../storage/scorecards/gather.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { parameter } from '../parameter.ts'
import { badRequest, problem } from '../problem.ts'
import type { PostedScorecardJson, ScorecardHistoryResponse, ScorecardJson, ScorecardsResponse } from '../schemas.ts'

const slotParameter = parameter('a slot such as 2026-11-23T09:00:00Z', (text) => {
  const slotMs = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(slotMs) ? null : slotMs
})

export const scorecardHistoryQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(50),
})
export const renderedScorecardQuerySchema = z.strictObject({
  format: z.enum([...RENDERED_FORMATS, 'png']).default('html'),
  /** One that was posted; as it would be sent now without it. */
  slot: slotParameter.optional(),
})

const MEDIA_TYPES: Readonly<Record<(typeof RENDERED_FORMATS)[number], string>> = {
  text: 'text/plain; charset=utf-8',
  markdown: 'text/markdown; charset=utf-8',
  html: 'text/html; charset=utf-8',
  slack: 'application/json',
  svg: 'image/svg+xml',
}
/** A page that loads and runs nothing, wherever it is shown. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"

const receiverText = ({ receiver, target }: { receiver: string; target: string }): string =>
  `${receiver}(${JSON.stringify(target)})`

/** Scorecards as they would be sent now, and as they were posted. */
export function scorecardRoutes(app: ApiApp, api: ApiContext): void {
  const { traces, definitions, nowMs, scorecards: posted, alerts } = api
  const find = (tenant: string, id: string) => definitions.current(tenant).plan.scorecards.find((one) => one.id === id)

  /** Null where none of the name is in force. */
  async function asOfNow(tenant: string, id: string): Promise<Scorecard | null> {
    const { plan } = definitions.current(tenant)
    const found = find(tenant, id)
    if (found === undefined) return null
    return gatherScorecard({ traces, alerts: alerts ?? null }, tenant, plan, found, nowMs())
  }

  app.get('/v1/scorecards', async (context) => {
    const { tenant } = context.var.principal
    await posted?.refresh()
    const body: ScorecardsResponse = {
      scorecards: definitions
        .current(tenant)
        .plan.scorecards.map(({ id, title, owner, mode, schedule: { cron, timeZone }, notify }) => {
          const [last] = posted?.list(tenant, id, 1) ?? []
          return {
            id,
            title,
            owner,
            mode,
            schedule: { cron, timeZone },
            receivers: notify.map(receiverText),
            lastSlot: last === undefined ? null : isoOf(last.slotMs),
          }
        }),
    }
    return context.json(body)
  })

  app.get('/v1/scorecards/:package/:name', async (context) => {
    const id = `${context.req.param('package')}/${context.req.param('name')}`
    const scorecard = await asOfNow(context.var.principal.tenant, id)
    if (scorecard === null) return problem(context, 404, `there is no scorecard ${id} in force`)
    return context.json(scorecard satisfies ScorecardJson)
  })

  app.get('/v1/scorecards/:package/:name/history', async (context) => {
    const id = `${context.req.param('package')}/${context.req.param('name')}`
    const { tenant } = context.var.principal
    const query = scorecardHistoryQuerySchema.safeParse(context.req.query())
    if (!query.success) return badRequest(context, query.error, ['limit'])
    await posted?.refresh()
    const slots = posted?.list(tenant, id, query.data.limit) ?? []
    if (slots.length === 0 && find(tenant, id) === undefined)
      return problem(context, 404, `there is no scorecard ${id} in force, and none was posted`)
    const body: ScorecardHistoryResponse = {
      id,
      posted: slots.map(({ slotMs, postedAtMs, receivers, title }) => ({
        slot: isoOf(slotMs),
        postedAt: isoOf(postedAtMs),
        receivers: [...receivers],
        title,
      })),
    }
    return context.json(body)
  })

  app.get('/v1/scorecards/:package/:name/history/:slot', async (context) => {
    const id = `${context.req.param('package')}/${context.req.param('name')}`
    const slot = slotParameter.safeParse(context.req.param('slot'))
    if (!slot.success) return badRequest(context, slot.error, ['slot'])
    await posted?.refresh()
    const found = (await posted?.read(context.var.principal.tenant, id, slot.data)) ?? null
    if (found === null) return problem(context, 404, `${id} was not posted at ${isoOf(slot.data)}`)
    const { slotMs, postedAtMs, receivers, scorecard } = found
    const body: PostedScorecardJson = {
      slot: isoOf(slotMs),
      postedAt: isoOf(postedAtMs),
      receivers: [...receivers],
      scorecard,
    }
    return context.json(body)
  })

  app.get('/v1/scorecards/:package/:name/rendered', async (context) => {
    const id = `${context.req.param('package')}/${context.req.param('name')}`
    const { tenant } = context.var.principal
    const query = renderedScorecardQuerySchema.safeParse(context.req.query())
    if (!query.success) return badRequest(context, query.error, ['format', 'slot'])
    const { format, slot } = query.data
    if (slot !== undefined) await posted?.refresh()
    const scorecard =
      slot === undefined ? await asOfNow(tenant, id) : ((await posted?.read(tenant, id, slot))?.scorecard ?? null)
    if (scorecard === null) {
      const detail =
        slot === undefined ? `there is no scorecard ${id} in force` : `${id} was not posted at ${isoOf(slot)}`
      return problem(context, 404, detail)
    }
    const headers = { 'content-security-policy': PAGE_POLICY }
    if (format === 'png') {
      const png = await svgToPng(scorecardSvg(scorecard))
      return context.body(new Uint8Array(png), 200, { ...headers, 'content-type': 'image/png' })
    }
    const baseUrl = format === 'html' ? '' : (api.publicUrl ?? new URL(context.req.url).origin)
    return context.body(renderScorecard(scorecard, format, baseUrl), 200, {
      ...headers,
      'content-type': MEDIA_TYPES[format],
    })
  })
}

const isoOf = (ms: number): string => new Date(ms).toISOString()
