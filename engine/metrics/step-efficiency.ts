/**
 * The calls that a task needs by those made, 1 at the most; 0 without success. Fewer than needed are no merit: 1. As success weighted by path length is of
 * ways: Anderson et al., *On evaluation of embodied navigation agents* (2018).
 */
export function stepEfficiency({
  reference,
  actual,
  success,
}: {
  reference: number
  actual: number
  success: boolean
}): number {
  if (!(reference >= 0 && actual >= 0)) throw new RangeError(`${reference} and ${actual} are not two counts`)
  if (!success) return 0
  return actual <= reference ? 1 : reference / actual
}
