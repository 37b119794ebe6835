/** What is not known stays so: a price that nobody knows is not one of nothing. */
export const usdOf = (microUsd: number | null): number | null => (microUsd === null ? null : microUsd / 1e6)
