import { meanOf, sumOf, varianceOf } from './mean.ts'

export interface ClusteredMean {
  mean: number
  /** As if the subjects were independent; NaN of fewer than two. */
  seIid: number
  /** NaN of fewer than two clusters, from which nothing is known of how they vary. */
  seClustered: number
  /** The variance among clusters by that among independent subjects. */
  deff: number
}

/**
 * The mean of scores that come in clusters, such as the traces of one session or user: `clusters` names that of each score. The clustered standard error is
 * CR0, √(Σ_c (Σ_{i∈c} (s_i − s̄))²) / n. Miller, *Adding error bars to evals* (2024), §2.2; Liang & Zeger, Biometrika 73 (1986).
 */
export function clusteredMean({
  scores,
  clusters,
}: {
  scores: readonly number[]
  clusters: readonly (string | number)[]
}): ClusteredMean {
  if (scores.length !== clusters.length) throw new RangeError('each score needs the name of its cluster')
  const mean = meanOf(scores)
  const excess = new Map<string | number, number>()
  for (const [i, score] of scores.entries()) {
    const cluster = clusters[i] as string | number
    excess.set(cluster, (excess.get(cluster) ?? 0) + score - mean)
  }
  const seIid = Math.sqrt(varianceOf(scores) / scores.length)
  const seClustered =
    excess.size < 2 ? Number.NaN : Math.sqrt(sumOf([...excess.values()].map((sum) => sum * sum))) / scores.length
  return { mean, seIid, seClustered, deff: seClustered === seIid ? 1 : (seClustered / seIid) ** 2 }
}

/**
 * The mean of a − b where the same subjects were scored twice, with its standard errors: the subjects' own difficulty drops out.
 * Miller, *Adding error bars to evals* (2024), §4.2.
 */
export function pairedClusteredDifference({
  a,
  b,
  clusters,
}: {
  a: readonly number[]
  b: readonly number[]
  clusters: readonly (string | number)[]
}): { difference: number; seIid: number; seClustered: number; deff: number } {
  if (a.length !== b.length) throw new RangeError('each subject needs both scores')
  const scores = a.map((score, i) => score - (b[i] as number))
  const { mean: difference, ...errors } = clusteredMean({ scores, clusters })
  return { difference, ...errors }
}
