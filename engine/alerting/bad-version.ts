/**
 * The first version of the agent of which more is bad than of those before it, in the window of an alert with a limit, or in that of one
 * on anomalies and the few before it: as an investigation contrasts traces (Fisher's exact test, corrected for all versions together by Benjamini and Hochberg).
 */
import { benjaminiHochberg } from '../statistics/benjamini-hochberg.ts'
import { fisherExact } from '../statistics/fisher-exact.ts'
import { rateRatio } from '../statistics/rate-ratio.ts'
import { wilsonInterval } from '../statistics/wilson-interval.ts'
import { badIn, oddIn } from './beyond-text.ts'
import { type Part, type PartCounts, type Sums as PartSums, sumOf } from './part-counts.ts'
import type { RunAlert } from './run-alert.ts'
import type { BadDeploy, Estimate } from './why.ts'

const ALPHA = 0.05
/** Of the bad and of the good, of the version and of those before it: with fewer no difference can be told from chance. */
const FEWEST = 5
/** What explains fewer of the bad, or is hardly worse, is no cause to be named. */
const LEAST_SHARE = 0.1
const LEAST_LIFT = 1.5
/** More subjects than this make the exact test slow, and no surer: they are tested as if they were so many. */
const MOST_TESTED = 20_000

interface Sums {
  bad: number
  n: number
}

interface Candidate {
  value: string
  firstMs: number
  own: Sums
  before: Sums
  p: number
}

/** `isHigh`: of an alert on anomalies, whether its value is above what is usual. */
export function firstBadVersion({ seen }: PartCounts, { when }: RunAlert, isHigh = true): BadDeploy | null {
  return firstBad(seen, when, isHigh, () => true)
}

/**
 * Of an alert with a limit: what its window tells. Where that does not tell it, the version before may have left the window while the
 * condition held, or was on its way: then what was kept of the time before tells it, of a version that came with the condition alone.
 */
export function firstBadVersionOf(
  { seen }: PartCounts,
  alert: RunAlert,
  { beginMs, sinceMs, windowMs }: { beginMs: number; sinceMs: number; windowMs: number },
): BadDeploy | null {
  const inWindow = new Map(
    [...seen].map(([name, part]) => [name, { ...part, steps: part.steps.filter(({ lastMs }) => lastMs > beginMs) }]),
  )
  const isNew = ({ firstMs, lastMs }: Part): boolean => firstMs > sinceMs - windowMs && lastMs > beginMs
  return firstBad(inWindow, alert.when, true, () => true) ?? firstBad(seen, alert.when, true, isNew)
}

function firstBad(
  seen: ReadonlyMap<string, Part>,
  when: RunAlert['when'],
  isHigh: boolean,
  mayBe: (part: Part) => boolean,
): BadDeploy | null {
  if (when.kind === 'regression') return null
  const all = [...seen].map(([value, part]) => ({ value, part, sums: badOf(sumOf(part.steps), isHigh) }))
  const candidates = all.flatMap(({ value, part, sums: own }): Candidate[] => {
    const { firstMs } = part
    const before = all
      .filter((one) => one.part.firstMs < firstMs)
      .reduce((sum, { sums }) => plus(sum, sums), { bad: 0, n: 0 })
    const bad = own.bad + before.bad
    const isEnough = [own.n, before.n, bad, own.n + before.n - bad].every((n) => n >= FEWEST)
    return isEnough && mayBe(part) ? [{ value, firstMs, own, before, p: pOf(own, before) }] : []
  })
  const { rejected, adjusted } = benjaminiHochberg({ p: candidates.map(({ p }) => p), alpha: ALPHA })
  const [first] = candidates
    .map((one, i) => ({ ...one, p: adjusted[i] ?? 1, stands: rejected[i] === true && standsOut(one) }))
    .filter(({ stands }) => stands)
    .sort((a, b) => a.firstMs - b.firstMs || a.p - b.p)
  if (first === undefined) return null
  const { value, firstMs, own, before, p } = first
  return {
    label: 'agent.version',
    value,
    firstSeenMs: firstMs,
    before: estimateOf(before),
    with: estimateOf(own),
    shareOf: when.kind === 'threshold' ? badIn(when) : oddIn(when, isHigh),
    p,
  }
}

const badOf = ({ n, sum }: PartSums, isHigh: boolean): Sums => ({ bad: isHigh ? sum : n - sum, n })

const plus = (a: Sums, b: Sums): Sums => ({ bad: a.bad + b.bad, n: a.n + b.n })

function pOf(own: Sums, before: Sums): number {
  const scale = Math.min(1, MOST_TESTED / (own.n + before.n))
  const scaled = (count: number): number => Math.floor(count * scale)
  return fisherExact({ k1: scaled(own.bad), n1: scaled(own.n), k2: scaled(before.bad), n2: scaled(before.n) }).p
}

function standsOut({ own, before }: Candidate): boolean {
  const { ratio, lower } = rateRatio({ k1: own.bad, n1: own.n, k2: before.bad, n2: before.n, alpha: ALPHA })
  return ratio >= LEAST_LIFT && lower > 1 && own.bad / (own.bad + before.bad) >= LEAST_SHARE
}

function estimateOf({ bad, n }: Sums): Estimate {
  const { lower, upper } = wilsonInterval({ k: bad, n, alpha: ALPHA })
  return { value: bad / n, interval: { low: lower, high: upper }, n }
}
