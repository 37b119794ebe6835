import { spanToJson } from '../../engine/model/span-json.ts'
import { SPAN_PAGE_FIELDS } from '../../storage/traces/pages.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { pageQuerySchema, pageResultsQuerySchema, pagesQuerySchema } from '../parameters.ts'
import { badRequest, problem } from '../problem.ts'
import { measuresOf, resultToJson } from '../result-json.ts'
import type { PagesResponse, PageTracesResponse, ResultsResponse } from '../schemas.ts'

/**
 * For whoever evaluates what is stored again (`assay run --since`, `assay backtest`): `GET /v1/export/pages` cuts a period into pages
 * of so many spans, and the two others give a page's traces and verdicts. Nothing is kept between requests. `GET /v1/plan`: the
 * definitions in force.
 */
export function exportRoutes(app: ApiApp, { traces, nowMs, definitions }: ApiContext): void {
  app.get('/v1/plan', (context) => context.json(definitions.current(context.var.principal.tenant).plan))

  app.get('/v1/export/pages', async (context) => {
    const schema = pagesQuerySchema(nowMs())
    const parsed = schema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(schema.shape))
    const { from: fromMs, to: toMs = nowMs(), spans } = parsed.data
    if (fromMs >= toMs) return problem(context, 400, 'from: it has to lie before to')
    const { tenant } = context.var.principal
    const pages = await traces.spanPages(tenant, { fromUs: fromMs * 1000, toUs: toMs * 1000 }, spans)
    const body: PagesResponse = {
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      pages: pages.map(({ fromTraceId, toTraceId }) => ({
        fromTrace: fromTraceId,
        ...(toTraceId !== null && { toTrace: toTraceId }),
      })),
    }
    return context.json(body)
  })

  app.get('/v1/export/traces', async (context) => {
    const schema = pageQuerySchema(nowMs())
    const parsed = schema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(schema.shape))
    const { from: fromMs, to: toMs, fromTrace, toTrace, fields = SPAN_PAGE_FIELDS } = parsed.data
    const { tenant } = context.var.principal
    const page = await traces.readSpanPage(tenant, {
      fromUs: fromMs * 1000,
      toUs: toMs * 1000,
      fromTraceId: fromTrace,
      toTraceId: toTrace ?? null,
      fields,
    })
    const body: PageTracesResponse = {
      traces: page.traces.map((spans) => ({
        traceId: spans[0]!.traceId,
        spans: spans.map((span) => ({ ...spanToJson(span) })),
      })),
      openTraces: page.openTraces,
    }
    return context.json(body)
  })

  app.get('/v1/export/results', async (context) => {
    const parsed = pageResultsQuerySchema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(pageResultsQuerySchema.shape))
    const { fromTrace, toTrace, evals } = parsed.data
    const { tenant } = context.var.principal
    const results = await traces.resultsOfPage(tenant, { fromTraceId: fromTrace, toTraceId: toTrace ?? null }, evals)
    const measureOf = measuresOf(definitions.current(tenant).plan)
    const body: ResultsResponse = { results: results.map((result) => resultToJson(result, measureOf)) }
    return context.json(body)
  })
}
