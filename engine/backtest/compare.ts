/** The rates of a backtest, with what chance allows. */
import { mcnemarExact } from '../statistics/mcnemar-exact.ts'
import { type Difference, newcombeDifference } from '../statistics/newcombe-difference.ts'
import { type Interval, wilsonInterval } from '../statistics/wilson-interval.ts'
import { type Direction, directionOf, type EvalBacktest, OUTCOMES, type Outcome, type Transitions } from './backtest.ts'

export interface Rate extends Interval {
  k: number
  n: number
  /** Null when n is 0. */
  rate: number | null
}

export interface SideCounts {
  pass: number
  fail: number
  unknown: number
  error: number
  /** pass / (pass + fail). */
  passRate: Rate
  /** (pass + fail) / all. */
  coverage: Rate
}

export interface EvalComparison {
  /** Null when the eval is not there on that side. */
  before: SideCounts | null
  after: SideCounts | null
  flips: Record<Direction, number>
  /** After minus before; null unless both sides decided something. */
  passRateDifference: Difference | null
  coverageDifference: Difference | null
  /** Of the flips between pass and fail: how likely so uneven ones are by chance. Null when none flipped. */
  flipsP: number | null
  /** What a reader should look at first. */
  warnings: ('matched_nothing' | 'failed_everything' | 'undecided_everywhere')[]
}

const ALPHA = 0.05

export function compareEval({ before, after, transitions }: EvalBacktest): EvalComparison {
  const earlier = before === null ? null : sideOf((verdict) => rowSum(transitions, verdict))
  const later = after === null ? null : sideOf((verdict) => columnSum(transitions, verdict))
  const flips: Record<Direction, number> = { pass_to_fail: 0, fail_to_pass: 0, lost: 0, gained: 0 }
  if (before !== null && after !== null) {
    for (const from of OUTCOMES) {
      for (const to of OUTCOMES) {
        const direction = directionOf(from, to)
        if (direction !== null) flips[direction] += transitions[from][to]
      }
    }
  }
  const flipped = flips.pass_to_fail + flips.fail_to_pass
  return {
    before: earlier,
    after: later,
    flips,
    passRateDifference: differenceOf(earlier?.passRate, later?.passRate),
    coverageDifference: differenceOf(earlier?.coverage, later?.coverage),
    flipsP: flipped === 0 ? null : mcnemarExact({ b: flips.pass_to_fail, c: flips.fail_to_pass }).p,
    warnings: later === null ? [] : warningsOf(later),
  }
}

function sideOf(count: (verdict: Exclude<Outcome, 'none'>) => number): SideCounts {
  const [pass, fail, unknown, error] = [count('pass'), count('fail'), count('unknown'), count('error')]
  const decided = pass + fail
  return {
    pass,
    fail,
    unknown,
    error,
    passRate: rateOf(pass, decided),
    coverage: rateOf(decided, decided + unknown + error),
  }
}

export function rateOf(k: number, n: number): Rate {
  return { k, n, rate: n === 0 ? null : k / n, ...wilsonInterval({ k, n, alpha: ALPHA }) }
}

function rowSum(transitions: Transitions, from: Outcome): number {
  return OUTCOMES.reduce((sum, to) => sum + transitions[from][to], 0)
}

function columnSum(transitions: Transitions, to: Outcome): number {
  return OUTCOMES.reduce((sum, from) => sum + transitions[from][to], 0)
}

function differenceOf(before: Rate | undefined, after: Rate | undefined): Difference | null {
  if (before === undefined || after === undefined || before.n === 0 || after.n === 0) return null
  return newcombeDifference({ k1: after.k, n1: after.n, k2: before.k, n2: before.n, alpha: ALPHA })
}

function warningsOf({ pass, fail, unknown, error }: SideCounts): EvalComparison['warnings'] {
  if (pass + fail + unknown + error === 0) return ['matched_nothing']
  if (pass + fail === 0) return ['undecided_everywhere']
  return pass === 0 ? ['failed_everything'] : []
}
