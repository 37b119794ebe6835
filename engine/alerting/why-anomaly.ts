/** Why an alert on anomalies says so: against what is usual at the hour of the week. */
import { studentTQuantile } from '../statistics/student-t-quantile.ts'
import type { Usual } from './anomaly/series.ts'
import { usualPartsAt } from './anomaly/usual-parts.ts'
import { firstBadVersion } from './bad-version.ts'
import { partsAreOf } from './beyond-text.ts'
import { PART_STEPS, partStepOf, sumsOfParts } from './part-counts.ts'
import type { AnomalyAlert } from './run-alert.ts'
import type { AlertState } from './state.ts'
import type { AlertWhy, Estimate } from './why.ts'
import { notSplit, type Split, splitOf } from './why-split.ts'
import { windowMsOf } from './window.ts'
import { isSplit } from './window-parts.ts'

/** The standard error of a median of many normal values, by that of their mean. */
const MEDIAN_ERROR = Math.sqrt(Math.PI / 2)
/** What is usual is the median of one of so many hours. */
const HOURS = 3

export function whyOfAnomaly(state: AlertState, alert: AnomalyAlert, plain: AlertWhy): AlertWhy {
  const judged = state.anomaly?.judged ?? null
  if (judged === null) return plain
  const { usual, distance, alarmFrom, value } = judged
  const low = usual.median - alarmFrom * usual.spread
  const high = usual.median + alarmFrom * usual.spread
  return {
    ...plain,
    baseline: usualEstimate(usual),
    detection: { kind: 'anomaly', distance, alarmFrom, usual: { low, high } },
    ...splitOfWindow(state, alert),
    deploy: firstBadVersion(state.window.versions, alert, (value ?? 0) >= usual.median),
  }
}

function usualEstimate({ median, spread, n }: Usual): Estimate {
  const ofOne = Math.max(1, n / HOURS)
  const half = (studentTQuantile({ p: 0.975, df: Math.max(4, n - HOURS) }) * MEDIAN_ERROR * spread) / Math.sqrt(ofOne)
  return { value: median, interval: { low: median - half, high: median + half }, n }
}

function splitOfWindow({ anomaly, window, phase }: AlertState, alert: AnomalyAlert): Split {
  if (phase.kind === 'firing') return notSplit('over')
  if (!isSplit(alert.when)) return notSplit('total')
  const endMs = anomaly?.endedMs ?? null
  if (anomaly === null || endMs === null) return notSplit('nothing_before')
  const end = partStepOf(alert, endMs)
  const now = sumsOfParts(window.strata, ({ index }) => index >= end - PART_STEPS && index < end)
  return splitOf(usualPartsAt(anomaly.parts, endMs - windowMsOf(alert)), now, partsAreOf(alert))
}
