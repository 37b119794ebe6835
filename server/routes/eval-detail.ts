import { z } from 'zod'
import { declarationAt, documentOf } from '../../dsl/lsp/document.ts'
import { asksJudge } from '../../dsl/metrics.ts'
import type { EvalPlan, OfflineEvalPlan, PatternPlan } from '../../dsl/plan.ts'
import { patternName, printExpr, printScope } from '../../dsl/print-expr.ts'
import { printMetric } from '../../dsl/print-metric.ts'
import { scoreBoundsOf } from '../../dsl/score-bounds.ts'
import { type StandIn, standInsOf } from '../../engine/judge/answered-by.ts'
import { DECIDED, weightedShare } from '../../engine/scorecard/weighted.ts'
import { hajekMeanOf } from '../../engine/statistics/hajek-mean.ts'
import { wilsonOfRate } from '../../engine/statistics/wilson-interval.ts'
import { SERIES_LABELS, type SeriesRow } from '../../storage/traces/search-port.ts'
import type { ApiApp, ApiContext, DefinitionsView } from '../api-context.ts'
import { agreementOfJudged } from '../judged-agreement.ts'
import { parameter } from '../parameter.ts'
import { momentSchema } from '../parameters.ts'
import { badRequest, problem } from '../problem.ts'
import type { EvalDetailResponse, SeriesPointJson, SeriesResponse } from '../schemas.ts'

const MAX_POINTS = 1_000
const STEPS_MS = {
  '1m': 60_000,
  '10m': 600_000,
  '1h': 3_600_000,
  '6h': 21_600_000,
  '1d': 86_400_000,
  '1w': 604_800_000,
}
const STEP_NAMES = Object.keys(STEPS_MS) as (keyof typeof STEPS_MS)[]
const DEFAULT_MS = 7 * 86_400_000
/** Of the intervals. */
const ALPHA = 0.05

/** Query of `GET /v1/evals/{package}/{name}/series`. */
export const seriesQuerySchema = (nowMs: number) =>
  z.strictObject({
    since: momentSchema(nowMs).optional(),
    until: momentSchema(nowMs).optional(),
    step: parameter(
      `one of ${STEP_NAMES.join(', ')}`,
      (text) => STEP_NAMES.find((name) => name === text) ?? null,
    ).optional(),
    by: z.enum(SERIES_LABELS, `must be one of ${SERIES_LABELS.join(', ')}`).optional(),
    agreement: z.enum(['true', 'false'], 'must be true or false').default('true'),
  })

/** `GET /v1/evals/{package}/{name}`: what it says. `…/series`: how it went. */
export function evalDetailRoutes(app: ApiApp, { traces, definitions, nowMs }: ApiContext): void {
  app.get('/v1/evals/:package/:name', (context) => {
    const id = `${context.req.param('package')}/${context.req.param('name')}`
    const view = definitions.current(context.var.principal.tenant)
    const plan = view.plan.evals.find((one) => one.id === id)
    if (plan === undefined) return problem(context, 404, `there is no eval ${id} in force`)
    return context.json(detailOf(plan, view))
  })

  app.get('/v1/evals/:package/:name/series', async (context) => {
    const now = nowMs()
    const schema = seriesQuerySchema(now)
    const parsed = schema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(schema.shape))
    const { since: fromMs = now - DEFAULT_MS, until: toMs = now, by } = parsed.data
    if (fromMs >= toMs) return problem(context, 400, 'since: is not before until')
    const step = parsed.data.step ?? stepFor(toMs - fromMs)
    const stepMs = STEPS_MS[step]
    if ((toMs - fromMs) / stepMs > MAX_POINTS)
      return problem(
        context,
        422,
        `step: ${step} makes more than ${MAX_POINTS} points of this period; take a longer one`,
      )
    const evalId = `${context.req.param('package')}/${context.req.param('name')}`
    const query = { evalId, fromMs, toMs, stepMs, ...(by !== undefined && { by }) }
    const { tenant } = context.var.principal
    const [rows, agreement] = await Promise.all([
      traces.evalSeries(tenant, query),
      parsed.data.agreement === 'true'
        ? agreementOfJudged(traces, tenant, definitions.current(tenant).plan, evalId)
        : [],
    ])
    const known = definitions.current(tenant).plan.evals.find(({ id }) => id === evalId)
    const standIns: ReadonlyMap<string, StandIn> = known?.kind === 'offline' ? standInsOf(known) : new Map()
    const body: SeriesResponse = {
      eval: evalId,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      step,
      ...(by !== undefined && { by }),
      points: rows.map((row) => pointOf(row, standIns.get(row.measureHash))),
      ...(agreement.length > 0 && { agreement }),
    }
    return context.json(body)
  })
}

