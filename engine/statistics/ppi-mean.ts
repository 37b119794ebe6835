import { covarianceOf, meanOf, varianceOf } from './mean.ts'
import { studentTQuantile } from './student-t-quantile.ts'

/** Below this many labels the judge's scores are left out. */
const FEWEST_LABELS = 30

export interface PpiMean {
  estimate: number
  lower: number
  upper: number
  /** How far the judge's scores are relied on: 0 is not at all, 1 fully. */
  lambda: number
}

/**
 * The mean that humans would give, from few subjects that have both scores (`labels` and `judgedLabeled`, in one order) and many that have the judge's alone:
 * mean(Y − λf) + λ mean(F), with λ = cov(Y, f) / ((1 + n/N) var f) within 0 to 1. Humans alone (λ = 0) with fewer than 30 labels, or where the judge does
 * not follow them beyond chance, |ρ| ≤ 1/√(n − 2). The interval takes Student's t with n − 2 degrees of freedom, n − 1 for humans alone; it is
 * NaN of fewer than two labels.
 * Angelopoulos, Duchi & Zrnic, *PPI++: efficient prediction-powered inference* (2023).
 */
export function ppiMean({
  labels,
  judgedLabeled,
  judgedUnlabeled,
  alpha,
}: {
  labels: readonly number[]
  judgedLabeled: readonly number[]
  judgedUnlabeled: readonly number[]
  alpha: number
}): PpiMean {
  const n = labels.length
  if (judgedLabeled.length !== n) throw new RangeError('each label needs the judge’s score of the same subject')
  const lambda = reliance(labels, judgedLabeled, judgedUnlabeled.length)
  const rest = labels.map((label, i) => label - lambda * (judgedLabeled[i] as number))
  if (lambda === 0) {
    const half = n < 2 ? Number.NaN : quantile(alpha, n - 1) * Math.sqrt(varianceOf(labels) / n)
    const estimate = meanOf(labels)
    return { estimate, lower: estimate - half, upper: estimate + half, lambda }
  }
  const estimate = meanOf(rest) + lambda * meanOf(judgedUnlabeled)
  const variance = varianceOf(rest) / n + (lambda * lambda * varianceOf(judgedUnlabeled)) / judgedUnlabeled.length
  const half = quantile(alpha, n - 2) * Math.sqrt(variance)
  return { estimate, lower: estimate - half, upper: estimate + half, lambda }
}

const quantile = (alpha: number, df: number): number => studentTQuantile({ p: 1 - alpha / 2, df })

function reliance(labels: readonly number[], judged: readonly number[], unlabeled: number): number {
  const n = labels.length
  if (n < FEWEST_LABELS || unlabeled < 2) return 0
  const [spread, together] = [varianceOf(judged), covarianceOf(labels, judged)]
  const rho = together / Math.sqrt(spread * varianceOf(labels))
  // Also where either does not vary at all, and ρ is no number.
  if (!(Math.abs(rho) > 1 / Math.sqrt(n - 2))) return 0
  return Math.min(1, Math.max(0, together / ((1 + n / unlabeled) * spread)))
}
