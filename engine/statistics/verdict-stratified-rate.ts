import { normalQuantile } from './normal-quantile.ts'
import { assertShare } from './wilson-interval.ts'

/**
 * The true pass rate of `n` subjects of which a judge passed `nJudgePass`, corrected by few human labels in each of the judge's verdicts: `k` of `m` labelled
 * ones truly pass. Null where a verdict that was given has no label. The interval is centred on rates with one more of each
 * (Agresti & Coull 1998), and both its ends lie within 0 to 1. Stratified estimation: Cochran, *Sampling Techniques* (1977), ch. 5.
 */
export function verdictStratifiedRate({
  n,
  nJudgePass,
  labeledJudgePass,
  labeledJudgeFail,
  alpha,
}: {
  n: number
  nJudgePass: number
  labeledJudgePass: { k: number; m: number }
  labeledJudgeFail: { k: number; m: number }
  alpha: number
}): { estimate: number; lower: number; upper: number } | null {
  assertShare(nJudgePass, n)
  const strata = [
    { weight: nJudgePass / n, ...labeledJudgePass },
    { weight: 1 - nJudgePass / n, ...labeledJudgeFail },
  ].filter(({ weight }) => weight > 0)
  for (const { k, m } of strata) assertShare(k, m)
  if (n === 0 || strata.some(({ m }) => m === 0)) return null
  const shrunk = strata.map(({ weight, k, m }) => ({ weight, m, rate: (k + 1) / (m + 2) }))
  const centre = shrunk.reduce((sum, { weight, rate }) => sum + weight * rate, 0)
  const variance = shrunk.reduce(
    (sum, { weight, m, rate }) =>
      sum + (weight * weight * rate * (1 - rate)) / (m + 2) + (weight * (rate - centre) ** 2) / n,
    0,
  )
  const half = normalQuantile(1 - alpha / 2) * Math.sqrt(variance)
  return {
    estimate: strata.reduce((sum, { weight, k, m }) => sum + (weight * k) / m, 0),
    lower: Math.max(0, centre - half),
    upper: Math.min(1, centre + half),
  }
}
