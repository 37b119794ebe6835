import type { AlertPlan, EvalPlan, PatternPlan } from '../../dsl/plan.ts'
import { printGroup } from '../../dsl/print-rule.ts'
import { formatRule } from '../../engine/alerting/rule-text.ts'
import type { EvalLedger } from '../../engine/evaluate/evaluator.ts'
import { scoreUnitOf } from '../../engine/evaluate/score.ts'
import type { LedgerRow } from '../../storage/traces/port.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import type { AlertJson, EvalJson, EvalsResponse } from '../schemas.ts'

/** `GET /v1/evals`: the definitions in force with their ledger. */
export function evalRoutes(app: ApiApp, api: ApiContext): void {
  app.get('/v1/evals', async (context) => {
    const { tenant } = context.var.principal
    const { plan, loadedAtMs, diagnostics } = api.definitions.current(tenant)
    const [stored, counted] = await Promise.all([api.traces.ledger(tenant), api.evalLedger?.(tenant) ?? []])
    const ofMeasure = new Map(stored.map((row) => [`${row.evalId} ${row.measureHash}`, row]))
    const earlier = new Set(stored.map(({ evalId }) => evalId))
    const counts = new Map(counted.map((row) => [row.evalId, row]))
    const body: EvalsResponse = {
      hash: plan.hash,
      loadedAt: new Date(loadedAtMs).toISOString(),
      files: plan.files,
      diagnostics: diagnostics.map(({ severity, code, message, file, line, column }) => ({
        severity,
        code,
        message,
        file,
        line,
        column,
      })),
      evals: plan.evals.map((plan) =>
        evalToJson(plan, {
          stored: ofMeasure.get(`${plan.id} ${plan.measureHash}`),
          counted: counts.get(plan.id),
          hasEarlier: earlier.has(plan.id),
        }),
      ),
      alerts: plan.alerts.map((alert) => alertToJson(alert, plan.patterns, api)),
    }
    return context.json(body)
  })
}

interface Found {
  /** By the measure in force: verdicts of another are another series. */
  stored: LedgerRow | undefined
  counted: EvalLedger | undefined
  hasEarlier: boolean
}

function evalToJson(plan: EvalPlan, { stored: row, counted, hasEarlier }: Found): EvalJson {
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
    scoreUnit: scoreUnitOf(plan),
    matched,
    verdicts,
    passRate: decided > 0 ? verdicts.pass / decided : null,
    coverage: matched > 0 ? decided / matched : null,
    ...(plan.kind === 'online' &&
      counted !== undefined && { filtered: counted.filtered, filteredUnknown: counted.filteredUnknown }),
    ...(matched === 0 && { note: hasEarlier ? CHANGED : neverMatched(plan) }),
  }
}

const CHANGED = 'nothing matched since what it measures was changed; verdicts from before are not counted'

const neverMatched = (plan: EvalPlan): string =>
  plan.kind === 'online'
    ? `never matched: no stored ${plan.scope.subject} has been in its scope`
    : 'never matched: it has not run yet, or no trace was in its sample'

function alertToJson(
  alert: AlertPlan,
  patterns: readonly PatternPlan[],
  { receiverLack }: Pick<ApiContext, 'receiverLack'>,
): AlertJson {
  return {
    id: alert.id,
    title: alert.title,
    owner: alert.owner,
    mode: alert.mode,
    file: alert.file,
    line: alert.line,
    on: alert.on.kind === 'eval' ? alert.on.evalId : alert.on.scope.subject,
    when: formatRule(alert.when, patterns),
    by: alert.by.map(printGroup),
    severity: alert.severity,
    notify: alert.notify.map((route) => {
      const { receiver, target } = route
      const lacks = receiverLack?.(route) ?? null
      return { receiver, target, ...(lacks !== null && { lacks }) }
    }),
  }
}
