/** An alert's rule as the language writes it. */
import type { AlertWhen, ValueType } from '../../dsl/plan.ts'
import { patternName } from '../../dsl/print-expr.ts'
import { printWhen } from '../../dsl/print-rule.ts'

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

/** `count(fail) >= 1 over 10m`, `mean(score) falls by 0.3 vs 14d`. Of a plan's alert, `patterns` are the plan's. */
export function formatRule(when: AlertWhen, patterns: Parameters<typeof printWhen>[1]['patterns'] = []): string {
  return printWhen(when, { patterns, patternText: patternName })
}

/** A measured value: `5%`, `3.42`, `9.2s`, `0.31 USD`. */
export function formatValue(value: number, type: ValueType): string {
  switch (type.kind) {
    case 'ratio':
      return formatPercent(value)
    case 'duration':
      return value >= 1e9 ? `${rounded(value / 1e9)}s` : `${rounded(value / 1e6)}ms`
    case 'money':
      return `${rounded(value / 1e6)} ${type.currency}`
    default:
      return String(rounded(value))
  }
}

const rounded = (value: number): number => Number(value.toPrecision(4))
