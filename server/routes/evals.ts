import { getConnInfo } from '@hono/node-server/conninfo'
import type { Hono } from 'hono'
import type { AlertPlan, EvalPlan } from '../../dsl/plan.ts'
import { formatRule } from '../../engine/alerting/rule-text.ts'
import type { LedgerRow } from '../../storage/traces/port.ts'
import type { ApiContext } from '../api-context.ts'
import { isLoopback } from '../loopback.ts'
import { problem } from '../problem.ts'
import type { AlertJson, EvalJson, EvalsResponse, RunResponse } from '../schemas.ts'

/** `GET /v1/evals`: the definitions in force with their ledger. `POST /v1/evals/{package}/{name}/run`: judges now. */
export function evalRoutes(app: Hono, api: ApiContext): void {
  app.get('/v1/evals', async (context) => {
    const { plan, loadedAtMs, diagnostics } = api.definitions.current()
    const ledger = new Map((await api.traces.ledger(api.tenant)).map((row) => [row.evalId, row]))
    const body: EvalsResponse = {
      hash: plan.hash,
      loadedAt: new Date(loadedAtMs).toISOString(),
      files: plan.files,
      diagnostics: diagnostics.map(({ severity, code, message, file, line }) => ({
        severity,
        code,
        message,
        file,
        line,
      })),
      evals: plan.evals.map((plan) => evalToJson(plan, ledger.get(plan.id))),
      alerts: plan.alerts.map(alertToJson),
    }
    return context.json(body)
  })

  app.post('/v1/evals/:package/:name/run', async (context) => {
    // There are no keys yet, and a run costs money: only this machine may ask for it.
    if (!isLoopback(getConnInfo(context).remote.address)) return problem(context, 403, 'only from this machine')
    const id = `${context.req.param('package')}/${context.req.param('name')}`
    const plan = api.definitions.current().plan.evals.find((candidate) => candidate.id === id)
    if (!plan) return problem(context, 404, `there is no eval ${id} in force`)
    if (plan.kind === 'online')
      return problem(context, 409, `${id} is an online eval: it runs by itself on every trace`)
    if (!api.runOffline) return problem(context, 503, 'no offline worker runs in this process')
    const outcome = await api.runOffline(id)
    if (!outcome.ok) return problem(context, runRefusals[outcome.code], outcome.message)
    const body: RunResponse = { eval: id, runId: outcome.runId }
    return context.json(body, 202)
  })
}

const runRefusals = { unknown_eval: 404, not_supported: 409, no_provider: 503, queue_unavailable: 503 } as const

function evalToJson(plan: EvalPlan, row: LedgerRow | undefined): EvalJson {
  const verdicts = { pass: row?.pass ?? 0, fail: row?.fail ?? 0, unknown: row?.unknown ?? 0, error: row?.error ?? 0 }
  const decided = verdicts.pass + verdicts.fail
  const matched = decided + verdicts.unknown + verdicts.error
  return {
    id: plan.id,
    kind: plan.kind,
    title: plan.title,
    owner: plan.owner,
    mode: plan.mode,
    subject: plan.kind === 'online' ? plan.scope.subject : plan.sample.scope.subject,
    when: plan.kind === 'online' ? plan.when : { cron: plan.schedule.cron, timeZone: plan.schedule.timeZone },
    file: plan.file,
    line: plan.line,
    measureHash: plan.measureHash,
    verdictHash: plan.verdictHash,
    matched,
    verdicts,
    passRate: decided > 0 ? verdicts.pass / decided : null,
    coverage: matched > 0 ? decided / matched : null,
    ...(matched === 0 && { note: neverMatched(plan) }),
  }
}

const neverMatched = (plan: EvalPlan): string =>
  plan.kind === 'online'
    ? `never matched: no stored ${plan.scope.subject} has been in its scope`
    : 'never matched: it has not run yet, or no trace was in its sample'

function alertToJson(alert: AlertPlan): AlertJson {
  return {
    id: alert.id,
    title: alert.title,
    owner: alert.owner,
    mode: alert.mode,
    file: alert.file,
    line: alert.line,
    on: alert.onEvalId,
    when: formatRule(alert.when),
    severity: alert.severity,
    notify: alert.notify.map(({ receiver, target }) => ({ receiver, target })),
  }
}
