/**
 * How much of a change of the whole comes from the strata's rates, and how much from their shares. `w0` and `w1` are the shares before and now, each of
 * sum 1, `p0` and `p1` the rates, of the same strata in the same order. The two effects add up to `delta`.
 * Kitagawa, *Components of a difference between two rates*, JASA 50 (1955).
 */
export function mixDecomposition({
  w0,
  w1,
  p0,
  p1,
}: {
  w0: readonly number[]
  w1: readonly number[]
  p0: readonly number[]
  p1: readonly number[]
}): { delta: number; rateEffect: number; mixEffect: number } {
  if (new Set([w0.length, w1.length, p0.length, p1.length]).size !== 1)
    throw new RangeError('the strata differ in number')
  let [rateEffect, mixEffect] = [0, 0]
  for (const [s, before] of w0.entries()) {
    const [now, rateBefore, rateNow] = [w1[s] ?? 0, p0[s] ?? 0, p1[s] ?? 0]
    rateEffect += ((rateNow - rateBefore) * (before + now)) / 2
    mixEffect += ((now - before) * (rateBefore + rateNow)) / 2
  }
  return { delta: rateEffect + mixEffect, rateEffect, mixEffect }
}
