import { countInCommon, f1Of, longestCommonSubsequence } from './longest-common-subsequence.ts'

export interface TrajectoryMatch {
  exact: boolean
  /** Of the calls made, those expected. Each counts once. */
  precision: number
  /** Of the calls expected, those made. */
  recall: number
  f1: number
  /** Of the calls expected, the longest part made in the right order. */
  lcsRecall: number
  /** 1 less the edits (Levenshtein) by the longer one's length. */
  editSimilarity: number
}

/**
 * How far the tools that were called are those expected, both in order; 0 to 1. Where nothing was expected, recall is 1; where nothing was called, precision is.
 * `lcsRecall` by the longest common subsequence (Wagner & Fischer, JACM 21, 1974), `editSimilarity` by insertions, deletions and replacements (Levenshtein 1966).
 */
export function trajectoryMatch({
  expected,
  actual,
}: {
  expected: readonly string[]
  actual: readonly string[]
}): TrajectoryMatch {
  const common = countInCommon(actual, expected)
  const precision = actual.length === 0 ? 1 : common / actual.length
  const recall = expected.length === 0 ? 1 : common / expected.length
  const longer = Math.max(expected.length, actual.length)
  return {
    exact: expected.length === actual.length && expected.every((tool, i) => tool === actual[i]),
    precision,
    recall,
    f1: f1Of(precision, recall),
    lcsRecall: expected.length === 0 ? 1 : longestCommonSubsequence(expected, actual) / expected.length,
    editSimilarity: longer === 0 ? 1 : 1 - edits(expected, actual) / longer,
  }
}

function edits(a: readonly string[], b: readonly string[]): number {
  let before = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (const [i, word] of a.entries()) {
    const row = [i + 1]
    for (const [j, other] of b.entries()) {
      const replaced = (before[j] as number) + (word === other ? 0 : 1)
      row.push(Math.min(replaced, (before[j + 1] as number) + 1, (row[j] as number) + 1))
    }
    before = row
  }
  return before[b.length] as number
}
