/** What is said of a cost that nobody knows, in every place where costs are told: it is not one of nothing. */
export const NO_PRICE = 'no price known'

/** Of some that are known and some that are not what is known; null where nothing is. */
export function sumOfKnown(costs: readonly (number | null)[]): number | null {
  const sum = costs.reduce<number>((total, cost) => total + (cost ?? 0), 0)
  return sum === 0 && costs.includes(null) ? null : sum
}
