/** Afternoons of alert evaluators by seeds, and bugs that they have to find. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { plantBug } from '../planted-bug.ts'
import { runSeeds } from '../run-seeds.ts'
import { simulate } from './simulate.ts'

/** With those of `alerting/crashes.simulation.test.ts` two thousand. */
const SEEDS = 200
/** Each bug shows once in some tens. */
const MOST_SEEDS = 300

test(`${SEEDS} seeds: nothing is missed, extras are bounded, no end before its firing`, {
  timeout: 300_000,
}, async () => {
  const sum = { interruptions: 0, extras: 0, transitions: 0, outages: 0, anomalies: 0 }
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outcome = await simulate(seed)
    expect(outcome.violation, `seed ${seed}: node test/simulation/evaluators/run.ts ${seed} 1`).toBeNull()
    for (const name of ['interruptions', 'extras', 'transitions', 'outages', 'anomalies'] as const)
      sum[name] += outcome[name]
  }
  // The faults were there, and alerts of all kinds: otherwise this shows nothing.
  expect(sum.interruptions).toBeGreaterThan(SEEDS)
  expect(sum.outages).toBeGreaterThan(SEEDS)
  expect(sum.transitions).toBeGreaterThan(5 * SEEDS)
  expect(sum.anomalies).toBeGreaterThan(0)
  expect(sum.extras).toBeGreaterThan(0)
})

const bugs = join(import.meta.dirname, 'bugs')
const patches = readdirSync(bugs)

test('there are bugs to be found', () => {
  expect(patches.length).toBeGreaterThanOrEqual(4)
})

describe('planted', { timeout: 300_000 }, () => {
  test.each(patches)('%s is found', async (patch) => {
    const copied = ['alerting', 'storage', 'test/simulation', 'test/support']
    const root = plantBug(patch, { bugs, copied, linked: ['dsl', 'engine', 'workers', 'node_modules', 'package.json'] })
    try {
      const { broken } = await runSeeds({ from: 1, count: MOST_SEEDS, stopAtFirst: true, root, of: 'evaluators' })
      expect(broken).toHaveLength(1)
    } finally {
      rmSync(root, { recursive: true })
    }
  })
})
