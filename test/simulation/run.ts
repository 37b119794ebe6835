/**
 * Runs seeds: `node test/simulation/run.ts FROM COUNT [--trace]`. Prints one line of JSON: how many ran, how long that took, and the first
 * seeds that broke a promise. Ends with 1 if any did.
 */
import { parseArgs } from 'node:util'
import { type Outcome, simulate } from './simulate.ts'

const MOST_SHOWN = 5

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { trace: { type: 'boolean' }, 'stop-at-first': { type: 'boolean' } },
})
const from = Number(positionals[0] ?? 1)
const count = Number(positionals[1] ?? 1)
const startedMs = performance.now()
const broken: Pick<Outcome, 'seed' | 'violation'>[] = []
let steps = 0
let ran = 0
for (let seed = from; seed < from + count; seed++) {
  const outcome = await simulate(seed, values.trace ? (line) => console.log(line) : undefined)
  ran++
  steps += outcome.steps
  if (outcome.violation === null) continue
  if (broken.push({ seed, violation: outcome.violation }) >= MOST_SHOWN || values['stop-at-first']) break
}
console.log(JSON.stringify({ ran, steps, tookMs: Math.round(performance.now() - startedMs), broken }))
process.exitCode = broken.length > 0 ? 1 : 0
