/**
 * The two-sided p-value of the hypothesis that flips are as likely one way as the other, when the same subjects are judged twice: `b` went from
 * pass to fail, `c` from fail to pass. Exact, by the binomial distribution of b of b + c; 1 when nothing flipped.
 * McNemar, *Note on the sampling error of the difference between correlated proportions or percentages*, Psychometrika 12 (1947).
 */
export function mcnemarExact({ b, c }: { b: number; c: number }): { p: number } {
  if (!(Number.isInteger(b) && Number.isInteger(c) && b >= 0 && c >= 0))
    throw new RangeError(`${b} and ${c} are not two counts`)
  const total = b + c
  const fewer = Math.min(b, c)
  // The likelihood of exactly `fewer`, by logarithms: factorials of some hundreds are beyond any number.
  let logTerm = -total * Math.LN2
  for (let i = 1; i <= fewer; i++) logTerm += Math.log((total - fewer + i) / i)
  let term = Math.exp(logTerm)
  let tail = 0
  for (let k = fewer; k >= 0 && term > tail * Number.EPSILON; k--) {
    tail += term
    term *= k / (total - k + 1)
  }
  return { p: Math.min(1, 2 * tail) }
}
