/**
 * The chance that a standard normal variable exceeds `z`. Abramowitz & Stegun 26.2.17 for the middle (error below 7.5e-8), and beyond 5 the
 * continued fraction 26.2.14, of which the relative error is what counts.
 */
export function normalUpperTail(z: number): number {
  if (z < 0) return 1 - normalUpperTail(-z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  if (z > 5) {
    let fraction = z
    for (let k = 40; k >= 1; k--) fraction = z + k / fraction
    return density / fraction
  }
  const t = 1 / (1 + 0.2316419 * z)
  return density * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
}
