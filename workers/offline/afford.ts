/** How much of a sample a budget pays for. */

export interface Afforded {
  /** So many of the first are asked of the eval's own judge, */
  own: number
  /** the next of the cheaper one, */
  cheaper: number
  /** and the rest of nobody. */
  unpaid: number
  /** What the cheaper one's part costs. */
  holdBackMicroUsd: number
}

/**
 * `own` and `cheap` are estimates, a subject each, in the order of the sample; `cheap` is null without a cheaper judge. All are judged by
 * the eval's own judge where that is paid for; else as many as leave enough for the cheaper one to judge all others; else as many as can be
 * paid for by the cheaper one, or without one by the eval's own. The order is random, so that whoever is left out is so by chance.
 */
export function afford(own: readonly number[], cheap: readonly number[] | null, leftMicroUsd: number): Afforded {
  const all = own.length
  const paid = (costs: readonly number[]): number => {
    let spent = 0
    const first = costs.findIndex((cost) => {
      spent += cost
      return spent > leftMicroUsd
    })
    return first === -1 ? all : first
  }
  const byOwn = paid(own)
  if (byOwn === all || cheap === null) return { own: byOwn, cheaper: 0, unpaid: all - byOwn, holdBackMicroUsd: 0 }
  let rest = cheap.reduce((sum, cost) => sum + cost, 0)
  if (rest > leftMicroUsd) {
    const byCheap = paid(cheap)
    return { own: 0, cheaper: byCheap, unpaid: all - byCheap, holdBackMicroUsd: Math.min(rest, leftMicroUsd) }
  }
  let [count, spent] = [0, 0]
  for (; count < all; count++) {
    const [dear = 0, saved = 0] = [own[count], cheap[count]]
    if (spent + dear + rest - saved > leftMicroUsd) break
    spent += dear
    rest -= saved
  }
  return { own: count, cheaper: all - count, unpaid: 0, holdBackMicroUsd: rest }
}
