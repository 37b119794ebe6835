/** How far a judge agrees with people, and what its eval's figures are once corrected by what they said. */
import { ac1Of, alphaOf, kappaOf, krippendorffAlpha, pairSums, ratedSums, sumOfPairs } from '../statistics/agreement.ts'
import { hajekMean } from '../statistics/hajek-mean.ts'
import { jackknifeGroups, jackknifeInterval } from '../statistics/jackknife-interval.ts'
import { normalQuantile } from '../statistics/normal-quantile.ts'
import { ppiMean } from '../statistics/ppi-mean.ts'
import { verdictStratifiedRate } from '../statistics/verdict-stratified-rate.ts'
import type { Interval } from '../statistics/wilson-interval.ts'

/** A subject that the judge decided on. */
export interface JudgedSubject {
  /** Of trace and span. */
  readonly key: string
  readonly isPass: boolean
  readonly score: number | undefined
  readonly inclusionProbability: number
}

/** What one person said of one subject. */
export interface Label {
  readonly key: string
  readonly by: string
  readonly isPass: boolean | undefined
  readonly score: number | undefined
}

export interface Estimate {
  readonly estimate: number
  readonly lower: number
  readonly upper: number
}

/** Null wherever there is too little to tell. */
export interface Coefficients {
  readonly subjects: number
  /** The share of subjects on which both say the same. */
  readonly agreed: number | null
  /** Cohen's, weighted by squares for scores. */
  readonly kappa: number | null
  /** Krippendorff's, of the judge and every person. */
  readonly alpha: number | null
  /** Gwet's. */
  readonly ac1: number | null
  /** Of each, over subjects. */
  readonly intervals: {
    readonly kappa: Interval | null
    readonly alpha: Interval | null
    readonly ac1: Interval | null
  }
}

export interface Agreement {
  readonly judged: number
  readonly labelled: number
  readonly people: readonly string[]
  readonly verdicts: Coefficients
  /** Of whole-number scores within `scale`. */
  readonly scores: Coefficients | null
  readonly passRate: { readonly judged: Estimate | null; readonly corrected: Estimate | null }
  /** `reliance`: how far the judge's scores are used, 0 where people alone are. */
  readonly meanScore: { readonly judged: Estimate | null; readonly corrected: (Estimate & { reliance: number }) | null }
}

/** Intervals hold with probability 1 − `alpha`. `scale`: of a judge's scores. */
export function agreementOf(
  judged: readonly JudgedSubject[],
  labels: readonly Label[],
  { scale, alpha = 0.05 }: { scale: { low: number; high: number } | null; alpha?: number },
): Agreement {
  const byKey = new Map(judged.map((subject) => [subject.key, subject]))
  const known = labels.filter(({ key }) => byKey.has(key))
  const people = [...new Set(known.map(({ by }) => by))].sort()
  const subjects = [...Map.groupBy(known, ({ key }) => key)].map(([key, said]) => ({
    judge: byKey.get(key) as JudgedSubject,
    said,
    isPass: majorityOf(said.flatMap(({ isPass }) => (isPass === undefined ? [] : [isPass]))),
    score: meanOf(said.flatMap(({ score }) => (score === undefined ? [] : [score]))),
  }))
  const decided = subjects.flatMap(({ judge, isPass }) =>
    isPass === null ? [] : [{ judge: judge.isPass, human: isPass }],
  )
  const scored = subjects.flatMap(({ judge, score }) =>
    score === null || judge.score === undefined ? [] : [{ judge: judge.score, human: score }],
  )
  /** Of each subject what the judge and every person said of it. */
  const ratings = (of: (one: { isPass: boolean | undefined; score: number | undefined }) => number | undefined) =>
    subjects
      .map(({ judge, said }) => [judge, ...said].flatMap((one) => of(one) ?? []))
      .filter((unit) => unit.length >= 2)
  const scores = judged.flatMap(({ score }) => score ?? [])
  const withScore = judged.filter(({ score }) => score !== undefined)
  const labelled = new Set(known.map(({ key }) => key))
  const unlabelled = withScore.filter(({ key }) => !labelled.has(key))
  return {
    judged: judged.length,
    labelled: subjects.length,
    people,
    verdicts: coefficientsOf(
      decided,
      [false, true],
      // Of two values squares of differences are as the differences are.
      { units: ratings(({ isPass }) => (isPass === undefined ? undefined : Number(isPass))), people: people.length },
      alpha,
    ),
    scores:
      scale === null || scored.length === 0
        ? null
        : coefficientsOf(
            scored.map(({ judge, human }) => ({ judge: Math.round(judge), human: Math.round(human) })),
            Array.from({ length: scale.high - scale.low + 1 }, (_, i) => scale.low + i),
            { units: ratings(({ score }) => score), people: people.length },
            alpha,
          ),
    passRate: {
      judged: within(
        RATES,
        weighted(
          judged.map(({ isPass }) => Number(isPass)),
          judged,
          alpha,
        ),
      ),
      corrected: correctedRate(judged, decided, alpha),
    },
    meanScore: {
      judged: within(scale, weighted(scores, withScore, alpha)),
      corrected: within(
        scale,
        correctedMean(
          scored,
          unlabelled.flatMap(({ score }) => score ?? []),
          alpha,
        ),
      ),
    },
  }
}

