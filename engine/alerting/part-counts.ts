/**
 * How the parts of an alert's traffic did of late: its versions of the agent, or its strata. Bounded: the parts that were seen last, in
 * coarse steps of time. A step is dropped when its newest subject is too old.
 */
import type { RunAlert } from './run-alert.ts'

export const MAX_PARTS = 20
/** Of a window. */
export const PART_STEPS = 24

export interface Sums {
  n: number
  sum: number
  sumSquares: number
}

export interface PartStep extends Sums {
  index: number
  lastMs: number
}

export interface Part {
  /** Since the alert began to watch, and not of the steps alone. */
  firstMs: number
  lastMs: number
  /** Oldest first. */
  steps: PartStep[]
}

export interface PartCounts {
  /** What the numbers depended on when they were counted: the limit may change while the window stays. */
  limit: string | null
  seen: Map<string, Part>
}

/** A subject's number in its part; `isShare`: it is 0 or 1. */
export interface PartValue {
  x: number
  isShare: boolean
  limit: string | null
}

/** `step`: in which its time lies. */
type InPart = PartValue & { name: string; atMs: number; step: number }

export const emptyPartCounts = (): PartCounts => ({ limit: null, seen: new Map() })

/** The step in which a time lies; of an alert on changes there are none. */
export const partStepOf = ({ when }: RunAlert, atMs: number): number =>
  stepOf(when.kind === 'regression' ? 0 : when.overNs / 1e6, atMs)

/** Versions have a deploy to be found before all of the time that the condition has to hold: their steps are of that, where it is longer than the window. */
export const versionSpanMs = ({ when, forNs }: RunAlert): number =>
  when.kind === 'regression' ? 0 : Math.max(when.overNs, forNs) / 1e6

export const versionStepOf = (alert: RunAlert, atMs: number): number => stepOf(versionSpanMs(alert), atMs)

const stepOf = (spanMs: number, atMs: number): number => (spanMs === 0 ? 0 : Math.floor((atMs * PART_STEPS) / spanMs))

/** Works on `counts` in place, as all here do. */
function adoptLimit(counts: PartCounts, limit: string | null): void {
  if (counts.limit === limit) return
  counts.limit = limit
  for (const part of counts.seen.values()) part.steps = []
}

export function addToPart(counts: PartCounts, { name, atMs, step: index, x, limit }: InPart): void {
  adoptLimit(counts, limit)
  let part = counts.seen.get(name)
  if (part === undefined) {
    part = { firstMs: atMs, lastMs: atMs, steps: [] }
    counts.seen.set(name, part)
    if (counts.seen.size > MAX_PARTS) forgetOldest(counts, name)
  }
  part.firstMs = Math.min(part.firstMs, atMs)
  part.lastMs = Math.max(part.lastMs, atMs)
  let step = part.steps.findLast((one) => one.index === index)
  if (step === undefined) {
    step = { index, lastMs: atMs, n: 0, sum: 0, sumSquares: 0 }
    part.steps.push(step)
    part.steps.sort((a, b) => a.lastMs - b.lastMs)
  }
  step.lastMs = Math.max(step.lastMs, atMs)
  step.n++
  step.sum += x
  step.sumSquares += x * x
}

/** A subject that counts no longer, or otherwise: as it was counted. Of another limit, or another part's steps, it may not be in here. */
export function takeFromPart(counts: PartCounts, { name, step: index, x, isShare, limit }: InPart): void {
  adoptLimit(counts, limit)
  const step = counts.seen.get(name)?.steps.findLast((one) => one.index === index)
  if (step === undefined || step.n === 0) return
  step.n--
  step.sum = step.n === 0 ? 0 : step.sum - x
  step.sumSquares = step.n === 0 ? 0 : Math.max(0, step.sumSquares - x * x)
  if (isShare) step.sum = step.sumSquares = Math.min(step.n, Math.max(0, step.sum))
}

/** The one that nothing came of for longest; but the one that is new. */
function forgetOldest({ seen }: PartCounts, but: string): void {
  let oldest: string | null = null
  for (const [name, { lastMs, firstMs }] of seen) {
    const known = oldest === null ? undefined : seen.get(oldest)
    const isOlder = known === undefined || lastMs < known.lastMs || (lastMs === known.lastMs && firstMs < known.firstMs)
    if (name !== but && isOlder) oldest = name
  }
  if (oldest !== null) seen.delete(oldest)
}

/** Drops what came until `beginMs`; when a part came first is kept. */
export function expireParts({ seen }: PartCounts, beginMs: number): void {
  for (const { steps } of seen.values()) while (steps[0] !== undefined && steps[0].lastMs <= beginMs) steps.shift()
}

export function sumOf(all: Iterable<Sums>): Sums {
  const total = { n: 0, sum: 0, sumSquares: 0 }
  for (const { n, sum, sumSquares } of all) {
    total.n += n
    total.sum += sum
    total.sumSquares += sumSquares
  }
  return total
}

/** Of each part what its steps of which `isIn` holds say; parts of which there are none are left out. */
export function sumsOfParts({ seen }: PartCounts, isIn: (step: PartStep) => boolean): Map<string, Sums> {
  const sums = new Map<string, Sums>()
  for (const [name, { steps }] of seen) {
    const total = sumOf(steps.filter(isIn))
    if (total.n > 0) sums.set(name, total)
  }
  return sums
}
