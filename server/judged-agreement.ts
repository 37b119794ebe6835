/** How far judges agree with people, as the API tells it. */
import { asksJudge } from '../dsl/metrics.ts'
import type { OfflineEvalPlan, Plan } from '../dsl/plan.ts'
import { readLabels } from '../storage/labels/labels.ts'
import { readAgreements } from '../storage/labels/read-agreement.ts'
import type { ApiContext } from './api-context.ts'
import type { SeriesAgreementJson } from './offline-schemas.ts'

/** Of each measure, that in force first; none of an eval without a judge or without labels. */
export async function agreementOfJudged(
  traces: ApiContext['traces'],
  tenant: string,
  plan: Plan,
  evalId: string,
): Promise<SeriesAgreementJson[]> {
  const evalPlan = judgedEval(plan, evalId)
  if (evalPlan === null) return []
  if ((evalPlan.anchors?.length ?? 0) === 0 && (await readLabels(traces, tenant, evalId, 1)).length === 0) return []
  const agreements = await readAgreements(traces, tenant, plan, evalPlan)
  return agreements.map(({ people, ...agreement }) => ({ ...agreement, people: [...people] }))
}

/** Null of an eval that asks no judge, or is not in force. */
export function judgedEval(plan: Plan, evalId: string): OfflineEvalPlan | null {
  const found = plan.evals.find((one): one is OfflineEvalPlan => one.kind === 'offline' && one.id === evalId)
  return found !== undefined && asksJudge(found.method) ? found : null
}
