/**
 * How each version of the agent did in the window of an alert with a limit. Bounded: the versions that were seen last, in coarse steps of
 * time. A step leaves the window when its newest subject does.
 */
import { compare } from './compare.ts'
import type { RunAlert } from './run-alert.ts'
import type { Observation } from './window.ts'

export const MAX_VERSIONS = 20
/** Of a window. */
const STEPS = 24

export interface VersionStep {
  index: number
  lastMs: number
  bad: number
  n: number
}

export interface VersionSeen {
  /** Since the alert began to watch, and not of the window alone. */
  firstMs: number
  lastMs: number
  /** Oldest first. */
  steps: VersionStep[]
}

export interface VersionCounts {
  /** What made a subject bad when these were counted: the limit may change while the window stays. */
  limit: string | null
  seen: Map<string, VersionSeen>
}

export const emptyVersionCounts = (): VersionCounts => ({ limit: null, seen: new Map() })

type Subject = Pick<Observation, 'verdict' | 'score'>

/** Whether a subject brings the alert nearer to its limit; null where it says nothing of it. */
function isBad({ when }: RunAlert, { verdict, score }: Subject): boolean | null {
  if (when.kind !== 'threshold') return null
  const { measure, cmp, value } = when
  const isLow = cmp === '<' || cmp === '<='
  const isDecided = verdict === 'pass' || verdict === 'fail'
  switch (measure.kind) {
    case 'rate':
    case 'count':
      if ((measure.verdict === 'pass' || measure.verdict === 'fail') && !isDecided) return null
      return (verdict === measure.verdict) !== isLow
    case 'coverage':
      return isDecided !== isLow
    case 'share':
    case 'subjects':
      return isDecided ? (verdict === 'pass') !== isLow : null
    case 'score':
    case 'value':
      // A sum is above its limit because there is much, and no single subject is.
      return score === undefined || measure.fn === 'sum' ? null : compare(score, cmp, value)
  }
}

const stepOf = ({ when }: RunAlert, atMs: number): number =>
  when.kind === 'regression' ? 0 : Math.floor((atMs * STEPS) / (when.overNs / 1e6))

/** The limit that the counts are of. Works on `counts` in place, as all here do. */
function adoptLimit(counts: VersionCounts, { when }: RunAlert): void {
  const limit = when.kind === 'threshold' ? `${when.cmp} ${when.value}` : null
  if (counts.limit === limit) return
  counts.limit = limit
  for (const version of counts.seen.values()) version.steps = []
}

export function countVersion(
  counts: VersionCounts,
  alert: RunAlert,
  { version, atMs, ...subject }: Subject & Pick<Observation, 'version' | 'atMs'>,
): void {
  if (version === undefined) return
  const bad = isBad(alert, subject)
  if (bad === null) return
  adoptLimit(counts, alert)
  let seen = counts.seen.get(version)
  if (seen === undefined) {
    seen = { firstMs: atMs, lastMs: atMs, steps: [] }
    counts.seen.set(version, seen)
    if (counts.seen.size > MAX_VERSIONS) forgetOldest(counts, version)
  }
  seen.firstMs = Math.min(seen.firstMs, atMs)
  seen.lastMs = Math.max(seen.lastMs, atMs)
  const index = stepOf(alert, atMs)
  let step = seen.steps.findLast((one) => one.index === index)
  if (step === undefined) {
    step = { index, lastMs: atMs, bad: 0, n: 0 }
    seen.steps.push(step)
    seen.steps.sort((a, b) => a.index - b.index)
  }
  step.lastMs = Math.max(step.lastMs, atMs)
  step.n++
  if (bad) step.bad++
}

/** The one that nothing came of for longest; but the one that is new. */
function forgetOldest({ seen }: VersionCounts, but: string): void {
  let oldest: string | null = null
  for (const [version, { lastMs, firstMs }] of seen) {
    const known = oldest === null ? undefined : seen.get(oldest)
    const isOlder = known === undefined || lastMs < known.lastMs || (lastMs === known.lastMs && firstMs < known.firstMs)
    if (version !== but && isOlder) oldest = version
  }
  if (oldest !== null) seen.delete(oldest)
}

/** A subject that counts no longer, or otherwise: as it was counted. */
export function uncountVersion(
  counts: VersionCounts,
  alert: RunAlert,
  { version, atMs, ...subject }: Subject & Pick<Observation, 'version' | 'atMs'>,
): void {
  if (version === undefined) return
  const bad = isBad(alert, subject)
  adoptLimit(counts, alert)
  const index = stepOf(alert, atMs)
  const step = counts.seen.get(version)?.steps.findLast((one) => one.index === index)
  // Of another limit it may not be in here.
  if (bad === null || step === undefined || step.n === 0) return
  step.n--
  step.bad = Math.min(step.n, Math.max(0, step.bad - (bad ? 1 : 0)))
}

/** Drops what came until `beginMs`; when a version came first is kept. */
export function expireVersions({ seen }: VersionCounts, beginMs: number): void {
  for (const version of seen.values())
    while (version.steps[0] !== undefined && version.steps[0].lastMs <= beginMs) version.steps.shift()
}
