/** Which offline evals have nobody to judge them, or a budget that cannot be kept, by the environment and the project's `assay.yaml`: as `assay up` would find it here. */
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import {
  noticesOf,
  pricesLacking,
  pricesOfAsked,
  readinessOf,
  unjudgedDetail,
  unpricedDetail,
} from '../../workers/offline/judge-readiness.ts'
import { tenantPerMonthMicroUsd } from '../../workers/offline/prices.ts'
import { providersByName } from '../../workers/offline/providers.ts'
import { pricesOfRoutes } from '../../workers/offline/routes.ts'
import { configuredJudges } from '../run/configured-judges.ts'
import type { Unjudged } from './report.ts'

const TENANT = 'default'

/** `configPath`: the project's file, which ASSAY_CONFIG overrides; null where there is none. */
export function unjudgedHere(judged: readonly OfflineEvalPlan[], configPath: string | null): Unjudged {
  const configured = configuredJudges(process.env.ASSAY_CONFIG || configPath)
  if (!configured.ok)
    return { evals: [], notices: [`who judges is not known, for ${configured.message.split('\n').join('; ')}`] }
  const { providers, defaultJudge } = configured.judges
  const known = providersByName(providers)
  const found = judged.map((evalPlan) => ({ evalPlan, found: readinessOf(evalPlan, known, defaultJudge) }))
  const unready = found.flatMap(({ evalPlan, found: readiness }) =>
    readiness.state === 'ready'
      ? []
      : [{ evalId: evalPlan.id, detail: unjudgedDetail(evalPlan, readiness), found: readiness }],
  )
  const prices = pricesOfRoutes(configured.spending.prices, providers)
  const isTenantBound = tenantPerMonthMicroUsd(configured.spending, TENANT) !== null
  const unpriced = found.flatMap(({ evalPlan, found: { state } }) => {
    if (state !== 'ready' || (evalPlan.budget === null && !isTenantBound)) return []
    const asked = pricesOfAsked(evalPlan, prices, known, defaultJudge)
    const lacking = pricesLacking(evalPlan, asked, defaultJudge)
    return lacking.length === 0 ? [] : [{ id: evalPlan.id, lacking }]
  })
  const alike = [...Map.groupBy(unpriced, ({ lacking }) => lacking.join(' ')).values()]
  return {
    evals: [
      ...unready.map(({ evalId, detail, found: { state } }) => ({ eval: evalId, state, detail })),
      ...unpriced.map(({ id, lacking }) => ({
        eval: id,
        state: 'no_price' as const,
        detail: unpricedDetail([id], lacking),
      })),
    ],
    notices: [
      ...noticesOf(unready),
      ...alike.map((all) =>
        unpricedDetail(
          all.map(({ id }) => id),
          all[0]?.lacking ?? [],
        ),
      ),
    ],
  }
}
