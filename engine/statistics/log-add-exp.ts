/**
 * ln(e^a + e^b) without overflow; −Infinity stands for nothing. Blanchard, Higham & Higham, *Accurately computing the log-sum-exp and softmax functions*,
 * IMA Journal of Numerical Analysis 41 (2021).
 */
export function logAddExp(a: number, b: number): number {
  const high = Math.max(a, b)
  return high === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high))
}
