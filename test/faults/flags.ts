/** The flags of `npm run test:faults`. */
import { parseArgs } from 'node:util'

export interface FaultFlags {
  readonly seed: number
  readonly spans: number
  readonly kills: number
  readonly seconds: number
  /** That ClickHouse is away after the kills; the broker is for a tenth of it, and Redis for a thirtieth. 0: no engine is. */
  readonly outageSeconds: number
}

export const HELP = `npm run test:faults [-- FLAGS]

Runs every role as processes on a real Kafka broker, a Redis and the ClickHouse engine, sends spans over OTLP, kills processes at random
and at named points, and counts: what was acknowledged is stored once and judged once, or the run fails.

  --spans N     to be acknowledged, under kills and in outages, a multiple of 1,000  (1,000,000)
  --kills N     of roles and engines, half of them at named points  (200)
  --seconds N   after which it gives up; it ends before that when nothing moves for four minutes  (3,300)
  --seed N      of an earlier run, to kill the same at the same counts of spans
  --outage N    seconds that ClickHouse is away after the kills, the broker a tenth and Redis a thirtieth of it; 0: kills alone  (600)
  --help

Exit codes: 0 everything promised was kept, 1 something was not, 2 a flag is wrong or an engine is missing, 130 interrupted.
A run that fails keeps the logs of its processes and says where.

  npm run test:faults -- --spans 200000 --kills 40 --outage 120
  npm run test:faults -- --seed 1234567
`

export type ParsedFlags = { ok: true; flags: FaultFlags | 'help' } | { ok: false; problems: string[] }

export function parseFaultFlags(args: readonly string[], drawSeed: () => number): ParsedFlags {
  const problems: string[] = []
  let values: Record<string, string | boolean | undefined> = {}
  try {
    const text = { type: 'string' } as const
    const options = {
      seed: text,
      spans: text,
      kills: text,
      seconds: text,
      outage: text,
      help: { type: 'boolean', short: 'h' },
    } as const
    values = parseArgs({ args: [...args], options, strict: true }).values
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error))
  }
  if (values.help === true) return { ok: true, flags: 'help' }
  const whole = (name: string, fallback: number, least: number, most: number, step = 1): number => {
    const given = values[name]
    if (given === undefined) return fallback
    const value = /^\d{1,10}$/.test(String(given)) ? Number(given) : Number.NaN
    if (value >= least && value <= most && value % step === 0) return value
    const of = step === 1 ? 'a whole number' : `a multiple of ${step.toLocaleString('en-GB')}`
    problems.push(`--${name} takes ${of} from ${least} to ${most}; it is ${given}`)
    return fallback
  }
  const flags = {
    seed: whole('seed', drawSeed(), 0, 0xffff_ffff),
    spans: whole('spans', 1_000_000, 1_000, 100_000_000, 1_000),
    kills: whole('kills', 200, 25, 10_000),
    seconds: whole('seconds', 3_300, 60, 100_000),
    outageSeconds: whole('outage', 600, 0, 86_400),
  }
  if (flags.seconds < 2 * flags.outageSeconds) {
    problems.push(
      `--seconds ${flags.seconds} leaves no time beside the outages of --outage ${flags.outageSeconds}: give twice as many`,
    )
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, flags }
}
