/**
 * Draws a run's sample. Traces are put in an order that depends on the run's id alone (a hash of it with each trace id) and
 * looked at in that order until enough subjects are in scope: the same slot draws the same sample, whoever draws it and
 * however often, and a trace that comes late changes it by one subject at the most.
 */
import { hash } from 'node:crypto'

export interface SampledSubject {
  traceId: string
  /** Empty for a subject that is a whole trace. */
  spanId: string
  /** See `drawSample`. */
  inclusionProbability: number
  /** Drawn because something flagged it, and not evenly: no alert may count it. */
  drawnFor?: 'flagged'
}

export interface Sample {
  subjects: SampledSubject[]
  /** Settled traces in the window. */
  populationTraces: number
  /** Traces looked at before the sample was full. */
  lookedAtTraces: number
}

export interface DrawOptions {
  /** `eval@slot`. */
  runId: string
  traceIds: readonly string[]
  size: number | 'all'
  /** Of each of these traces the ids of its subjects in scope; `['']` for the trace itself. */
  subjectsOf: (traceIds: readonly string[]) => Promise<readonly (readonly string[])[]>
  /** Traces that are looked at together: no more than this, and than are likely to fill the sample, but some. */
  readsAtOnce: number
  /** Looking stops there, whatever was found: a scope that almost nothing satisfies must not read the whole store. */
  maxLookedAt?: number
  signal: AbortSignal
}

const DEFAULT_MAX_LOOKED_AT = 20_000
/** The first that are looked at, and the fewest: a query costs much the same for 50 traces as for 200. */
const SOME_READS = 200

/**
 * Inclusion probability: 1 when every trace was looked at. Otherwise `h` traces with subjects were found among the first `m`
 * of `N`, and looking stopped at the h-th: (h − 1)/(m − 1) is the unbiased estimate of the share of traces with subjects
 * (inverse sampling, Haldane 1945), so the probability is h / (N (h − 1)/(m − 1)). For h = 1, m / N. A trace of which only
 * some spans fitted into the sample multiplies it by their share.
 */
export async function drawSample(options: DrawOptions): Promise<Sample> {
  const { runId, subjectsOf, readsAtOnce, signal } = options
  const size = options.size === 'all' ? Number.POSITIVE_INFINITY : options.size
  const ranked = rankBySeed(runId, options.traceIds)
  const last = Math.min(ranked.length, options.maxLookedAt ?? DEFAULT_MAX_LOOKED_AT)
  const found: { traceId: string; spanIds: readonly string[]; share: number }[] = []
  let subjects = 0
  let lookedAt = 0
  while (lookedAt < last && subjects < size) {
    signal.throwIfAborted()
    const wanted = size === Number.POSITIVE_INFINITY ? size : tracesFor(size - subjects, lookedAt, subjects)
    const batch = ranked.slice(lookedAt, Math.min(last, lookedAt + Math.min(readsAtOnce, wanted)))
    const read = await subjectsOf(batch)
    for (const [i, spanIds] of read.entries()) {
      lookedAt++
      if (spanIds.length === 0) continue
      const kept = spanIds.length <= size - subjects ? spanIds : rankBySeed(runId, spanIds).slice(0, size - subjects)
      found.push({ traceId: batch[i]!, spanIds: kept, share: kept.length / spanIds.length })
      subjects += kept.length
      if (subjects >= size) break
    }
  }
  const probability = traceProbability(found.length, lookedAt, ranked.length, subjects >= size)
  return {
    subjects: found.flatMap(({ traceId, spanIds, share }) =>
      spanIds.map((spanId) => ({ traceId, spanId, inclusionProbability: probability * share })),
    ),
    populationTraces: ranked.length,
    lookedAtTraces: lookedAt,
  }
}

/** So many traces more are likely to fill it, by those that were looked at: a trace may have many subjects, or none. */
function tracesFor(room: number, lookedAt: number, subjects: number): number {
  return Math.max(SOME_READS, Math.ceil((room * lookedAt) / Math.max(1, subjects)))
}

/** `full`: looking stopped because the sample was full, at a trace with subjects. */
export function traceProbability(found: number, lookedAt: number, population: number, full: boolean): number {
  if (lookedAt >= population) return 1
  if (!full || found < 2) return lookedAt / population
  const withSubjects = (population * (found - 1)) / (lookedAt - 1)
  return Math.min(1, found / withSubjects)
}

/** The ids in the order of their hashes with the seed. */
export function rankBySeed(seed: string, ids: readonly string[]): string[] {
  return ids
    .map((id) => ({ id, rank: hash('sha256', `${seed}\n${id}`) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
    .map(({ id }) => id)
}
