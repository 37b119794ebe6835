/** How far a judge agrees with people, and what its eval's figures are once corrected by what they said. */
import { cohenKappa, gwetAc1, krippendorffAlpha } from '../statistics/agreement.ts'
import { hajekMean } from '../statistics/hajek-mean.ts'
import { jackknifeInterval } from '../statistics/jackknife-interval.ts'
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
  /** Of each subject what the judge and every person said, null for who did not. */
  const ratings = (of: (one: { isPass: boolean | undefined; score: number | undefined }) => number | null) =>
    subjects
      .map(({ judge, said }) => [
        of(judge),
        ...people.map((by) => {
          const own = said.find((label) => label.by === by)
          return own === undefined ? null : of(own)
        }),
      ])
      .filter((unit) => unit.filter((rating) => rating !== null).length >= 2)
  const scores = judged.flatMap(({ score }) => score ?? [])
  const withScore = judged.filter(({ score }) => score !== undefined)
  const unlabelled = withScore.filter(({ key }) => !known.some((label) => label.key === key))
  return {
    judged: judged.length,
    labelled: subjects.length,
    people,
    verdicts: coefficientsOf(
      decided,
      [false, true],
      { units: ratings(({ isPass }) => (isPass === undefined ? null : Number(isPass))), level: 'nominal' },
      alpha,
    ),
    scores:
      scale === null || scored.length === 0
        ? null
        : coefficientsOf(
            scored.map(({ judge, human }) => ({ judge: Math.round(judge), human: Math.round(human) })),
            Array.from({ length: scale.high - scale.low + 1 }, (_, i) => scale.low + i),
            { units: ratings(({ score }) => score ?? null), level: 'interval' },
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
  rated: { units: readonly (readonly (number | null)[])[]; level: 'interval' | 'nominal' },
  alpha: number,
): Coefficients {
  const inScale = pairs.filter(({ judge, human }) => categories.includes(judge) && categories.includes(human))
  if (inScale.length === 0) {
    const intervals = { kappa: null, alpha: null, ac1: null }
    return { subjects: 0, agreed: null, kappa: null, alpha: null, ac1: null, intervals }
  }
  const raters = (units: readonly Pair[]) => ({
    a: units.map(({ judge }) => judge),
    b: units.map(({ human }) => human),
    categories,
  })
  const kappaOf = (units: readonly Pair[]): number => cohenKappa(raters(units))
  const ac1Of = (units: readonly Pair[]): number => gwetAc1(raters(units))
  const alphaOf = (units: readonly (readonly (number | null)[])[]): number =>
    krippendorffAlpha({
      ratings: (units[0] ?? []).map((_, rater) => units.map((unit) => unit[rater] ?? null)),
      level: rated.level,
    })
  const [low, high] = [categories[0] ?? 0, categories.at(-1) ?? 0]
  const differing = { judge: high, human: low }
  const differed = (rated.units[0] ?? []).map((_, rater) => Number(rater === 0 ? high : low))
  return {
    subjects: inScale.length,
    agreed: inScale.filter(({ judge, human }) => judge === human).length / inScale.length,
    kappa: numberOrNull(kappaOf(inScale)),
    alpha: numberOrNull(alphaOf(rated.units)),
    ac1: numberOrNull(ac1Of(inScale)),
    intervals: {
      kappa: intervalOf(inScale, kappaOf, differing, alpha),
      alpha: intervalOf(rated.units, alphaOf, differed, alpha),
      ac1: intervalOf(inScale, ac1Of, differing, alpha),
    },
  }
}

/**
 * Where nobody differed on anything yet the spread of what was seen is 0, which says nothing of the next subject: the lower end is that with
 * one more, on which they would be as far apart as can be.
 */
function intervalOf<T>(
  units: readonly T[],
  statistic: (units: readonly T[]) => number,
  differing: T,
  alpha: number,
): Interval | null {
  const found = jackknifeInterval({ units, statistic, alpha })
  const isWithoutSpread = found !== null && found.estimate > 1 - 1e-9 && found.se < 1e-9
  const lower = isWithoutSpread
    ? jackknifeInterval({ units: [...units, differing], statistic, alpha })?.lower
    : found?.lower
  return found === null || lower === undefined
    ? null
    : { lower: Math.max(-1, lower), upper: Math.min(1, isWithoutSpread ? 1 : found.upper) }
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
