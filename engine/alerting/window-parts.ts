/** What is counted of the parts of an alert's traffic beside its window: by version of the agent to name a bad one, by stratum to tell what moved. */
import type { Statistic } from '../../dsl/plan.ts'
import { POOLED_STRATUM } from '../statistics/e-sr/baseline.ts'
import { compare } from './compare.ts'
import {
  addToPart,
  expireParts,
  MAX_PARTS,
  type PartCounts,
  type PartValue,
  partStepOf,
  takeFromPart,
  versionSpanMs,
  versionStepOf,
} from './part-counts.ts'
import { PAST_WINDOWS } from './past.ts'
import type { RunAlert, RunMeasure } from './run-alert.ts'
import type { SeenSubject } from './seen-subjects.ts'
import { stratumOf } from './stratum.ts'
import type { Observation } from './window.ts'

type Subject = Pick<Observation, 'verdict' | 'score'>

export interface WindowParts {
  versions: PartCounts
  strata: PartCounts
  /** Of alerts on anomalies of scores: what is usual at the hour of the window that begins at `startMs`; above it is what is counted. */
  usual: { startMs: number; value: number | null } | null
}

/** True of measures that are told by which side of a value their subjects lie on, and not by a sum. */
export const isOrder = (fn: Statistic): boolean => fn !== 'mean' && fn !== 'sum'

/** True of what is made of shares or means, of which alone it can be told what the same traffic did and what other traffic brought. */
export function isSplit({ kind, measure }: RunAlert['when']): boolean {
  if (kind === 'regression') return true
  return measure.kind !== 'count' && measure.kind !== 'subjects' && !('fn' in measure && measure.fn === 'sum')
}

/** 1 for a subject that the measure counts; null for one of which it says nothing. */
function hitOf(measure: RunMeasure, { verdict }: Subject): 0 | 1 | null {
  const isDecided = verdict === 'pass' || verdict === 'fail'
  switch (measure.kind) {
    case 'rate':
    case 'count':
      if ((measure.verdict === 'pass' || measure.verdict === 'fail') && !isDecided) return null
      return verdict === measure.verdict ? 1 : 0
    case 'coverage':
      return isDecided ? 1 : 0
    case 'share':
    case 'subjects':
      return isDecided ? (verdict === 'pass' ? 1 : 0) : null
    case 'score':
    case 'value':
      return null
  }
}

/** Of an alert with a limit whether the subject is on the limit's wrong side, of one on anomalies whether it is above what is usual. */
function beyondOf(
  { when }: RunAlert,
  score: number | undefined,
  usual: WindowParts['usual'],
): { isBeyond: boolean; limit: string } | null {
  if (score === undefined || when.kind === 'regression') return null
  if (when.kind === 'threshold')
    return { isBeyond: compare(score, when.cmp, when.value), limit: `${when.cmp} ${when.value}` }
  return usual === null || usual.value === null ? null : { isBeyond: score > usual.value, limit: '> usual' }
}

const shareOf = (x: boolean, limit: string | null): PartValue => ({ x: x ? 1 : 0, isShare: true, limit })

/**
 * By versions: of an alert with a limit 1 for a subject that brings it nearer to the limit, of one on anomalies 1 for one that raises the
 * value. Null where a subject says nothing of it.
 */
function ofVersion(alert: RunAlert, subject: Subject, usual: WindowParts['usual']): PartValue | null {
  const { kind, measure } = alert.when
  if (kind === 'regression') return null
  if (measure.kind === 'score' || measure.kind === 'value') {
    // A sum is above its limit because there is much, and no single subject is.
    const beyond = measure.fn === 'sum' ? null : beyondOf(alert, subject.score, usual)
    return beyond === null ? null : shareOf(beyond.isBeyond, beyond.limit)
  }
  const hit = hitOf(measure, subject)
  if (hit === null) return null
  if (kind === 'anomaly') return shareOf(hit === 1, null)
  const { cmp, value } = alert.when
  const isLow = cmp === '<' || cmp === '<='
  return shareOf((hit === 1) !== isLow, `${cmp} ${value}`)
}

/** By strata, in the measure's unit; of quantiles 1 for what lies beyond the limit, or above what is usual. */
function ofStratum(alert: RunAlert, subject: Subject, usual: WindowParts['usual']): PartValue | null {
  const { kind, measure } = alert.when
  if (kind === 'regression' || !isSplit(alert.when)) return null
  if (measure.kind !== 'score' && measure.kind !== 'value') {
    const hit = hitOf(measure, subject)
    return hit === null ? null : shareOf(hit === 1, null)
  }
  if (!isOrder(measure.fn))
    return subject.score === undefined ? null : { x: subject.score, isShare: false, limit: null }
  const beyond = beyondOf(alert, subject.score, usual)
  return beyond === null ? null : shareOf(beyond.isBeyond, beyond.limit)
}

/** The stratum under which it was counted. Works on `parts` in place. */
export function countParts(parts: WindowParts, alert: RunAlert, observation: Observation): string | undefined {
  const { version, atMs, labels } = observation
  const ofOne = version === undefined ? null : ofVersion(alert, observation, parts.usual)
  if (version !== undefined && ofOne !== null)
    addToPart(parts.versions, { ...ofOne, name: version, atMs, step: versionStepOf(alert, atMs) })
  const ofOther = ofStratum(alert, observation, parts.usual)
  if (ofOther === null) return undefined
  const stratum = stratumOf(labels, [])
  const { seen } = parts.strata
  const name = seen.has(stratum) || seen.size < MAX_PARTS - 1 ? stratum : POOLED_STRATUM
  addToPart(parts.strata, { ...ofOther, name, atMs, step: partStepOf(alert, atMs) })
  return name
}

/** A subject that counts no longer, or otherwise. */
export function uncountParts(parts: WindowParts, alert: RunAlert, subject: SeenSubject): void {
  const { version, stratum, atMs } = subject
  const ofOne = version === undefined ? null : ofVersion(alert, subject, parts.usual)
  if (version !== undefined && ofOne !== null)
    takeFromPart(parts.versions, { ...ofOne, name: version, atMs, step: versionStepOf(alert, atMs) })
  const ofOther = stratum === undefined ? null : ofStratum(alert, subject, parts.usual)
  if (stratum !== undefined && ofOther !== null)
    takeFromPart(parts.strata, { ...ofOther, name: stratum, atMs, step: partStepOf(alert, atMs) })
}

/** What has left the window is kept for a few windows more where it is what the window is compared with. */
export function expireWindowParts(parts: WindowParts, alert: RunAlert, beginMs: number, windowMs: number): void {
  expireParts(parts.versions, beginMs - PAST_WINDOWS * versionSpanMs(alert))
  expireParts(parts.strata, beginMs - PAST_WINDOWS * windowMs)
  for (const [name, { steps }] of parts.strata.seen) if (steps.length === 0) parts.strata.seen.delete(name)
}
