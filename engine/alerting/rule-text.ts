/** An alert's rule as the language writes it. */
import type { AlertPlan } from '../../dsl/plan.ts'

const units: readonly [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]

/** The largest unit that needs no fraction: `90m`, `1h`, `1500ms`. */
export function formatDuration(durationMs: number): string {
  const rounded = Math.round(durationMs)
  const unit = units.find(([, sizeMs]) => rounded >= sizeMs && rounded % sizeMs === 0) ?? ['ms', 1]
  return `${rounded / unit[1]}${unit[0]}`
}

/** 0.05 → `5%`. */
export const formatPercent = (ratio: number): string => `${Number((ratio * 100).toFixed(2))}%`

/** `count(fail) >= 1 over 10m`, `rate(fail) > 5% over 1h`. */
export function formatRule({ fn, of, cmp, value, overNs }: AlertPlan['when']): string {
  const threshold = fn === 'rate' ? formatPercent(value) : String(value)
  return `${fn}(${of}) ${cmp} ${threshold} over ${formatDuration(overNs / 1e6)}`
}
