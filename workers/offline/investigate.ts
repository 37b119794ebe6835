/**
 * Looks into what a firing alert is about: failing traces against passing ones, and a judge's words on the table where one is configured.
 * Idempotent: what it writes has the incident's name, and readers keep the first of it.
 */
import { randomBytes } from 'node:crypto'
import type { JudgePlan } from '../../dsl/plan.ts'
import { contrastAsked } from '../../engine/alerting/investigation/asked.ts'
import { contrast } from '../../engine/alerting/investigation/contrast.ts'
import type { AlertInvestigation } from '../../engine/alerting/investigation/investigation.ts'
import { summaryQuestion } from '../../engine/alerting/investigation/summary.ts'
import { runAlertsOf } from '../../engine/alerting/run-alert.ts'
import type { JudgeSteadiness } from '../../engine/alerting/why.ts'
import { messageOf } from '../../engine/message-of.ts'
import { investigationRecord } from '../../storage/alerts/investigation-record.ts'
import type { TenantPlans } from '../../storage/definitions/plans.ts'
import { readJudgeDrift } from '../../storage/labels/anchors.ts'
import type { Log, RecordToAppend } from '../../storage/log/port.ts'
import { ALERTS, alertTopics, NOTIFICATIONS } from '../../storage/log/topics.ts'
import type { InvestigationJob } from '../../storage/queue/investigation-jobs.ts'
import type { StateStore } from '../../storage/state/port.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import type { Budgets } from './budget.ts'
import { createOutputEstimate, withBudget } from './budgeted-client.ts'
import type { JudgeClient } from './judge-client.ts'
import type { Prices } from './prices.ts'

export interface InvestigateOptions {
  log: Pick<Log, 'append' | 'ensureTopics'>
  traces: Pick<TracesStore, 'contrastTraces' | 'queryResults'>
  definitions: Pick<TenantPlans, 'current'>
  /** Null where no judge is configured, or its provider is not. */
  judge: { models: JudgePlan; clientOf: (tenant: string) => JudgeClient } | null
  budgets: Budgets
  prices: Prices
  state: Pick<StateStore, 'add'>
  nowMs: () => number
  signal: AbortSignal
}

type Firing = InvestigationJob['transition']

/** Until then a store without a failing trace is taken to be behind the log; the job is tried again. */
const STORED_WITHIN_MS = 10 * 60_000
const SUMMARY_WITHIN_MS = 60_000
/** Of a tenant, whatever its budget. */
const SUMMARIES_A_DAY = 100
const DAY_MS = 24 * 3_600_000
/** Under which spending is counted: no eval has this name. */
const SPENT_AS = 'assay/investigations'

/** Rejects where the store or the log is away, or the store is behind: the job is tried again. */
export function createInvestigator(options: InvestigateOptions): (job: InvestigationJob) => Promise<void> {
  const { log, traces, definitions, nowMs } = options
  return async ({ tenant, transition }) => {
    const { alertId, incidentId, atMs } = transition
    if (incidentId === undefined) return
    const alert = runAlertsOf(definitions.current(tenant)).find(({ id }) => id === alertId)
    const asked = contrastAsked(transition, alert?.measureHash ?? null)
    if (asked === null) return
    const found = await traces.contrastTraces(tenant, asked)
    if (found.failing === 0 && nowMs() - atMs < STORED_WITHIN_MS) throw new Error('no failing trace is stored yet')
    const { outcome, tested, findings } = contrast(found.traces)
    const failingCompared = found.traces.filter(({ isFailing }) => isFailing).length
    const plain: AlertInvestigation = {
      atMs: nowMs(),
      fromMs: asked.fromMs,
      toMs: asked.toMs,
      outcome,
      failing: { traces: found.failing, compared: failingCompared },
      passing: { traces: found.passing, compared: found.traces.length - failingCompared },
      tested,
      findings: [...findings],
      judge: await judgeOf(tenant, transition, options),
      summary: null,
      summaryRefused: null,
    }
    const isAsked = options.judge !== null && outcome === 'found' && transition.mode === 'live'
    const investigation = isAsked ? { ...plain, ...(await summaryOf(tenant, transition, plain, options)) } : plain
    await log.ensureTopics(alertTopics)
    await log.append(ALERTS, [investigationRecord({ tenant, alertId, incidentId, investigation })])
    // Where nothing stands out the alert's page says so; nobody is called for that, but for a judge that is the cause itself.
    const isNews = outcome === 'found' || plain.judge?.drifted === true
    if (transition.mode === 'live' && isNews)
      await log.append(NOTIFICATIONS, [notification(tenant, transition, investigation)])
  }
}

