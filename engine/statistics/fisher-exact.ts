/**
 * The two-sided p-value of the hypothesis that two samples have something equally often: `k1` of `n1` and `k2` of `n2`. Exact, by the
 * hypergeometric distribution: the probability of all tables with the same margins that are no likelier than this one.
 * Fisher, *Statistical Methods for Research Workers* (1934), §21.02.
 */
export function fisherExact({ k1, n1, k2, n2 }: { k1: number; n1: number; k2: number; n2: number }): { p: number } {
  if (![k1, n1, k2, n2].every(Number.isInteger) || k1 < 0 || k2 < 0 || k1 > n1 || k2 > n2)
    throw new RangeError(`${k1} of ${n1} and ${k2} of ${n2} are not two samples`)
  const hits = k1 + k2
  const least = Math.max(0, hits - n2)
  const most = Math.min(n1, hits)
  const logTotal = logChoose(n1 + n2, hits)
  const logOf = (k: number): number => logChoose(n1, k) + logChoose(n2, hits - k) - logTotal
  // Tables that are as likely as this one are, whatever the last digits of their logarithms say.
  const limit = logOf(k1) + SAME
  let p = 0
  for (let k = least; k <= most; k++) {
    const log = logOf(k)
    if (log <= limit) p += Math.exp(log)
  }
  return { p: Math.min(1, p) }
}

const SAME = 1e-7

const logChoose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k)

const known: number[] = [0]

function logFactorial(n: number): number {
  for (let i = known.length; i <= n; i++) known.push((known[i - 1] as number) + Math.log(i))
  return known[n] as number
}