/** About fifty points. */
function stepFor(periodMs: number): keyof typeof STEPS_MS {
  return STEP_NAMES.find((name) => periodMs / STEPS_MS[name] <= 60) ?? '1w'
}

/** Means and rates are of the population that the sample was drawn of: each subject counts by the inverse of its probability. */
function pointOf(
  { startMs, measureHash, label, counts, scores, weighted }: SeriesRow,
  standIn: StandIn | undefined,
): SeriesPointJson {
  const decided = counts.pass + counts.fail
  const share = weightedShare(weighted, ['pass'], DECIDED, decided)
  const { rate, ess } = share ?? { rate: decided === 0 ? 0 : counts.pass / decided, ess: decided }
  const interval = wilsonOfRate({ rate, n: ess, alpha: ALPHA })
  const mean = scores === 0 ? null : hajekMeanOf(weighted.scores)
  return {
    start: new Date(startMs).toISOString(),
    measureHash,
    ...(standIn !== undefined && { standIn }),
    ...(label !== '' && { label }),
    verdicts: counts,
    ...(decided > 0 && { passRate: rate, lower: interval.lower, upper: interval.upper }),
    ...(mean !== null && { meanScore: mean.mean }),
    ...(share !== null && { effectiveSubjects: share.ess }),
  }
}

function detailOf(plan: EvalPlan, { plan: all, sources }: DefinitionsView): EvalDetailResponse {
  const options = { patterns: all.patterns, patternText: patternName }
  const text = sourceOf(plan, sources)
  const scope = plan.kind === 'online' ? plan.scope : plan.sample.scope
  const bounds = plan.kind === 'offline' ? scoreBoundsOf(plan.method) : null
  return {
    id: plan.id,
    kind: plan.kind,
    title: plan.title,
    owner: plan.owner,
    mode: plan.mode,
    file: plan.file,
    line: plan.line,
    measureHash: plan.measureHash,
    verdictHash: plan.verdictHash,
    was: plan.was,
    on: printScope(scope, options),
    pass: printExpr(plan.pass, options),
    ...(plan.kind === 'online' && plan.score !== null && { score: printExpr(plan.score, options) }),
    ...(plan.missing !== null && { missing: plan.missing.kind }),
    ...(plan.kind === 'online' &&
      plan.redact !== null && {
        redact: { fields: plan.redact.fields, patterns: namesOf(plan.redact.patterns, all.patterns) },
      }),
    ...(plan.kind === 'offline' &&
      plan.method.kind === 'rubric' && {
        judge: {
          models: [...plan.method.judge.models],
          fallbacks: [...plan.method.judge.fallbacks],
          take: plan.method.judge.take,
          rubric: plan.method.rubric,
          show: [...plan.method.show],
          scale: plan.method.scale,
        },
      }),
    ...(plan.kind === 'offline' &&
      plan.method.kind === 'metric' && {
        metric: {
          text: printMetric(plan.method.metric, options),
          ...(bounds !== null && { scale: bounds }),
          judge: judgeOf(plan.method),
        },
      }),
    ...(text !== null && { source: text }),
  }
}

/** Without models it is the one of the configuration. */
function judgeOf(method: OfflineEvalPlan['method'] & { kind: 'metric' }) {
  if (!asksJudge(method)) return null
  const { models = [], fallbacks = [], take = null } = method.judge ?? {}
  return { models: [...models], fallbacks: [...fallbacks], take }
}

const namesOf = (indexes: readonly number[], patterns: readonly PatternPlan[]): string[] =>
  indexes.map((index) => patterns[index]!.name)

/** The declaration alone, as it is written. Null where definitions were pushed: their text stayed where they were compiled. */
function sourceOf({ file, line }: EvalPlan, sources: DefinitionsView['sources']): string | null {
  const text = sources?.get(file)
  if (text === undefined) return null
  const lineStart = text.split('\n', line - 1).join('\n').length + (line > 1 ? 1 : 0)
  const firstWord = lineStart + (/^\s*/.exec(text.slice(lineStart))?.[0].length ?? 0)
  const declaration = declarationAt(documentOf(file, text), firstWord)
  return declaration === null ? null : text.slice(declaration.span.start, declaration.span.end)
}
