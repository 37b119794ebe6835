/** Whether a judge still says of labelled anchors what it said: rounds over the same subjects, compared. */
import { judgeAnchorDrift } from '../statistics/judge-anchor-drift.ts'

/** What a judge decided of one anchor. */
export interface AnchorVerdict {
  /** Of trace and span. */
  readonly key: string
  readonly isPass: boolean
  readonly score: number | undefined
  /** What people said of it. */
  readonly labelledPass: boolean
}

/** All anchors of an eval, judged once. */
export interface AnchorRound {
  readonly runId: string
  /** When its last anchor was judged. */
  readonly atMs: number
  readonly measureHash: string
  /** As providers returned them. */
  readonly models: readonly string[]
  readonly verdicts: readonly AnchorVerdict[]
  /** Anchors without a verdict of pass or fail: abstentions, errors, what the budget did not pay for. */
  readonly undecided: number
}

export interface RoundSummary {
  readonly runId: string
  readonly atMs: number
  readonly measureHash: string
  readonly models: readonly string[]
  /** Of the anchors that were decided both times: the share on which it agreed with people, and the share that passed. */
  readonly agreed: number
  readonly passed: number
  readonly meanScore: number | null
}

export interface JudgeDrift {
  readonly before: RoundSummary
  readonly now: RoundSummary
  /** Decided both times. */
  readonly anchors: number
  /** Agreements with people that were lost, and gained. */
  readonly lost: number
  readonly gained: number
  /** McNemar's, of these. */
  readonly p: number
  readonly hasDrifted: boolean
  /** The measure is another: its judge, its prompt or what is judged. */
  readonly isOtherMeasure: boolean
  /** A provider returned another model's name. */
  readonly isOtherModel: boolean
}

/** Rounds are compared daily: at 5% a judge that only dithers would be said to drift once a month. */
export const DRIFT_ALPHA = 0.01

/** Null where no anchor was decided both times. What people say by now counts for both. */
export function driftBetween(before: AnchorRound, now: AnchorRound): JudgeDrift | null {
  const earlier = new Map(before.verdicts.map((one) => [one.key, one]))
  const pairs = now.verdicts.flatMap((later) => {
    const first = earlier.get(later.key)
    return first === undefined ? [] : [{ first: { ...first, labelledPass: later.labelledPass }, later }]
  })
  if (pairs.length === 0) return null
  const agrees = ({ isPass, labelledPass }: AnchorVerdict): boolean => isPass === labelledPass
  const { p, lost, gained } = judgeAnchorDrift({
    before: pairs.map(({ first }) => agrees(first)),
    now: pairs.map(({ later }) => agrees(later)),
  })
  const summary = ({ runId, atMs, measureHash, models }: AnchorRound, all: readonly AnchorVerdict[]): RoundSummary => {
    const scores = all.flatMap(({ score }) => score ?? [])
    const share = (is: (one: AnchorVerdict) => boolean): number => all.filter(is).length / all.length
    return {
      runId,
      atMs,
      measureHash,
      models,
      agreed: share(agrees),
      passed: share(({ isPass }) => isPass),
      meanScore: scores.length === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / scores.length,
    }
  }
  return {
    before: summary(
      before,
      pairs.map(({ first }) => first),
    ),
    now: summary(
      now,
      pairs.map(({ later }) => later),
    ),
    anchors: pairs.length,
    lost,
    gained,
    p,
    hasDrifted: p < DRIFT_ALPHA,
    isOtherMeasure: before.measureHash !== now.measureHash,
    isOtherModel: before.models.join('\n') !== now.models.join('\n'),
  }
}
