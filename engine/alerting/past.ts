/** What has left an alert's window, in coarse steps: for charts alone, nothing is judged by it. */
import type { Bucket } from './window.ts'

export type PastBucket = { step: number } & Pick<Bucket, 'counts' | 'scores'>

/** A step is so many of the window's buckets. */
export const BUCKETS_IN_STEP = 20
/** How far back a chart goes. */
export const PAST_WINDOWS = 4

/** The step in which a bucket lies. */
export const stepOf = (bucketIndex: number): number => Math.floor(bucketIndex / BUCKETS_IN_STEP)

/** Takes over what leaves the window, and forgets what came before the step `fromStep`. Works on `past` in place. */
export function keepPast(past: PastBucket[], expired: readonly Bucket[], fromStep: number): void {
  for (const { index, counts, scores, bins } of expired) {
    // A histogram of values is large, and so would many of them be.
    if (bins !== null) continue
    const known = past.findLast(({ step }) => step === stepOf(index))
    if (known === undefined) {
      past.push({ step: stepOf(index), counts: { ...counts }, scores: { ...scores } })
      continue
    }
    for (const verdict of ['pass', 'fail', 'unknown', 'error'] as const) known.counts[verdict] += counts[verdict]
    known.scores.count += scores.count
    known.scores.sum += scores.sum
  }
  while (past[0] !== undefined && past[0].step < fromStep) past.shift()
}
