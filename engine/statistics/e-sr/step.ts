/**
 * The e-SR detector: a stratified, tempered, betting Shiryaev–Roberts e-detector of a mean that fell. Each look multiplies the capital of five
 * bettors who bet that it did, and adds new capital for a change that begins with this look; the statistic is the logarithm of their mean capital.
 * Shin, Ramdas & Rinaldo, *E-detectors*, New England Journal of Statistics in Data Science 2 (2024).
 */
import { logAddExp } from '../log-add-exp.ts'
import { normalQuantile } from '../normal-quantile.ts'
import { type Baseline, baselineOf, type StratumBaseline } from './baseline.ts'
import { esrLogE, type Observations } from './bets.ts'

export interface EsrBaseline extends Baseline {
  /** A drop up to this is of no interest; 0 unless given. */
  tolerance?: number
  /** The chance that is granted to the baseline's being estimated; 0.02 unless given. */
  alphaB?: number
}

export interface EsrLook {
  /** Since the last look; above 0. */
  hours: number
  strata: Readonly<Record<string, Observations>>
}

/** Plain JSON. */
export interface EsrState {
  /** Of each bettor's capital, its logarithm. Empty before the first look. */
  logCapital: number[]
  /** Of the mean capital, its logarithm: an alarm when it is at least ln of `esrThreshold`. Null before the first look. */
  statistic: number | null
}

export const ESR_START: EsrState = { logCapital: [], statistic: null }

const BETTORS = 5
const DEFAULT_ALPHA_B = 0.02
const MEAN_RANGE = { low: 0.001, high: 0.999 }
const SMALLEST_VARIANCE = 1e-4

/** Pure: the state after the look. A look without observations of strata that have a baseline brings no evidence, only time. */
export function esrStep(state: EsrState, look: EsrLook, baseline: EsrBaseline): EsrState {
  if (!(look.hours > 0)) throw new RangeError(`${look.hours} is not a time since the last look`)
  const evidence = esrEvidence(look, baseline)
  const logFresh = Math.log(look.hours)
  const logCapital = Array.from({ length: BETTORS }, (_, k) => {
    const logE = Object.values(evidence).reduce((sum, logEs) => sum + (logEs[k] ?? 0), 0)
    return logAddExp(state.logCapital[k] ?? Number.NEGATIVE_INFINITY, logFresh) + logE
  })
  return { logCapital, statistic: logCapital.reduce(logAddExp) - Math.log(BETTORS) }
}

/** Of each stratum that has a baseline, what its observations multiply each bettor's capital by (logarithms). Their sum is the look's. */
export function esrEvidence(look: EsrLook, baseline: EsrBaseline): Record<string, number[]> {
  const judged = Object.entries(look.strata).flatMap(([key, observations]) => {
    const stratum = baselineOf(baseline.strata, key)
    const n = observations.counts.reduce((sum, count) => sum + count, 0)
    return stratum === undefined || n === 0 ? [] : [{ key, observations, stratum, n }]
  })
  const total = judged.reduce((sum, { n }) => sum + n, 0)
  const phi = 1 + (baseline.phi - 1) * Math.max(1, total / baseline.meanPerLook)
  const margin = esrMargin(
    judged.map(({ stratum, n }) => ({ stratum, weight: n / total })),
    baseline,
  )
  return Object.fromEntries(
    judged.map(({ key, observations, stratum }) => [
      key,
      esrLogE({ mean: levelOf(stratum, margin), sd: sdOf(stratum), phi, ...observations }),
    ]),
  )
}

/** By how much the mean has to be below the baseline's estimate before it counts: the tolerance, or more where the estimate is uncertain. */
export function esrMargin(
  mix: readonly { stratum: StratumBaseline; weight: number }[],
  { phi, tolerance = 0, alphaB = DEFAULT_ALPHA_B }: EsrBaseline,
): number {
  const variance = mix.reduce((sum, { stratum, weight }) => sum + (weight * weight * stratum.variance) / stratum.n, 0)
  return Math.max(tolerance, normalQuantile(1 - alphaB) * Math.sqrt(phi * variance))
}

function levelOf({ mean }: StratumBaseline, margin: number): number {
  return Math.min(MEAN_RANGE.high, Math.max(MEAN_RANGE.low, mean - margin))
}

function sdOf({ variance }: StratumBaseline): number {
  return Math.sqrt(Math.max(variance, SMALLEST_VARIANCE))
}
