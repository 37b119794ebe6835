/** The length of the longest sequence that stands in both, in order, with gaps. Takes |a| · |b| steps. Wagner & Fischer, JACM 21 (1974). */
export function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  let before = new Uint32Array(b.length + 1)
  for (const word of a) {
    const row = new Uint32Array(b.length + 1)
    for (const [j, other] of b.entries()) {
      row[j + 1] = word === other ? (before[j] as number) + 1 : Math.max(before[j + 1] as number, row[j] as number)
    }
    before = row
  }
  return before[b.length] as number
}

/** How many are in both, each as often as in the one that has it less often. */
export function countInCommon(a: readonly string[], b: readonly string[]): number {
  const left = new Map<string, number>()
  for (const word of b) left.set(word, (left.get(word) ?? 0) + 1)
  let common = 0
  for (const word of a) {
    const count = left.get(word) ?? 0
    if (count === 0) continue
    left.set(word, count - 1)
    common++
  }
  return common
}

/** Of precision and recall; 0 where both are. */
export function f1Of(precision: number, recall: number): number {
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall)
}