/** What labelled anchors say of the judge since it began, if there are any. */
async function judgeOf(
  tenant: string,
  { evalId, atMs, why, numbers }: Firing,
  { traces, nowMs }: InvestigateOptions,
): Promise<JudgeSteadiness | null> {
  const beforeMs = why?.detection.kind === 'e-sr' ? why.detection.sinceMs : atMs - numbers.windowMs
  const drift = await readJudgeDrift(traces, tenant, evalId, { beforeMs, nowMs: nowMs() })
  if (drift === null) return null
  const { now, hasDrifted, p, lost, gained } = drift
  return { model: now.models.join(', '), drifted: hasDrifted, p, lost, gained, checkedAtMs: now.atMs }
}

/** Never rejects: numbers without words are better than none. */
async function summaryOf(
  tenant: string,
  { rule, title, alertId, incidentId = '' }: Firing,
  investigation: AlertInvestigation,
  { judge, budgets, prices, state, nowMs, signal }: InvestigateOptions,
): Promise<Pick<AlertInvestigation, 'summary' | 'summaryRefused'>> {
  const refused = (summaryRefused: string) => ({ summary: null, summaryRefused })
  if (judge === null) return { summary: null, summaryRefused: null }
  try {
    const day = new Date(nowMs()).toISOString().slice(0, 10)
    const count = await state.add(`investigations/summaries/${tenant}/${day}`, 1, 2 * DAY_MS, SUMMARIES_A_DAY)
    if (count === undefined) return refused(`the ${SUMMARIES_A_DAY} of a day are used up`)
    const budget = budgets.of({ tenant, evalId: SPENT_AS, runId: incidentId }, { budget: null })
    const plainClient = judge.clientOf(tenant)
    const outputs = createOutputEstimate()
    const client =
      budget === null
        ? plainClient
        : withBudget(plainClient, { budget, prices, outputs, cheaper: null, holdBackMicroUsd: 0 })
    const nonce = randomBytes(10).toString('hex')
    const question = summaryQuestion({ rule, title: title ?? alertId, investigation, nonce })
    const { models, fallbacks } = judge.models
    const within = AbortSignal.any([signal, AbortSignal.timeout(SUMMARY_WITHIN_MS)])
    const outcome = await client.ask([...models, ...fallbacks], question, within)
    switch (outcome.kind) {
      case 'answered': {
        const { model = null, costMicroUsd = null } = outcome.usage
        return { summary: { text: outcome.answer, model, costMicroUsd }, summaryRefused: null }
      }
      case 'refused':
        return refused('the judge declined')
      case 'over_budget':
        return refused('the budget does not pay for it')
      case 'aborted':
        return refused('the judge took too long')
      case 'malformed':
      case 'unreachable':
        return refused(outcome.detail)
    }
  } catch (error) {
    return refused(messageOf(error))
  }
}

/** To all who were told of the firing, whoever they are: the alert manager knows. */
function notification(tenant: string, transition: Firing, investigation: AlertInvestigation): RecordToAppend {
  const { alertId, incidentId = transition.id } = transition
  const route = { receiver: 'console', target: '' }
  const id = `${tenant}/${incidentId}/investigated`
  const value = {
    version: 1,
    kind: 'investigation',
    id,
    tenant,
    route,
    routes: [],
    alertId,
    incidentId,
    investigation,
  }
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  return { key: `${tenant}/console:`, value: bytes, headers: { tenant } }
}
