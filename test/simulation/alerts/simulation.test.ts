/** Days of the alert manager by seeds, and bugs that they have to find. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { plantBug } from '../planted-bug.ts'
import { runSeeds } from '../run-seeds.ts'
import { simulate } from './simulate.ts'

const SEEDS = 2_000
/** The rarest bugs show once in some hundreds. */
const MOST_SEEDS = 1_500
/** Once in a thousand or so: it is looked for where it does first. */
const FIRST_SEEDS: Readonly<Record<string, number>> = { 'sent-without-asking.patch': 1_200 }

test(`${SEEDS} seeds: nothing is missed, extras are bounded, no end before its firing`, {
  timeout: 600_000,
}, async () => {
  let interruptions = 0
  let extras = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outcome = await simulate(seed)
    expect(outcome.violation, `seed ${seed}: node test/simulation/alerts/run.ts ${seed} 1`).toBeNull()
    interruptions += outcome.interruptions
    extras += outcome.extras
  }
  // The faults were there: otherwise this shows nothing.
  expect(interruptions).toBeGreaterThan(SEEDS)
  expect(extras).toBeGreaterThan(0)
})

const bugs = join(import.meta.dirname, 'bugs')
const patches = readdirSync(bugs)

test('there are bugs to be found', () => {
  expect(patches.length).toBeGreaterThanOrEqual(19)
})

describe('planted', { timeout: 600_000 }, () => {
  test.each(patches)('%s is found', async (patch) => {
    const copied = ['alerting', 'storage', 'test/simulation', 'test/support']
    const root = plantBug(patch, { bugs, copied, linked: ['dsl', 'engine', 'node_modules', 'package.json'] })
    try {
      const { broken } = await runSeeds({
        from: FIRST_SEEDS[patch] ?? 1,
        count: MOST_SEEDS,
        stopAtFirst: true,
        root,
        of: 'alerts',
      })
      expect(broken).toHaveLength(1)
    } finally {
      rmSync(root, { recursive: true })
    }
  })
})
