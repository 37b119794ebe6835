import { meanOf, varianceOf } from './mean.ts'

/**
 * What a panel of judges says together: the mean of scores (of booleans, the share that say true), what more than half of them say (null where none has so many),
 * and how far they disagree. `sd` with n − 1, 0 of a single judge. Throws of none.
 * Verga et al., *Replacing judges with juries* (2024).
 */
export function panelAggregate({ scores }: { scores: readonly (number | boolean)[] }): {
  mean: number
  median: number
  majority: number | boolean | null
  sd: number
  range: number
} {
  if (scores.length === 0) throw new RangeError('a panel has at least one judge')
  const values = scores.map(Number).sort((a, b) => a - b)
  const middle = values.length / 2
  const counts = new Map<number | boolean, number>()
  for (const score of scores) counts.set(score, (counts.get(score) ?? 0) + 1)
  const [winner] = [...counts].filter(([, count]) => 2 * count > scores.length)
  return {
    mean: meanOf(values),
    median: ((values[Math.ceil(middle) - 1] as number) + (values[Math.floor(middle)] as number)) / 2,
    majority: winner === undefined ? null : winner[0],
    sd: values.length === 1 ? 0 : Math.sqrt(varianceOf(values)),
    range: (values.at(-1) as number) - (values[0] as number),
  }
}
