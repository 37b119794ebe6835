import { randomUUID } from 'node:crypto'
import type { OfflineEvalPlan, Plan } from '../../dsl/plan.ts'
import { scoreBoundsOf } from '../../dsl/score-bounds.ts'
import { compileOfflineEval } from '../../engine/evaluate/offline-eval.ts'
import { isPassOf } from '../../engine/trust/labels.ts'
import { readAnchorRounds } from '../../storage/labels/anchors.ts'
import { type GivenLabel, type HumanLabel, readLabels, storeLabels } from '../../storage/labels/labels.ts'
import { readAgreements } from '../../storage/labels/read-agreement.ts'
import { type LabelledTraces, subjectViews } from '../../storage/labels/subject-views.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { anchorsToJson } from '../drift-json.ts'
import { type AgreementResponse, type LabelJson, labelsBodySchema, type NewLabelJson } from '../offline-schemas.ts'
import { labelsQuerySchema } from '../parameters.ts'
import { badRequest, problem, readJsonBody } from '../problem.ts'

/** What people say of subjects, and how far judges agree with it. */
export function labelRoutes(app: ApiApp, { traces, definitions, nowMs }: ApiContext): void {
  const offlineEval = (tenant: string, id: string): { plan: Plan; evalPlan: OfflineEvalPlan } | null => {
    const { plan } = definitions.current(tenant)
    const evalPlan = plan.evals.find((one): one is OfflineEvalPlan => one.kind === 'offline' && one.id === id)
    return evalPlan === undefined ? null : { plan, evalPlan }
  }

  app.post('/v1/labels', async (context) => {
    const body = await readJsonBody(context)
    if (!body.ok) return body.refusal
    const parsed = labelsBodySchema.safeParse(body.value)
    if (!parsed.success) return badRequest(context, parsed.error, ['labels'])
    const { tenant } = context.var.principal
    const errors = outOfBounds(parsed.data.labels, (id) => offlineEval(tenant, id)?.evalPlan)
    if (errors.length > 0) {
      const detail = errors.map(({ parameter, message }) => `${parameter}: ${message}`).join('; ')
      return problem(context, 400, detail, errors)
    }
    const byEval = [...Map.groupBy(parsed.data.labels, (label) => label.eval)]
    const labelled: { evalPlan: OfflineEvalPlan; labels: GivenLabel[] }[] = []
    for (const [id, given] of byEval) {
      const found = offlineEval(tenant, id)
      if (found === null) return problem(context, 404, `there is no offline eval ${id} in force`)
      const verdictOf = await verdicts(
        traces,
        tenant,
        found,
        given.map(({ traceId }) => traceId.toLowerCase()),
      )
      const labels: GivenLabel[] = []
      for (const { traceId, spanId = '', score, verdict, withdrawn, note, by } of given) {
        const subject = { traceId: traceId.toLowerCase(), spanId: spanId.toLowerCase() }
        if (withdrawn === true) {
          labels.push({ ...subject, evalId: id, score: undefined, isPass: null, note, by, atMs: nowMs() })
          continue
        }
        const byScore = score === undefined ? undefined : verdictOf(subject, score)
        if (byScore === null) return problem(context, 422, `there is no stored trace ${traceId} with that subject`)
        // Where both are given, the person's own verdict counts.
        const isPass = verdict === undefined ? byScore : verdict === 'pass'
        if (isPass === undefined)
          return problem(context, 422, `the score of ${traceId} does not decide ${id}: give a verdict beside it`)
        labels.push({ ...subject, evalId: id, score, isPass, note, by, atMs: nowMs() })
      }
      labelled.push({ evalPlan: found.evalPlan, labels })
    }
    for (const { evalPlan, labels } of labelled) await storeLabels(traces, tenant, evalPlan, labels, randomUUID())
    return context.json({ stored: parsed.data.labels.length }, 201)
  })

  app.get('/v1/labels', async (context) => {
    const query = labelsQuerySchema.safeParse(context.req.query())
    if (!query.success) return badRequest(context, query.error, ['eval', 'limit'])
    const labels = await readLabels(traces, context.var.principal.tenant, query.data.eval, query.data.limit)
    return context.json({ labels: labels.map(labelToJson) })
  })

  app.get('/v1/evals/:package/:name/agreement', async (context) => {
    const id = `${context.req.param('package')}/${context.req.param('name')}`
    const { tenant } = context.var.principal
    const found = offlineEval(tenant, id)
    if (found === null) return problem(context, 404, `there is no offline eval ${id} in force`)
    const [[inForce], rounds] = await Promise.all([
      readAgreements(traces, tenant, found.plan, found.evalPlan),
      readAnchorRounds(traces, tenant, id),
    ])
    const { people, ...agreement } = inForce
    const answer: AgreementResponse = { eval: id, ...agreement, people: [...people], anchors: anchorsToJson(rounds) }
    return context.json(answer)
  })
}

/** A score that no judge could give would move every figure that labels correct. */
function outOfBounds(
  labels: readonly NewLabelJson[],
  planOf: (id: string) => OfflineEvalPlan | undefined,
): { parameter: string; message: string }[] {
  return labels.flatMap(({ eval: id, score, withdrawn }, at) => {
    const evalPlan = planOf(id)
    const bounds = evalPlan === undefined ? null : scoreBoundsOf(evalPlan.method)
    if (bounds === null || score === undefined || withdrawn === true) return []
    if (score >= bounds.low && score <= bounds.high) return []
    return [
      {
        parameter: `labels.${at}.score`,
        message: `${score} is no score of ${id}, which are ${bounds.low} to ${bounds.high}`,
      },
    ]
  })
}

/** What a score means by the eval's `pass`: undefined where that leaves it open, null where there is no such subject. */
async function verdicts(
  traces: LabelledTraces,
  tenant: string,
  { plan, evalPlan }: { plan: Plan; evalPlan: OfflineEvalPlan },
  traceIds: readonly string[],
): Promise<(subject: { traceId: string; spanId: string }, score: number) => boolean | undefined | null> {
  const compiled = compileOfflineEval(plan, evalPlan)
  const views = await subjectViews(traces, tenant, evalPlan, traceIds)
  return ({ traceId, spanId }, score) => isPassOf(compiled, views.get(traceId), spanId, score)
}

function labelToJson({ evalId, traceId, spanId, score, isPass, note, by, atMs }: HumanLabel): LabelJson {
  return {
    eval: evalId,
    traceId,
    ...(spanId !== '' && { spanId }),
    ...(score !== undefined && { score }),
    verdict: isPass ? 'pass' : 'fail',
    ...(note !== undefined && { note }),
    by,
    at: new Date(atMs).toISOString(),
  }
}
