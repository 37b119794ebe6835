/**
 * The loops of the processor under thousands of orders of faults; see `simulate.ts` for what these are. With `ASSAY_SIM_SEED=N` that seed alone, and
 * what happens in it.
 */
import { expect, test } from 'vitest'
import { runSeeds } from './run-seeds.ts'

const SEEDS = 2_000
const PROCESSES = 2
const one = process.env.ASSAY_SIM_SEED

if (one === undefined) {
  test(`${SEEDS} seeds keep every promise`, { timeout: 300_000 }, async () => {
    const each = SEEDS / PROCESSES
    const outcomes = await Promise.all(
      Array.from({ length: PROCESSES }, (_, i) => runSeeds({ from: 1 + i * each, count: each })),
    )
    const broken = outcomes.flatMap((outcome) => outcome.broken)
    expect(broken, `replay one by ASSAY_SIM_SEED=${broken[0]?.seed}`).toEqual([])
    expect(outcomes.reduce((sum, { ran }) => sum + ran, 0)).toBe(SEEDS)
  })

  test('a seed is the same run each time', async () => {
    const [first, again] = await Promise.all([1, 2].map(() => runSeeds({ from: 7, count: 3, trace: true })))
    expect(first!.trace.length).toBeGreaterThan(1_000)
    expect(again!.trace).toBe(first!.trace)
  })
} else {
  test(`seed ${one}`, { timeout: 60_000 }, async () => {
    const { trace, broken } = await runSeeds({ from: Number(one), count: 1, trace: true })
    process.stdout.write(`${trace}\n`)
    expect(broken).toEqual([])
  })
}
