/** What is stored and written of an eval's labels, held against what its judges said: series by series. */
import type { OfflineEvalPlan, Plan } from '../../dsl/plan.ts'
import { compileOfflineEval } from '../../engine/evaluate/offline-eval.ts'
import { type Agreement, agreementOf, type Label } from '../../engine/trust/agreement.ts'
import { fileLabels } from '../../engine/trust/labels.ts'
import type { TracesStore } from '../traces/port.ts'
import type { StoredVerdict } from '../traces/verdicts.ts'
import { LABEL_PREFIX } from './labels.ts'
import { type LabelledTraces, subjectViews } from './subject-views.ts'

export type AgreementTraces = Pick<TracesStore, 'queryVerdicts'> & LabelledTraces

/** Verdicts that an agreement is worked out of: the newest. */
const MAX_JUDGED = 10_000
const MAX_LABELS = 10_000

const keyOf = ({ traceId, spanId }: { traceId: string; spanId: string }): string => `${traceId}/${spanId}`

/** Of the file that the eval names and of what is stored; what the same person stored counts before what the file says. */
export async function labelsOfEval(
  traces: AgreementTraces,
  tenant: string,
  plan: Plan,
  evalPlan: OfflineEvalPlan,
): Promise<Label[]> {
  const { anchors = [] } = evalPlan
  const stored = await storedLabels(traces, tenant, evalPlan.id)
  const ids = anchors.map(({ traceId }) => traceId)
  const views = await subjectViews(traces, tenant, evalPlan, ids)
  const written = ids.length === 0 ? [] : fileLabels(compileOfflineEval(plan, evalPlan), anchors, views)
  const all = [...written, ...stored].map((label) => [`${keyOf(label)} ${label.by}`, label] as const)
  return [...new Map(all).values()].map((label) => ({
    key: keyOf(label),
    by: label.by,
    isPass: label.isPass,
    score: label.score,
  }))
}

async function storedLabels(traces: AgreementTraces, tenant: string, evalId: string) {
  const labels = await traces.queryVerdicts(tenant, { evalId, labels: true, limit: MAX_LABELS })
  return labels.map(({ verdict, runId, ...said }) => ({
    ...said,
    isPass: verdict === 'pass',
    by: runId.slice(LABEL_PREFIX.length),
  }))
}

export interface SeriesAgreement extends Agreement {
  readonly measureHash: string
}

/** Of each measure that results are stored of, that in force first, and always there; the others only where something of them is labelled. */
export async function readAgreements(
  traces: AgreementTraces,
  tenant: string,
  plan: Plan,
  evalPlan: OfflineEvalPlan,
): Promise<[SeriesAgreement, ...SeriesAgreement[]]> {
  const { id, method, measureHash: inForce } = evalPlan
  const [results, labels] = await Promise.all([
    traces.queryVerdicts(tenant, { evalId: id, limit: MAX_JUDGED }),
    labelsOfEval(traces, tenant, plan, evalPlan),
  ])
  const scale = method.kind === 'rubric' ? method.scale : null
  const of = (measureHash: string, all: readonly StoredVerdict[]): SeriesAgreement => ({
    measureHash,
    ...agreementOf(latestOf(all), labels, { scale }),
  })
  const byMeasure = Map.groupBy(results, ({ measureHash }) => measureHash)
  const others = [...byMeasure].filter(([measureHash]) => measureHash !== inForce)
  return [
    of(inForce, byMeasure.get(inForce) ?? []),
    ...others.map(([measureHash, all]) => of(measureHash, all)).filter(({ labelled }) => labelled > 0),
  ]
}

/** Runs judge a subject again and again: the latest decision counts. Newest first in. */
export function latestOf(results: readonly StoredVerdict[]) {
  const latest = new Map(
    results
      .filter(({ verdict }) => verdict === 'pass' || verdict === 'fail')
      .reverse()
      .map((one) => [keyOf(one), one]),
  )
  return [...latest].map(([key, { verdict, score, inclusionProbability }]) => ({
    key,
    isPass: verdict === 'pass',
    score,
    inclusionProbability,
  }))
}
