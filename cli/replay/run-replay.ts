/** `assay replay`: asks the running Assay for a replay, and looks on until it ends. */
import type { ReplayJson } from '../../server/schemas.ts'
import { serverOf } from '../commands/ask-api.ts'
import type { ReplayFlags } from '../commands/replay.ts'
import { exitCodes } from '../exit-codes.ts'
import { loadPlan } from '../loaded-plan.ts'
import { untilInterrupted } from '../stored/until-interrupted.ts'
import { type ReplayClient, replayClient } from './client.ts'
import { followReplay } from './follow.ts'
import { comparisonLines, planLines, remarksOf } from './text.ts'

/** The exit code. */
export async function runReplay(flags: ReplayFlags): Promise<number> {
  const client = replayClient(serverOf(flags.server))
  if (flags.resume !== undefined) {
    if (flags.from !== undefined) return refuse('--resume goes on with a replay as it was asked for: leave --from out')
    const resumed = await client.resume(flags.resume)
    if (!resumed.ok) return refuse(resumed.message)
    return flags.detach ? detached(resumed.value, flags) : look(client, resumed.value, flags)
  }
  if (flags.from === undefined) return refuse('--from is missing: the time from which on it reads, such as 24h')
  const [rate, maxSpans] = [flags.rate, flags.maxSpans].map((text) =>
    /^[1-9]\d{0,11}$/.test(text) ? Number(text) : null,
  )
  if (rate == null || rate > 1_000_000) return refuse('--rate takes a whole number from 1 to 1000000')
  if (maxSpans == null) return refuse('--max-spans takes a whole number above 0')
  const loaded = flags.evals === undefined ? null : loadPlan(flags.evals)
  if (loaded !== null && !loaded.ok) return loaded.exitCode
  const asked = await client.ask({
    from: flags.from,
    to: flags.to,
    source: flags.source,
    evals: flags.eval,
    plan: loaded?.plan,
    alerts: flags.alerts ?? false,
    spansPerSecond: rate,
    maxSpans,
    dryRun: flags.dryRun ?? false,
  })
  if (!asked.ok) return refuse(asked.message)
  const answer = asked.value
  if ('dryRun' in answer) {
    if (flags.json) writeJson({ event: 'planned', ...answer })
    else write(['Would read:', ...planLines(answer).map((line) => `  ${line}`)])
    return exitCodes.ok
  }
  if (flags.detach) return detached(answer, flags)
  return look(client, answer, flags)
}

function detached(replay: ReplayJson, { json }: ReplayFlags): number {
  if (json) writeJson({ event: 'started', ...replay })
  else write([`${replay.run}: assay replay status ${replay.run} tells how far it is`])
  return exitCodes.ok
}

async function look(client: ReplayClient, begun: ReplayJson, { json }: ReplayFlags): Promise<number> {
  const { run } = begun
  if (json) writeJson({ event: 'started', ...begun })
  else write([run, ...planLines(begun).map((line) => `  ${line}`)])
  const outcome = await untilInterrupted((signal) =>
    followReplay(client, run, {
      signal,
      nowMs: Date.now,
      onEvent: json ? (replay) => writeJson({ event: 'progress', ...replay }) : null,
    }),
  )
  if (outcome.kind === 'lost')
    return refuse(`${outcome.message}; the replay goes on when it runs: assay replay status ${run}`)
  if (outcome.kind === 'interrupted') {
    if (json && outcome.replay !== null) writeJson({ event: 'stopped', ...outcome.replay })
    const told =
      outcome.replay === null
        ? `it could not be told to stop: assay replay cancel ${run}`
        : `stopped: assay replay --resume ${run} goes on with it`
    process.stderr.write(`${told}\n`)
    return exitCodes.interrupted
  }
  return show(client, outcome.replay, json ?? false)
}

/** How it ended, with its verdicts next to the live ones. */
export async function show(client: ReplayClient, replay: ReplayJson, json: boolean): Promise<number> {
  const compared = await client.compare(replay.run)
  if (!compared.ok) return refuse(compared.message)
  if (json) writeJson({ event: replay.state, ...replay, comparison: compared.value.evals })
  else {
    write([...comparisonLines(compared.value), ...remarksOf(replay)])
    if (replay.state === 'stopped') write([`stopped: assay replay --resume ${replay.run} goes on with it`])
    write([`The results: assay results --run ${replay.run}`])
  }
  return replay.state === 'failed' || replay.state === 'stopped' ? exitCodes.findings : exitCodes.ok
}

const write = (lines: readonly string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`)
}
const writeJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

export function refuse(message: string): number {
  process.stderr.write(`assay replay: ${message}\n`)
  return exitCodes.usage
}
