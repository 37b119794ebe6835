import type { OfflineEvalPlan } from './plan.ts'

/** What of an offline eval this version compiles and carries, and does not run yet; null when it runs. */
export function notRunYet({ sample }: Pick<OfflineEvalPlan, 'sample'>): string | null {
  return sample.scope.subject === 'session' ? 'sessions are not judged yet' : null
}
