/** How far a judge agrees with people, and what its eval's figures are once corrected by what they said. */
import { cohenKappa, gwetAc1, krippendorffAlpha } from '../statistics/agreement.ts'
import { hajekMean } from '../statistics/hajek-mean.ts'
import { normalQuantile } from '../statistics/normal-quantile.ts'
import { ppiMean } from '../statistics/ppi-mean.ts'
import { verdictStratifiedRate } from '../statistics/verdict-stratified-rate.ts'

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
  const raters = (of: (one: { isPass: boolean | undefined; score: number | undefined }) => number | null) => [
    subjects.map(({ judge }) => of(judge)),
    ...people.map((by) =>
      subjects.map(({ said }) => {
        const own = said.find((label) => label.by === by)
        return own === undefined ? null : of(own)
      }),
    ),
  ]
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
      krippendorffAlpha({
        ratings: raters(({ isPass }) => (isPass === undefined ? null : Number(isPass))),
        level: 'nominal',
      }),
    ),
    scores:
      scale === null || scored.length === 0
        ? null
        : coefficientsOf(
            scored.map(({ judge, human }) => ({ judge: Math.round(judge), human: Math.round(human) })),
            Array.from({ length: scale.high - scale.low + 1 }, (_, i) => scale.low + i),
            krippendorffAlpha({ ratings: raters(({ score }) => score ?? null) }),
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

function coefficientsOf(
  pairs: readonly { judge: number | boolean; human: number | boolean }[],
  categories: readonly (number | boolean)[],
  alpha: number,
): Coefficients {
  const inScale = pairs.filter(({ judge, human }) => categories.includes(judge) && categories.includes(human))
  const raters = { a: inScale.map(({ judge }) => judge), b: inScale.map(({ human }) => human), categories }
  if (inScale.length === 0) return { subjects: 0, agreed: null, kappa: null, alpha: null, ac1: null }
  return {
    subjects: inScale.length,
    agreed: inScale.filter(({ judge, human }) => judge === human).length / inScale.length,
    kappa: numberOrNull(cohenKappa(raters)),
    alpha: numberOrNull(alpha),
    ac1: numberOrNull(gwetAc1(raters)),
  }
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
