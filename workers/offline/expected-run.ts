/** What a run of an offline eval would draw and cost, told before anything is read: by its definition, and by its last run. */
import type { JudgePlan, OfflineEvalPlan } from '../../dsl/plan.ts'
import { isMeasured } from '../../engine/evaluate/measure.ts'
import type { ExpectedRun, Readiness } from '../../storage/queue/offline-control.ts'
import type { RunRecord } from '../../storage/queue/run-record.ts'

/** `runs`: of the eval, the newest first, without those of its anchors. */
export function expectedRun(
  evalPlan: OfflineEvalPlan,
  state: Readiness['state'],
  defaultJudge: JudgePlan | null,
  runs: readonly Pick<RunRecord, 'plan'>[],
): ExpectedRun {
  const { sample, method, budget } = evalPlan
  const isAsked = !isMeasured(evalPlan) && state !== 'by_proxy'
  const judges = isAsked ? ((method.judge ?? defaultJudge)?.models ?? []) : []
  const maxSubjects = sample.size === 'all' ? null : sample.size
  return {
    maxSubjects,
    judges,
    budget: { perRunMicroUsd: budget?.perRunMicros ?? null, perMonthMicroUsd: budget?.perMonthMicros ?? null },
    estimate: estimateBy(runs, maxSubjects, isAsked),
  }
}

function estimateBy(
  runs: readonly Pick<RunRecord, 'plan'>[],
  maxSubjects: number | null,
  isAsked: boolean,
): ExpectedRun['estimate'] {
  // An empty sample tells no price.
  const plan = runs.find(({ plan }) => plan !== null && plan.sampled > 0)?.plan
  if (plan === undefined || plan === null) return null
  const subjects = Math.min(plan.sampled, maxSubjects ?? plan.sampled)
  if (!isAsked) return { subjects, microUsd: 0 }
  const { estimateMicroUsd } = plan
  return {
    subjects,
    microUsd: estimateMicroUsd === null ? null : Math.round((estimateMicroUsd * subjects) / plan.sampled),
  }
}
