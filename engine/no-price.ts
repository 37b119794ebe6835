/** What is said of a cost that nobody knows, in every place where costs are told: it is not one of nothing. */
export const NO_PRICE = 'no price known'

/** `microUsd`: of what has a price; null where nothing that was paid for, `unpriced` of it, has one that is known. */
export function knownCost(microUsd: number, unpriced: number): number | null {
  return microUsd === 0 && unpriced > 0 ? null : microUsd
}

/** Of some that are known and some that are not what is known; null where nothing is. */
export function sumOfKnown(costs: readonly (number | null)[]): number | null {
  const known = costs.filter((cost) => cost !== null)
  return knownCost(
    known.reduce((sum, cost) => sum + cost, 0),
    costs.length - known.length,
  )
}
