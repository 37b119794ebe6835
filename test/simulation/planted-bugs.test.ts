/** Mistakes that people have made in such loops, and some that were in these: the simulation finds each, or it could not be relied on. */
import { readdirSync, rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { BUGS, plantBug } from './planted-bug.ts'
import { runSeeds } from './run-seeds.ts'

/** The rarest of them shows once in some hundreds. */
const MOST_SEEDS = 4_000

const patches = readdirSync(BUGS).filter((name) => name.endsWith('.patch'))

test('there are bugs to be found', () => {
  expect(patches.length).toBeGreaterThanOrEqual(10)
})

describe.concurrent('planted', { timeout: 900_000 }, () => {
  test.each(patches)('%s is found', async (patch) => {
    const root = plantBug(patch)
    try {
      const { broken } = await runSeeds({ from: 1, count: MOST_SEEDS, stopAtFirst: true, root })
      expect(broken).toHaveLength(1)
      // A promise that is broken, not sources that no longer fit the simulation.
      expect(broken[0]!.violation).not.toMatch(/a loop fails|is not a function|Cannot read/)
    } finally {
      rmSync(root, { recursive: true })
    }
  })
})
