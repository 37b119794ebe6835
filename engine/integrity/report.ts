/** What a check of the store against the log found, in the form in which it is kept and shown. */
import { z } from 'zod'

const count = z.int().nonnegative()

const dayCountsSchema = z.object({
  topic: z.string(),
  partition: count,
  /** UTC, of when the log took the records: `2026-11-21`. */
  day: z.string(),
  /** That the log holds of this day, up to where the store group has committed. */
  records: count,
  /** Found by their position in the store. */
  stored: count,
  /** Found by the ids of what they hold: sent again in a later record, or stored by a version that kept no positions. */
  storedElsewhere: count,
  /** Without anything to store. */
  empty: count,
  /** Put aside by the store group. */
  deadLettered: count,
  /** All of it past its tenant's retention: the store may have let it go. */
  expired: count.default(0),
  /** Neither: acknowledged, and gone. */
  missing: count,
  /** Not committed by the store group yet: no gap. */
  lag: count,
})

const gapSchema = z.object({
  topic: z.string(),
  partition: count,
  /** Offsets [from, to). */
  from: count,
  to: count,
})

export const verifyReportSchema = z.object({
  /** Of the records' days, UTC. */
  from: z.string(),
  to: z.string(),
  checkedAt: z.string(),
  durationMs: count,
  isClean: z.boolean(),
  days: z.array(dayCountsSchema),
  gaps: z.object({ records: count, ranges: z.array(gapSchema) }),
  orphans: z.object({
    results: count,
    examples: z.array(
      z.object({ tenant: z.string(), eval: z.string(), traceId: z.string(), spanId: z.string().optional() }),
    ),
  }),
  duplicates: z.object({
    visibleSpans: count,
    awaitingMerge: z.object({ spans: count, results: count }),
  }),
})

export type VerifyReport = z.infer<typeof verifyReportSchema>
export type DayCounts = z.infer<typeof dayCountsSchema>
export type Gap = z.infer<typeof gapSchema>

const many = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`

/** What is wrong, a line each; empty when nothing is. */
export function findingsOf({ gaps, orphans, duplicates }: VerifyReport): string[] {
  const findings: string[] = []
  if (gaps.records > 0) {
    const where = gaps.ranges
      .slice(0, 5)
      .map(({ topic, partition, from, to }) => `${topic}/${partition}/${from}-${to - 1}`)
    const more = gaps.ranges.length > where.length ? ` and ${gaps.ranges.length - where.length} more ranges` : ''
    findings.push(
      `${many(gaps.records, 'acknowledged record')} neither stored nor in dead-letters: ${where.join(', ')}${more}`,
    )
  }
  if (orphans.results > 0) {
    const [first] = orphans.examples
    findings.push(
      `${many(orphans.results, 'result')} without a stored subject, such as ${first?.eval} of trace ${first?.traceId}`,
    )
  }
  if (duplicates.visibleSpans > 0) {
    findings.push(
      `${many(duplicates.visibleSpans, 'span')} counted twice: the sender gave them start times on two days`,
    )
  }
  return findings
}
