/** The three ways of looking that are compared, each an hour at a time: what the product does, and the two that most do. */
import { type Baseline, fitBaseline } from '../../engine/statistics/e-sr/baseline.ts'
import { esrThreshold } from '../../engine/statistics/e-sr/bets.ts'
import { ESR_START, type EsrState, esrStep } from '../../engine/statistics/e-sr/step.ts'
import type { Hour } from './traffic.ts'

export const DETECTORS = ['e-SR', 'threshold', 'z-test'] as const
export type DetectorName = (typeof DETECTORS)[number]

/** `false_alarms: 5% per 30d`: two fifths of it for the baseline, the rest for looking. */
const ALPHA = 0.05
const ALPHA_B = 0.4 * ALPHA
const ALARM = Math.log(esrThreshold({ hours: 720, alpha: 0.6 * ALPHA, monitors: 1 }))
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

export function detectorsOf({ baseline, rate }: Reference, names: readonly string[]): Detector[] {
  let state: EsrState = ESR_START
  const tuned = { ...baseline, alphaB: ALPHA_B }
  return [
    {
      name: 'e-SR',
      look({ n, fails }) {
        const strata: Record<string, { values: number[]; counts: number[] }> = {}
        for (const [s, name] of names.entries())
          if (n[s]! > 0) strata[name] = { values: [0, 1], counts: [fails[s]!, n[s]! - fails[s]!] }
        state = esrStep(state, { hours: 1, strata }, tuned)
        return state.statistic !== null && state.statistic >= ALARM
      },
    },
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

function totals({ n, fails }: Hour): { n: number; passes: number } {
  let [all, passes] = [0, 0]
  for (let s = 0; s < n.length; s++) {
    all += n[s]!
    passes += n[s]! - fails[s]!
  }
  return { n: all, passes }
}
