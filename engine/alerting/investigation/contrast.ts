/**
 * What failing traces have more often than passing ones. A trace is looked at once however often it called a tool; whatever few traces have,
 * or all, tells nothing and is not tested. All that is tested is corrected for together, so that of data in which nothing is the matter
 * the chance to name anything is `ALPHA`.
 */
import { benjaminiHochberg } from '../../statistics/benjamini-hochberg.ts'
import { fisherExact } from '../../statistics/fisher-exact.ts'
import { normalUpperTail } from '../../statistics/normal-upper-tail.ts'
import { rateRatio } from '../../statistics/rate-ratio.ts'
import type { Feature, Finding } from './investigation.ts'
import { FEWEST_WITH } from './nothing-to-compare.ts'

export interface ContrastedTrace {
  readonly isFailing: boolean
  readonly features: readonly Feature[]
}

export interface Contrast {
  readonly outcome: 'found' | 'nothing' | 'too_few'
  readonly tested: number
  readonly findings: readonly Finding[]
}

export const ALPHA = 0.05
/** Of each kind: with fewer no difference can be told from chance after the correction. */
const FEWEST_TRACES = 5
/** What explains fewer of the failing traces, or is hardly more frequent among them, is no cause to be named. */
const LEAST_SHARE = 0.1
const LEAST_LIFT = 1.5
const SHOWN = 5
const SHOWN_ALSO = 4
/** Traces that two things have in common, of those that have either: from here on they are one thing. */
const SAME = 0.9

/** Of things that are in the same traces the first of these is named. */
const LABELS = ['agent.version', 'prompt', 'model', 'tool.failed', 'tool', 'provider', 'agent.name', 'env']
const rankOf = ({ label }: Feature): number => (LABELS.includes(label) ? LABELS.indexOf(label) : LABELS.length)

interface Candidate {
  readonly finding: Finding
  /** By the trace's place in the list. */
  readonly traces: ReadonlySet<number>
}

export function contrast(traces: readonly ContrastedTrace[]): Contrast {
  const failingCount = traces.filter(({ isFailing }) => isFailing).length
  const passingCount = traces.length - failingCount
  if (failingCount < FEWEST_TRACES || passingCount < FEWEST_TRACES)
    return { outcome: 'too_few', tested: 0, findings: [] }
  const tested = tracesByFeature(traces).filter(
    ({ having }) => having.size >= FEWEST_WITH && traces.length - having.size >= FEWEST_WITH,
  )
  const counted = tested.map(({ having, feature }) => {
    const k1 = [...having].filter((i) => traces[i]!.isFailing).length
    const k2 = having.size - k1
    return { feature, having, k1, k2, p: fisherExact({ k1, n1: failingCount, k2, n2: passingCount }).p }
  })
  const { rejected, adjusted } = benjaminiHochberg({ p: counted.map(({ p }) => p), alpha: ALPHA })
  const candidates = counted.flatMap(({ feature, having, k1, k2, p }, i): Candidate[] => {
    if (rejected[i] !== true) return []
    const isAbsent = k1 / failingCount < k2 / passingCount
    // Of what has one value a trace, less of the one is more of another, which is named. A call that is missing has no other.
    if (isAbsent && feature.label !== 'tool') return []
    const [a, b] = isAbsent ? [failingCount - k1, passingCount - k2] : [k1, k2]
    const { ratio, lower, upper } = rateRatio({ k1: a, n1: failingCount, k2: b, n2: passingCount, alpha: ALPHA })
    if (ratio < LEAST_LIFT || lower <= 1 || a / failingCount < LEAST_SHARE) return []
    const finding: Finding = {
      ...feature,
      isAbsent,
      failing: { count: a, of: failingCount },
      passing: { count: b, of: passingCount },
      lift: ratio,
      interval: { low: lower, high: upper },
      p,
      q: adjusted[i] ?? 1,
      also: [],
    }
    const lacking = new Set(traces.keys().filter((trace) => !having.has(trace)))
    return [{ finding, traces: isAbsent ? lacking : having }]
  })
  const findings = named(candidates, traces)
  return { outcome: findings.length === 0 ? 'nothing' : 'found', tested: tested.length, findings }
}

function tracesByFeature(traces: readonly ContrastedTrace[]): { feature: Feature; having: Set<number> }[] {
  const found = new Map<string, { feature: Feature; having: Set<number> }>()
  for (const [i, { features }] of traces.entries())
    for (const { label, value } of features) {
      const key = JSON.stringify([label, value])
      const known = found.get(key)
      if (known === undefined) found.set(key, { feature: { label, value }, having: new Set([i]) })
      else known.having.add(i)
    }
  return [...found.values()]
}

/** The strongest first; what says nothing more than one before it stands with that one. */
function named(candidates: readonly Candidate[], traces: readonly ContrastedTrace[]): Finding[] {
  const sorted = candidates.toSorted(
    ({ finding: a }, { finding: b }) => a.p - b.p || b.lift - a.lift || rankOf(a) - rankOf(b),
  )
  const groups: { head: Candidate; also: Candidate[] }[] = []
  for (const candidate of sorted) {
    const explaining = groups.find(
      ({ head }) => overlap(head.traces, candidate.traces) >= SAME || addedEvidence(candidate, head, traces) > ALPHA,
    )
    if (explaining === undefined) groups.push({ head: candidate, also: [] })
    else explaining.also.push(candidate)
  }
  return groups.slice(0, SHOWN).map(({ head, also }) => withAlso(head, also))
}

function withAlso(head: Candidate, also: readonly Candidate[]): Finding {
  // Of those that are in the same traces, the one that people can act on.
  const same = [head, ...also.filter((one) => overlap(head.traces, one.traces) === 1)]
  const chosen = same.toSorted((a, b) => rankOf(a.finding) - rankOf(b.finding))[0] ?? head
  const rest = [head, ...also].filter((one) => one !== chosen).slice(0, SHOWN_ALSO)
  return { ...chosen.finding, also: rest.map(({ finding: { label, value } }) => ({ label, value })) }
}

function overlap(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  const both = a.intersection(b).size
  return both / (a.size + b.size - both)
}

/**
 * The one-sided p-value of what `candidate` says among traces that are alike by `known` (Cochran–Mantel–Haenszel): large where it only comes with
 * it.
 */
function addedEvidence(candidate: Candidate, known: Candidate, traces: readonly ContrastedTrace[]): number {
  let excess = 0
  let variance = 0
  for (const isWith of [true, false]) {
    const stratum = [...traces.keys()].filter((i) => known.traces.has(i) === isWith)
    const n = stratum.length
    if (n < 2) continue
    const having = stratum.filter((i) => candidate.traces.has(i))
    const failing = stratum.filter((i) => traces[i]!.isFailing).length
    const both = having.filter((i) => traces[i]!.isFailing).length
    excess += both - (having.length * failing) / n
    variance += (having.length * (n - having.length) * failing * (n - failing)) / (n * n * (n - 1))
  }
  return variance === 0 ? 1 : normalUpperTail(excess / Math.sqrt(variance))
}
