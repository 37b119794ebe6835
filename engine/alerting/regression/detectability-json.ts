/** What an alert on changes can see, for programs: durations in milliseconds and money in its currency, as scores of results are. */
import { resultUnitOf, scoreInResultUnit } from '../../evaluate/score.ts'
import type { RunAlert } from '../run-alert.ts'
import type { Detectability } from './detectability.ts'

export function detectabilityToJson({ when }: Pick<RunAlert, 'when'>, { baseline, drops, ...rest }: Detectability) {
  const { type } = when.measure
  const inUnit = (value: number): number => scoreInResultUnit(value, type) ?? value
  return {
    ...rest,
    baseline: baseline === null ? null : inUnit(baseline),
    unit: resultUnitOf(type),
    // JSON has no infinity: what is never seen takes null hours.
    drops: drops.map(({ drop, hours }) => ({ drop: inUnit(drop), hours: Number.isFinite(hours) ? hours : null })),
  }
}
