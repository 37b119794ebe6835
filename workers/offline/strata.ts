/**
 * A sample of which each stratum gets an equal part: of few as many as of many, so that a rare version is judged as well as the usual one.
 * Subjects are in the order of their hashes with the run's id: the same slot draws the same sample.
 */
import { rankBySeed, type Sample, type SampledSubject } from './sample.ts'

export interface Candidate {
  /** Empty for a subject that is a whole trace. */
  spanId: string
  /** What the sample is divided by: values of the `by` fields. */
  stratum: string
}

export interface LookOptions {
  runId: string
  traceIds: readonly string[]
  /** Of each of these traces its subjects in scope. */
  candidatesOf: (traceIds: readonly string[]) => Promise<readonly (readonly Candidate[])[]>
  readsAtOnce: number
  /** Of a larger population an even part is looked at. */
  maxLookedAt?: number
  signal: AbortSignal
}

export interface StrataOptions extends LookOptions {
  size: number
}

const DEFAULT_MAX_LOOKED_AT = 20_000
/** Above so many the smallest are taken together: every subject has to have a chance. */
const MAX_STRATA = 50

/** All subjects of the population, or of an even part of it, in the order of their traces' hashes with the run's id. */
export async function lookAt({
  runId,
  traceIds,
  candidatesOf,
  readsAtOnce,
  maxLookedAt,
  signal,
}: LookOptions): Promise<{
  found: (Candidate & { traceId: string })[]
  populationTraces: number
  lookedAtTraces: number
}> {
  const ranked = rankBySeed(runId, traceIds)
  const looked = ranked.slice(0, maxLookedAt ?? DEFAULT_MAX_LOOKED_AT)
  const found: (Candidate & { traceId: string })[] = []
  for (let from = 0; from < looked.length; from += readsAtOnce) {
    signal.throwIfAborted()
    const read = looked.slice(from, from + readsAtOnce)
    for (const [i, candidates] of (await candidatesOf(read)).entries())
      for (const candidate of candidates) found.push({ ...candidate, traceId: read[i]! })
  }
  return { found, populationTraces: ranked.length, lookedAtTraces: looked.length }
}

/** A subject's probability is its stratum's part by its stratum's size, by the share of the population that was looked at. */
export async function drawByStrata(options: StrataOptions): Promise<Sample> {
  const { runId, size } = options
  const { found, populationTraces, lookedAtTraces } = await lookAt(options)
  const strata = new Map<string, string[]>()
  for (const { traceId, spanId, stratum } of found) {
    const key = `${traceId}/${spanId}`
    const known = strata.get(stratum)
    if (known === undefined) strata.set(stratum, [key])
    else known.push(key)
  }
  const pooled = poolSmall(strata, Math.max(1, Math.min(MAX_STRATA, Math.floor(size / 2))))
  const shares = shareOut(
    pooled.map(({ length }) => length),
    size,
  )
  const lookedShare = populationTraces === 0 ? 1 : lookedAtTraces / populationTraces
  const probabilities = new Map<string, number>()
  for (const [i, keys] of pooled.entries()) {
    const share = shares[i] ?? 0
    for (const key of rankBySeed(runId, keys).slice(0, share))
      probabilities.set(key, (share / keys.length) * lookedShare)
  }
  // In an order of its own: by the one that they were drawn in, of a stratum of which few were drawn all would come first. So
  // strata are side by side, and where a budget ends, it ends for all of them alike.
  const subjects = rankBySeed(`${runId} in order`, [...probabilities.keys()]).map((key): SampledSubject => {
    const slash = key.indexOf('/')
    return {
      traceId: key.slice(0, slash),
      spanId: key.slice(slash + 1),
      inclusionProbability: probabilities.get(key) ?? 1,
    }
  })
  return { subjects, populationTraces, lookedAtTraces }
}

/** The largest as they are, the rest as one. */
function poolSmall(strata: ReadonlyMap<string, string[]>, most: number): string[][] {
  const bySize = [...strata].sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1))
  if (bySize.length <= most) return bySize.map(([, keys]) => keys)
  const kept = bySize.slice(0, most - 1).map(([, keys]) => keys)
  return [...kept, bySize.slice(most - 1).flatMap(([, keys]) => keys)]
}

/** Equal parts of `size`; what a stratum is too small for goes to the others. */
export function shareOut(sizes: readonly number[], size: number): number[] {
  const shares = sizes.map(() => 0)
  const smallestFirst = sizes.map((_, i) => i).sort((a, b) => (sizes[a] ?? 0) - (sizes[b] ?? 0) || a - b)
  let left = size
  for (const [done, i] of smallestFirst.entries()) {
    const share = Math.min(sizes[i] ?? 0, Math.ceil(left / (sizes.length - done)))
    shares[i] = Math.min(share, left)
    left -= shares[i] ?? 0
  }
  return shares
}