type Pair = { judge: number | boolean; human: number | boolean }

function coefficientsOf(
  pairs: readonly Pair[],
  categories: readonly (number | boolean)[],
  /** Of each subject the judge's rating and those of so many people, as far as there are. */
  rated: { units: readonly (readonly number[])[]; people: number },
  alpha: number,
): Coefficients {
  const inScale = pairs.filter(({ judge, human }) => categories.includes(judge) && categories.includes(human))
  if (inScale.length === 0) {
    const intervals = { kappa: null, alpha: null, ac1: null }
    return { subjects: 0, agreed: null, kappa: null, alpha: null, ac1: null, intervals }
  }
  const counted = (units: readonly Pair[]) =>
    pairSums({ a: units.map(({ judge }) => judge), b: units.map(({ human }) => human), categories })
  const sums = counted(inScale)
  const zero = rated.units[0]?.[0] ?? 0
  const summed = (units: readonly (readonly number[])[]) => ratedSums(units, zero)
  const [low, high] = [categories[0] ?? 0, categories.at(-1) ?? 0]
  const differing = { judge: high, human: low }
  const differed = [Number(high), ...Array.from({ length: rated.people }, () => Number(low))]
  return {
    subjects: sums.subjects,
    agreed: sums.agreed / sums.subjects,
    kappa: numberOrNull(kappaOf(sums)),
    alpha: numberOrNull(krippendorffAlpha(rated.units)),
    ac1: numberOrNull(ac1Of(sums)),
    intervals: {
      kappa: intervalOf(inScale, counted, (parts) => kappaOf(sumOfPairs(parts)), differing, alpha),
      alpha: intervalOf(rated.units, summed, alphaOf, differed, alpha),
      ac1: intervalOf(inScale, counted, (parts) => ac1Of(sumOfPairs(parts)), differing, alpha),
    },
  }
}

/**
 * Where nobody differed on anything yet the spread of what was seen is 0 (or, where but one is unlike the others, not defined without it), which
 * says nothing of the next subject: the lower end is that with one more, on which they would be as far apart as can be.
 */
function intervalOf<T, Sums>(
  units: readonly T[],
  /** Of some of the units what the statistic is worked out of: thousands of labels are not gone through for each group anew. */
  sumsOf: (units: readonly T[]) => Sums,
  statistic: (parts: readonly Sums[]) => number,
  differing: T,
  alpha: number,
): Interval | null {
  // Of fewer nothing is told, and one more would not change that.
  if (units.length < 3) return null
  const jackknifed = (all: readonly T[]) =>
    jackknifeInterval({ units: jackknifeGroups(all).map(sumsOf), statistic, alpha })
  const isWithoutSpread = statistic([sumsOf(units)]) > 1 - 1e-9
  const found = jackknifed(isWithoutSpread ? [...units, differing] : units)
  return found === null
    ? null
    : { lower: Math.max(-1, found.lower), upper: isWithoutSpread ? 1 : Math.min(1, found.upper) }
}

const numberOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** By Hájek: subjects were drawn with their own probabilities. */
const RATES = { low: 0, high: 1 }

/** Intervals of few subjects reach beyond what there can be; what is beyond tells nothing. */
function within<T extends Estimate>(scale: { low: number; high: number } | null, found: T | null): T | null {
  if (found === null || scale === null) return found
  const { low, high } = scale
  const inside = (value: number): number => Math.min(high, Math.max(low, value))
  return {
    ...found,
    estimate: inside(found.estimate),
    lower: inside(found.lower),
    upper: inside(found.upper),
  }
}

function weighted(y: readonly number[], drawn: readonly JudgedSubject[], alpha: number): Estimate | null {
  if (y.length === 0) return null
  const { mean, se } = hajekMean({ y, pi: drawn.map(({ inclusionProbability }) => inclusionProbability) })
  const half = normalQuantile(1 - alpha / 2) * se
  return { estimate: mean, lower: mean - half, upper: mean + half }
}

function correctedRate(
  judged: readonly JudgedSubject[],
  decided: readonly { judge: boolean; human: boolean }[],
  alpha: number,
): Estimate | null {
  const of = (verdict: boolean) => {
    const all = decided.filter(({ judge }) => judge === verdict)
    return { k: all.filter(({ human }) => human).length, m: all.length }
  }
  return verdictStratifiedRate({
    n: judged.length,
    nJudgePass: judged.filter(({ isPass }) => isPass).length,
    labeledJudgePass: of(true),
    labeledJudgeFail: of(false),
    alpha,
  })
}

function correctedMean(
  scored: readonly { judge: number; human: number }[],
  judgedUnlabeled: readonly number[],
  alpha: number,
): (Estimate & { reliance: number }) | null {
  if (scored.length < 2) return null
  const { lambda, ...estimate } = ppiMean({
    labels: scored.map(({ human }) => human),
    judgedLabeled: scored.map(({ judge }) => judge),
    judgedUnlabeled,
    alpha,
  })
  return { ...estimate, reliance: lambda }
}

/** Null of nothing, and of as many on either side. */
function majorityOf(said: readonly boolean[]): boolean | null {
  const passes = said.filter((isPass) => isPass).length
  return passes * 2 === said.length ? null : passes * 2 > said.length
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}
