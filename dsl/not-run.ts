import { findMetric } from './metrics.ts'
import type { OfflineEvalPlan } from './plan.ts'

/** What of an offline eval this version compiles and carries, and does not run yet; null when it runs. */
export function notRunYet({ method, sample }: Pick<OfflineEvalPlan, 'method' | 'sample'>): string | null {
  if (sample.scope.subject === 'session') return 'sessions are not judged yet'
  if (method.kind === 'metric') {
    const { name } = method.metric
    return findMetric(name)?.judgeCalls === 0 ? null : `the metric \`${name}\` asks a judge, which is not done yet`
  }
  return null
}
