/** What is not known stays so: a price that nobody knows is not one of nothing. */
export function usdOf(microUsd: number): number
export function usdOf(microUsd: number | null): number | null
export function usdOf(microUsd: number | null): number | null {
  return microUsd === null ? null : microUsd / 1e6
}
