import { findMetric } from './metrics.ts'
import type { OfflineMethod } from './plan.ts'

export interface ScoreBounds {
  readonly low: number
  readonly high: number
}

/** From the lowest to the highest score that there is: a rubric's scale, 0 to 1 of a ratio; null of what has no bounds. */
export function scoreBoundsOf(method: OfflineMethod): ScoreBounds | null {
  if (method.kind === 'rubric') return method.scale
  return findMetric(method.metric.name)?.result === 'ratio' ? { low: 0, high: 1 } : null
}
