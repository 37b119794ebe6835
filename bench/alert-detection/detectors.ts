/**
 * The ways of looking that are compared, each an hour at a time: what the product does, undivided and divided by version, and the two that most do.
 */
import { headStartHours, nextShare } from '../../engine/alerting/budget.ts'
import { type Baseline, fitBaseline } from '../../engine/statistics/e-sr/baseline.ts'
import { esrThreshold, type Observations } from '../../engine/statistics/e-sr/bets.ts'
import { ESR_START, type EsrBaseline, type EsrState, esrStep } from '../../engine/statistics/e-sr/step.ts'
import type { Hour } from './traffic.ts'

export const DETECTORS = ['e-SR', 'by version', 'threshold', 'z-test'] as const
export type DetectorName = (typeof DETECTORS)[number]

/** `false_alarms: 5% per 30d`: two fifths of it for the baseline, the rest for looking. */
const ALPHA = 0.05
const ALPHA_B = 0.4 * ALPHA
const BUDGET_HOURS = 720
const alarmOf = (share: number): number =>
  Math.log(esrThreshold({ hours: BUDGET_HOURS, alpha: 0.6 * ALPHA * share, monitors: 1 }))
/** After so many hours all traffic is of the next version. A day later the one before is gone, and its share is free. */
export const HOURS_OF_VERSION = 48
/** "Alert when the pass rate of the last hour is five points below usual." */
const POINTS_BELOW = 0.05
/** "Alert when the last hour is significantly worse": one-sided, 5%. */
const Z = 1.6449

export interface Detector {
  readonly name: DetectorName
  /** True: an alarm. */
  look(hour: Hour): boolean
}

export interface Reference {
  baseline: Baseline
  rate: number
}

/** Sums of the reference's hours, then the baseline. */
export function referenceOf(
  hours: readonly { n: Int32Array; fails: Int32Array }[],
  names: readonly string[],
): Reference {
  let [n, passes] = [0, 0]
  const looks = hours.map((hour) => {
    const strata: Record<string, { n: number; sum: number; sumSquares: number }> = {}
    for (const [s, name] of names.entries()) {
      const [count, sum] = [hour.n[s]!, hour.n[s]! - hour.fails[s]!]
      n += count
      passes += sum
      if (count > 0) strata[name] = { n: count, sum, sumSquares: sum }
    }
    return { strata }
  })
  return { baseline: fitBaseline({ looks }), rate: passes / n }
}

/** `lastHour`: from then on there is no new version. */
export function detectorsOf({ baseline, rate }: Reference, names: readonly string[], lastHour: number): Detector[] {
  const tuned: EsrBaseline = { ...baseline, alphaB: ALPHA_B }
  const step = (state: EsrState, hour: Hour): EsrState =>
    esrStep(state, { hours: 1, strata: lookAt(hour, names) }, tuned)
  let state: EsrState = ESR_START
  return [
    {
      name: 'e-SR',
      look(hour) {
        state = step(state, hour)
        return (state.statistic ?? 0) >= alarmOf(1)
      },
    },
    byVersion(step, lastHour),
    {
      name: 'threshold',
      look(hour) {
        const { n, passes } = totals(hour)
        return n > 0 && passes / n <= rate - POINTS_BELOW
      },
    },
    {
      name: 'z-test',
      look(hour) {
        const { n, passes } = totals(hour)
        return n > 0 && (passes - n * rate) / Math.sqrt(n * rate * (1 - rate)) <= -Z
      },
    },
  ]
}

/** The alert divided by version: each version has a detector of its own, with a share of the budget and, but for the first, a head start. */
function byVersion(step: (state: EsrState, hour: Hour) => EsrState, lastHour: number): Detector {
  let [hours, begun] = [0, 0]
  let now = { share: nextShare('regression', new Set()), state: ESR_START }
  return {
    name: 'by version',
    look(hour) {
      if (hours > 0 && hours <= lastHour && hours % HOURS_OF_VERSION === 0) {
        const share = nextShare('regression', new Set([now.share]))
        const logHours = Math.log(headStartHours({ hours: BUDGET_HOURS, begun: begun++, share }))
        now = { share, state: { logCapital: Array.from({ length: 5 }, () => logHours), statistic: logHours } }
      }
      hours++
      now.state = step(now.state, hour)
      return (now.state.statistic ?? 0) >= alarmOf(now.share)
    },
  }
}

function lookAt({ n, fails }: Hour, names: readonly string[]): Record<string, Observations> {
  const strata: Record<string, Observations> = {}
  for (const [s, name] of names.entries())
    if (n[s]! > 0) strata[name] = { values: [0, 1], counts: [fails[s]!, n[s]! - fails[s]!] }
  return strata
}

function totals({ n, fails }: Hour): { n: number; passes: number } {
  let [all, passes] = [0, 0]
  for (let s = 0; s < n.length; s++) {
    all += n[s]!
    passes += n[s]! - fails[s]!
  }
  return { n: all, passes }
}
