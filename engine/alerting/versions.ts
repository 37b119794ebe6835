/**
 * How each version of the agent and each model did, to tell which deploy came with a change. Bounded: of the latest
 * `MAX_VERSIONS` alone.
 */
import type { BadDeploy, Estimate } from './why.ts'

const MAX_VERSIONS = 40
export const DEPLOY_LABELS = ['agent.version', 'model'] as const

export interface VersionSums {
  firstMs: number
  n: number
  /** Of what the detector looks at, 0 to 1, and of its squares. */
  sum: number
  sumSquares: number
}

/** By `agent.version=2.1`. */
export type Versions = Map<string, VersionSums>

export function addVersion(
  versions: Versions,
  labels: Readonly<Record<string, string>> | undefined,
  atMs: number,
  x: number,
): void {
  for (const label of DEPLOY_LABELS) {
    const value = labels?.[label]
    if (value === undefined) continue
    const key = `${label}=${value}`
    const sums = versions.get(key)
    if (sums === undefined) {
      versions.set(key, { firstMs: atMs, n: 1, sum: x, sumSquares: x * x })
      if (versions.size > MAX_VERSIONS) versions.delete(versions.keys().next().value!)
    } else {
      sums.n++
      sums.sum += x
      sums.sumSquares += x * x
    }
  }
}

interface Mean {
  mean: number
  variance: number
  n: number
}

const meanOf = (all: readonly VersionSums[]): Mean => {
  const n = all.reduce((sum, one) => sum + one.n, 0)
  const mean = all.reduce((sum, one) => sum + one.sum, 0) / n
  const variance = Math.max(1e-4, all.reduce((sum, one) => sum + one.sumSquares, 0) / n - mean * mean)
  return { mean, variance, n }
}

/** Fewer tell nothing. */
const FEWEST = 20

/**
 * The first version that is worse than all before it, if one stands out: by a z-test of the two means, corrected for the number of
 * versions (Bonferroni). `inMeasure`: back into the measure's unit, or into shares of `shareOf`.
 */
export function firstBadDeploy(
  versions: Versions,
  {
    sinceMs,
    inMeasure,
    phi,
    upperTail,
    shareOf,
  }: {
    sinceMs: number
    inMeasure: (x: number) => number
    phi: number
    upperTail: (z: number) => number
    shareOf?: string
  },
): BadDeploy | null {
  const found: BadDeploy[] = []
  for (const label of DEPLOY_LABELS) {
    const ofLabel = [...versions].filter(([key]) => key.startsWith(`${label}=`))
    for (const [key, sums] of ofLabel) {
      const before = ofLabel.map(([, one]) => one).filter(({ firstMs, n }) => firstMs < sums.firstMs && n >= FEWEST)
      // A version from long before the change did not bring it.
      if (before.length === 0 || sums.n < FEWEST || sums.firstMs < sinceMs - DAY_MS) continue
      const [old, now] = [meanOf(before), meanOf([sums])]
      const error = Math.sqrt(phi * (old.variance / old.n + now.variance / now.n))
      const p = Math.min(1, upperTail((old.mean - now.mean) / error) * ofLabel.length)
      if (p > 0.05) continue
      found.push({
        label,
        value: key.slice(label.length + 1),
        firstSeenMs: sums.firstMs,
        before: estimate(old, phi, inMeasure),
        with: estimate(now, phi, inMeasure),
        ...(shareOf !== undefined && { shareOf }),
        p,
      })
    }
  }
  return found.sort((a, b) => a.firstSeenMs - b.firstSeenMs)[0] ?? null
}

const DAY_MS = 24 * 3_600_000

function estimate({ mean, variance, n }: Mean, phi: number, inMeasure: (x: number) => number): Estimate {
  const half = 1.96 * Math.sqrt((phi * variance) / n)
  const ends = [inMeasure(Math.max(0, mean - half)), inMeasure(Math.min(1, mean + half))]
  return { value: inMeasure(mean), interval: { low: Math.min(...ends), high: Math.max(...ends) }, n }
}
