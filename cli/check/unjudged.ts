/** Which offline evals have nobody to judge them, by the environment and the project's `assay.yaml`: as `assay up` would find it here. */
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { noticesOf, readinessOf, unjudgedDetail } from '../../workers/offline/judge-readiness.ts'
import { providersByName } from '../../workers/offline/providers.ts'
import { configuredJudges } from '../run/configured-judges.ts'
import type { Unjudged } from './report.ts'

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
  return {
    evals: unready.map(({ evalId, detail, found: { state } }) => ({ eval: evalId, state, detail })),
    notices: noticesOf(unready),
  }
}
