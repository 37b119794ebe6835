/** In which order the subjects of a sample are judged. */

/** What the store gives at once: fewer are not nearer to each other than they come. */
const LEAST_TOGETHER = 200
/** Of a sample, at the most: a run that is stopped has judged an even part of it but for so much. */
const PART = 1 / 10

/**
 * A sample comes in random order, so that whatever part of it is judged stands for all. The store keeps traces in the order of their ids, and
 * reads all that lies between those it is asked for: within parts of a large sample its traces go in that order.
 */
export function nearTogether<T extends { readonly traceId: string }>(subjects: readonly T[]): T[] {
  const together = Math.max(LEAST_TOGETHER, Math.floor(subjects.length * PART))
  const ordered: T[] = []
  for (let from = 0; from < subjects.length; from += together) {
    const part = subjects.slice(from, from + together)
    if (together > LEAST_TOGETHER) part.sort((a, b) => (a.traceId < b.traceId ? -1 : a.traceId > b.traceId ? 1 : 0))
    ordered.push(...part)
  }
  return ordered
}
