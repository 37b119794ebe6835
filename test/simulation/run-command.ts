/** What the commands that run seeds of alerts share: `FROM COUNT [--stop-at-first]`. Prints one line of JSON, and ends with 1 if a promise was broken. */
import { parseArgs } from 'node:util'

const MOST_SHOWN = 5

interface Outcome {
  readonly violation: string | null
  readonly interruptions: number
  readonly extras: number
}

export async function runCommand(simulate: (seed: number) => Promise<Outcome>): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { 'stop-at-first': { type: 'boolean' } },
  })
  const from = Number(positionals[0] ?? 1)
  const count = Number(positionals[1] ?? 1)
  const startedMs = performance.now()
  const broken: { seed: number; violation: string }[] = []
  let ran = 0
  let interruptions = 0
  let extras = 0
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await simulate(seed)
    ran++
    interruptions += outcome.interruptions
    extras += outcome.extras
    if (outcome.violation === null) continue
    if (broken.push({ seed, violation: outcome.violation }) >= MOST_SHOWN || values['stop-at-first']) break
  }
  console.log(JSON.stringify({ ran, interruptions, extras, tookMs: Math.round(performance.now() - startedMs), broken }))
  process.exitCode = broken.length > 0 ? 1 : 0
}
