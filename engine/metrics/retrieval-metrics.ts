/** The grade from which a document is relevant, on UMBRELA's scale of 0 to 3. */
const RELEVANT = 2

export interface RetrievalMetrics {
  /** Of the first `k` documents, or of all where there are fewer, the share that is relevant. */
  precision: number
  /** The mean precision at each relevant document among them. */
  averagePrecision: number
  /** One by the place of the first relevant document among them. */
  reciprocalRank: number
  ndcg: number
}

/**
 * How good a ranking is: `relevance` has the grade of each document, in the order in which they were returned. All are 0 to 1, and 0 where nothing is
 * relevant; null where nothing was returned. Manning, Raghavan & Schütze, *Introduction to Information Retrieval* (2008), §8.4.
 */
export function retrievalMetrics({
  relevance,
  k,
  threshold = RELEVANT,
}: {
  relevance: readonly number[]
  k: number
  threshold?: number
}): RetrievalMetrics | null {
  const first = relevance.slice(0, k)
  if (first.length === 0) return null
  const precisions: number[] = []
  for (const [i, grade] of first.entries()) {
    if (grade >= threshold) precisions.push((precisions.length + 1) / (i + 1))
  }
  const firstAt = first.findIndex((grade) => grade >= threshold)
  return {
    precision: precisions.length / first.length,
    averagePrecision: precisions.length === 0 ? 0 : precisions.reduce((sum, one) => sum + one, 0) / precisions.length,
    reciprocalRank: firstAt < 0 ? 0 : 1 / (firstAt + 1),
    ndcg: ndcg({ relevance, k }),
  }
}

/**
 * Discounted cumulative gain of the first `k`, with gain 2^grade − 1 and discount log₂(place + 1), by that of the best order of all that were returned; 0 where
 * nothing has a gain. Burges et al., *Learning to rank using gradient descent*, ICML 2005.
 */
export function ndcg({ relevance, k }: { relevance: readonly number[]; k: number }): number {
  const best = dcg([...relevance].sort((a, b) => b - a).slice(0, k))
  return best === 0 ? 0 : dcg(relevance.slice(0, k)) / best
}

function dcg(relevance: readonly number[]): number {
  return relevance.reduce((sum, grade, i) => sum + (2 ** grade - 1) / Math.log2(i + 2), 0)
}
