/**
 * Of tasks that were tried `n` times each with `c` successes: the chance that `k` tries all succeed (pass^k, Yao et al., *τ-bench*, 2024), and that at least one
 * does (pass@k, Chen et al., *Evaluating large language models trained on code*, 2021), both without bias, averaged over the tasks. NaN of no tasks.
 */
export function passHatK({ tasks, k }: { tasks: readonly { n: number; c: number }[]; k: number }): {
  passHatK: number
  passAtK: number
} {
  for (const { n, c } of tasks) {
    if (!(c >= 0 && c <= n && k >= 1 && k <= n))
      throw new RangeError(`${k} of ${n} tries with ${c} successes cannot be drawn`)
  }
  const mean = (chance: (task: { n: number; c: number }) => number): number =>
    tasks.reduce((sum, task) => sum + chance(task), 0) / tasks.length
  return { passHatK: mean(({ n, c }) => allOf(c, n, k)), passAtK: mean(({ n, c }) => 1 - allOf(n - c, n, k)) }
}

/** C(good, k) / C(n, k), by factors: the chance that `k` drawn of `n` are all among the `good` ones. */
function allOf(good: number, n: number, k: number): number {
  let chance = 1
  for (let i = 0; i < k; i++) chance *= Math.max(0, good - i) / (n - i)
  return chance
}
