/** The latest check of the store against the log, as `/health` shows it. */
import { findingsOf, type VerifyReport } from '../../engine/integrity/report.ts'
import type { IntegrityService } from '../../workers/integrity/service.ts'
import type { Counters } from '../health.ts'

const DAY_MS = 24 * 3_600_000

/** Of whole days that are over: what somebody looks at beside them is his own affair. */
function latestDay(checks: readonly VerifyReport[]): VerifyReport | undefined {
  return checks.find(
    ({ from, to, checkedAt }) => Date.parse(to) - Date.parse(from) >= DAY_MS && Date.parse(checkedAt) >= Date.parse(to),
  )
}

/** Empty before the first check. */
export async function integrityCounters(service: Pick<IntegrityService, 'kept'>): Promise<Counters> {
  const latest = latestDay(await service.kept(10))
  if (latest === undefined) return {}
  const { gaps, orphans, duplicates, checkedAt, from } = latest
  return {
    checkedAtMs: Date.parse(checkedAt),
    gapRecords: gaps.records,
    orphanResults: orphans.results,
    visibleDuplicates: duplicates.visibleSpans,
    findings: findingsOf(latest).length,
    day: from.slice(0, 10),
  }
}

export function troubleOfIntegrity(counters: Counters): string | null {
  const { findings = 0, day } = { ...counters, ...((counters.integrity as Counters | undefined) ?? {}) }
  if (Number(findings) === 0) return null
  return `the stored traces of ${day} are not what the log has: assay verify --day ${day} tells more`
}
