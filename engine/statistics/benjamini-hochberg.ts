/**
 * Which of many hypotheses to reject so that the expected share of false rejections is at most `alpha`; `adjusted` are the p-values that can be compared with
 * any such level, in the order given. Benjamini & Hochberg, *Controlling the false discovery rate*, JRSS B 57 (1995).
 */
export function benjaminiHochberg({ p, alpha }: { p: readonly number[]; alpha: number }): {
  rejected: boolean[]
  adjusted: number[]
} {
  const wrong = p.find((value) => !(value >= 0 && value <= 1))
  if (wrong !== undefined) throw new RangeError(`${wrong} is not a probability`)
  const adjusted = p.map(() => 1)
  let least = 1
  const descending = p.map((_, i) => i).sort((a, b) => (p[b] as number) - (p[a] as number))
  for (const [passed, i] of descending.entries()) {
    least = Math.min(least, ((p[i] as number) * p.length) / (p.length - passed))
    adjusted[i] = least
  }
  return { rejected: adjusted.map((value) => value <= alpha), adjusted }
}
