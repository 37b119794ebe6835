/** What waits for a label, and in which order. */
import type { Label, Result } from '../../../client/api.ts'

export type Decided = Result & { readonly verdict: 'pass' | 'fail' }

export const keyOf = ({ traceId, spanId = '' }: { traceId: string; spanId?: string | undefined }): string =>
  `${traceId} ${spanId}`

/**
 * What the judge decided and this person has not labelled. Passes and failures in turn, so that both are labelled, and of each in the order of
 * trace ids, which are random: whoever stops halfway has an even sample, and cannot guess what the judge said.
 */
export function queueOf(results: readonly Result[], labels: readonly Label[], by: string): Decided[] {
  const done = new Set(labels.filter((label) => label.by === by).map(keyOf))
  const latest = new Map<string, Result>()
  // Newest first: of a subject that was judged again the latest is kept.
  for (const result of results) if (!latest.has(keyOf(result))) latest.set(keyOf(result), result)
  const open = [...latest.values()]
    .filter((result): result is Decided => result.verdict === 'pass' || result.verdict === 'fail')
    .filter((result) => !done.has(keyOf(result)))
    .sort((a, b) => keyOf(a).localeCompare(keyOf(b)))
  const fails = open.filter(({ verdict }) => verdict === 'fail')
  const passes = open.filter(({ verdict }) => verdict === 'pass')
  const queue: Decided[] = []
  for (let at = 0; at < Math.max(fails.length, passes.length); at++) {
    // Which of the two comes first tells nothing either.
    const pair = [fails[at], passes[at]].filter((one) => one !== undefined)
    queue.push(...pair.sort((a, b) => keyOf(a).localeCompare(keyOf(b))))
  }
  return queue
}
