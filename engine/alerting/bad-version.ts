/**
 * The first version of the agent of which more is bad than of those before it, in the window of an alert with a limit: as an
 * investigation contrasts traces (Fisher's exact test, corrected for all versions together by Benjamini and Hochberg).
 */
import { benjaminiHochberg } from '../statistics/benjamini-hochberg.ts'
import { fisherExact } from '../statistics/fisher-exact.ts'
import { rateRatio } from '../statistics/rate-ratio.ts'
import { wilsonInterval } from '../statistics/wilson-interval.ts'
import { formatValue } from './rule-text.ts'
import type { RunAlert } from './run-alert.ts'
import type { VersionCounts } from './version-counts.ts'
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

export function firstBadVersion(counts: VersionCounts, alert: RunAlert): BadDeploy | null {
  if (alert.when.kind !== 'threshold') return null
  const all = [...counts.seen].map(([value, { firstMs, steps }]) => ({ value, firstMs, sums: sumOf(steps) }))
  const candidates = all.flatMap(({ value, firstMs, sums: own }): Candidate[] => {
    const before = sumOf(all.filter((one) => one.firstMs < firstMs).map(({ sums }) => sums))
    const bad = own.bad + before.bad
    const isEnough = [own.n, before.n, bad, own.n + before.n - bad].every((n) => n >= FEWEST)
    return isEnough ? [{ value, firstMs, own, before, p: pOf(own, before) }] : []
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
    shareOf: badIn(alert.when),
    p,
  }
}

function sumOf(parts: readonly Sums[]): Sums {
  return parts.reduce((sum, { bad, n }) => ({ bad: sum.bad + bad, n: sum.n + n }), { bad: 0, n: 0 })
}

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

const beyond = { '<': 'below', '<=': 'at most', '>': 'above', '>=': 'at least' } as const

/** What is counted as bad, in words that follow a share: `30% of 60 fail`, `of 60 above 2s`. */
function badIn({ measure, cmp, value }: Extract<RunAlert['when'], { kind: 'threshold' }>): string {
  const isLow = cmp === '<' || cmp === '<='
  switch (measure.kind) {
    case 'rate':
    case 'count':
      if (!isLow) return measure.verdict
      return measure.verdict === 'pass' ? 'fail' : `not ${measure.verdict}`
    case 'coverage':
      return isLow ? 'undecided' : 'decided'
    case 'share':
    case 'subjects':
      return isLow ? 'not counted' : 'counted'
    case 'score':
    case 'value':
      return `${beyond[cmp]} ${formatValue(value, measure.type)}`
  }
}
