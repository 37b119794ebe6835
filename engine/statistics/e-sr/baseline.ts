/** What a reference period says of each stratum of the traffic, and how much more it varies than independent subjects would. */

export interface StratumSums {
  n: number
  sum: number
  sumSquares: number
}

export interface StratumBaseline {
  mean: number
  variance: number
  n: number
}

export interface Baseline {
  strata: Record<string, StratumBaseline>
  /** Overdispersion: 1 for independent subjects, more for clusters, shocks and drift. */
  phi: number
  meanPerLook: number
}

/** Under which strata too small for a baseline of their own are taken together; it judges strata that are new, too. */
export const POOLED_STRATUM = '*'

const FEWEST_PER_STRATUM = 100
const LOOKS_PER_DAY = 24

/**
 * From looks of one hour each, in order of time. Values lie in 0 to 1. Strata of fewer than 100 subjects are pooled under
 * `POOLED_STRATUM`.
 *
 * φ is the largest of 1 and, for blocks of 1 and of 24 looks, (1/(B − 1)) Σ (S_b − E_b)² / V_b with S_b the block's sum,
 * E_b = Σ n_bs p_s and V_b = Σ n_bs v_s: the variance among blocks by what it would be among independent subjects
 * (McCullagh & Nelder, *Generalized Linear Models* (1989), §4.5). Blocks in which nothing could vary are left out, and so is a
 * last one that is not whole.
 *
 * `day`: how many looks make a day, where they are longer than an hour.
 */
export function fitBaseline({
  looks,
  day = LOOKS_PER_DAY,
}: {
  looks: readonly { strata: Record<string, StratumSums> }[]
  day?: number
}): Baseline {
  const totals = new Map<string, StratumSums>()
  for (const { strata } of looks) for (const [key, sums] of Object.entries(strata)) addTo(totals, key, sums)
  const pooled = new Map<string, StratumSums>()
  for (const [key, sums] of totals) addTo(pooled, sums.n < FEWEST_PER_STRATUM ? POOLED_STRATUM : key, sums)
  const fitted = new Map([...pooled].filter(([, { n }]) => n > 0).map(([key, sums]) => [key, stratumOf(sums)] as const))
  const perLook = looks.map(({ strata }) => residualOf(strata, fitted))
  const n = [...totals.values()].reduce((sum, one) => sum + one.n, 0)
  return {
    strata: Object.fromEntries(fitted),
    phi: Math.max(1, dispersion(perLook, 1), dispersion(perLook, Math.max(1, Math.round(day)))),
    meanPerLook: looks.length === 0 ? 0 : n / looks.length,
  }
}

/** That of the stratum, else that of all small ones; undefined while it is learning. */
export function baselineOf(
  strata: Readonly<Record<string, StratumBaseline>>,
  key: string,
): StratumBaseline | undefined {
  if (Object.hasOwn(strata, key)) return strata[key]
  return Object.hasOwn(strata, POOLED_STRATUM) ? strata[POOLED_STRATUM] : undefined
}

function addTo(totals: Map<string, StratumSums>, key: string, { n, sum, sumSquares }: StratumSums): void {
  const before = totals.get(key) ?? { n: 0, sum: 0, sumSquares: 0 }
  totals.set(key, { n: before.n + n, sum: before.sum + sum, sumSquares: before.sumSquares + sumSquares })
}

function stratumOf({ n, sum, sumSquares }: StratumSums): StratumBaseline {
  const mean = sum / n
  return { mean, variance: Math.max(0, sumSquares / n - mean * mean), n }
}

interface Residual {
  /** Observed less expected. */
  excess: number
  variance: number
}

function residualOf(strata: Record<string, StratumSums>, fitted: ReadonlyMap<string, StratumBaseline>): Residual {
  const residual = { excess: 0, variance: 0 }
  for (const [key, { n, sum }] of Object.entries(strata)) {
    const baseline = fitted.get(key) ?? fitted.get(POOLED_STRATUM)
    if (baseline === undefined) continue
    residual.excess += sum - n * baseline.mean
    residual.variance += n * baseline.variance
  }
  return residual
}

function dispersion(perLook: readonly Residual[], length: number): number {
  const ratios: number[] = []
  for (let start = 0; start + length <= perLook.length; start += length) {
    let [excess, variance] = [0, 0]
    for (const look of perLook.slice(start, start + length)) {
      excess += look.excess
      variance += look.variance
    }
    if (variance > 0) ratios.push((excess * excess) / variance)
  }
  return ratios.length < 2 ? 1 : ratios.reduce((sum, ratio) => sum + ratio, 0) / (ratios.length - 1)
}
