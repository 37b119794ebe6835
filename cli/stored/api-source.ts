/** Stored traces of a running instance, over its API. */
import type { z } from 'zod'
import { isIntact, whyNotIntact } from '../../dsl/packages.ts'
import type { Plan } from '../../dsl/plan.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import type { EvalResult, Reason } from '../../engine/model/result.ts'
import { spanFromJson } from '../../engine/model/span-json.ts'
import {
  pagesResponseSchema,
  pageTracesResponseSchema,
  planResponseSchema,
  type ResultJson,
  resultsResponseSchema,
  traceResponseSchema,
} from '../../server/schemas.ts'
import { askApi } from '../commands/ask-api.ts'
import { SourceError, type TraceSource } from './source.ts'

const TENANT = 'default'
/** Evals asked for at once: names take room in an address. */
const EVALS_AT_ONCE = 20

export function openApiSource(server: string): TraceSource {
  const ask = async <T>(path: string, query: Record<string, string>, schema: z.ZodType<T>): Promise<T> => {
    const answer = await askApi(server, path, query, schema)
    if (answer.ok) return answer.value
    throw new SourceError(answer.message)
  }
  const time = (us: number): string => new Date(us / 1000).toISOString()
  return {
    shown: `the Assay at ${server}`,
    plan: async () => parsePlan(await ask('v1/plan', {}, planResponseSchema)),
    pages: async ({ fromUs, toUs }) => {
      const { pages } = await ask('v1/export/pages', { from: time(fromUs), to: time(toUs) }, pagesResponseSchema)
      return pages.map(({ fromTrace, toTrace = null }) => ({ fromTraceId: fromTrace, toTraceId: toTrace }))
    },
    read: async ({ fromUs, toUs }, page, fields) => {
      const query = { from: time(fromUs), to: time(toUs), ...rangeOf(page), fields: fields.join(',') }
      const { traces, openTraces } = await ask('v1/export/traces', query, pageTracesResponseSchema)
      return { traces: traces.map(({ spans }) => spans.map(parseSpan)), openTraces }
    },
    results: async (page, evalIds) => {
      const found: EvalResult[] = []
      for (let at = 0; at < evalIds.length; at += EVALS_AT_ONCE) {
        const evals = evalIds.slice(at, at + EVALS_AT_ONCE).join(',')
        const { results } = await ask('v1/export/results', { ...rangeOf(page), evals }, resultsResponseSchema)
        found.push(...results.map(resultFromJson))
      }
      return found
    },
    trace: async (traceId) => {
      const { spans } = await ask(`v1/traces/${traceId}`, {}, traceResponseSchema)
      return spans.map(({ results: _, ...span }) => parseSpan(span))
    },
    close: async () => {},
  }
}

function rangeOf({
  fromTraceId,
  toTraceId,
}: {
  fromTraceId: string
  toTraceId: string | null
}): Record<string, string> {
  return { fromTrace: fromTraceId, ...(toTraceId !== null && { toTrace: toTraceId }) }
}

/** The hash covers every part of a plan: what has the right one was made by the compiler. */
function parsePlan(raw: z.infer<typeof planResponseSchema>): Plan {
  const plan: unknown = raw
  if (isIntact(plan)) return plan
  throw new SourceError(`the definitions of the running Assay cannot be used: this ${whyNotIntact(plan)}`)
}

function parseSpan(raw: unknown) {
  const outcome = spanFromJson(raw, TENANT)
  if (outcome.ok) return outcome.span
  throw new SourceError(`the running Assay sent a span that cannot be read: ${outcome.field} ${outcome.message}`)
}

/** What verdicts and alerts are made of; a judge's steps, words and tokens are left out. */
function resultFromJson({ eval: evalId, reason, evidence, traceId, spanId, verdict, ...rest }: ResultJson): EvalResult {
  return makeResult({
    evalId,
    traceId,
    spanId: spanId ?? '',
    verdict,
    score: rest.score,
    // As the engine wrote it.
    reason: reason as Reason | undefined,
    evidence: evidence.map(({ spanId: of, ...one }) => (of === undefined ? one : { ...one, spanId: of })),
    measureHash: rest.measureHash,
    verdictHash: rest.verdictHash,
    mode: rest.mode,
    revision: rest.revision,
    subjectKind: rest.subject as EvalResult['subjectKind'],
    subjectTimeUs: Date.parse(rest.subjectTime) * 1000,
    evaluatedAtMs: Date.parse(rest.evaluatedAt),
    agentName: rest.agent?.name,
    agentVersion: rest.agent?.version,
    env: rest.env,
    judgeModel: rest.judge?.model,
    runId: rest.runId,
    inclusionProbability: rest.inclusionProbability,
    drawnFor: rest.drawnFor,
  })
}
