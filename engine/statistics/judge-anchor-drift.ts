import { mcnemarExact } from './mcnemar-exact.ts'

/**
 * Whether a judge drifted: `before` and `now` say of the same labelled anchors, in one order, whether it agreed with their labels. `p` is McNemar's of the
 * flips, small where they went one way; `lost` agreements and `gained` ones. McNemar, Psychometrika 12 (1947).
 */
export function judgeAnchorDrift({ before, now }: { before: readonly boolean[]; now: readonly boolean[] }): {
  p: number
  lost: number
  gained: number
} {
  if (before.length !== now.length) throw new RangeError('each anchor has to be judged both times')
  const lost = before.filter((agreed, i) => agreed && now[i] === false).length
  const gained = before.filter((agreed, i) => !agreed && now[i] === true).length
  return { ...mcnemarExact({ b: lost, c: gained }), lost, gained }
}
