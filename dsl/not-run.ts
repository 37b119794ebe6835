import type { OfflineEvalPlan } from './plan.ts'

/** What of an offline eval this version compiles and carries, and does not run yet; null when it runs. */
export function notRunYet({ method, sample }: Pick<OfflineEvalPlan, 'method' | 'sample'>): string | null {
  if (sample.scope.subject === 'session') return 'sessions are not judged yet'
  if (method.kind === 'metric') return `the metric \`${method.metric.name}\` is not measured yet`
  const { take } = method.judge
  return take === null || take === 'mean' ? null : `panels that take the ${take} are not asked yet`
}
