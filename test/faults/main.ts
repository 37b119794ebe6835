/** `npm run test:faults`: the full form of the fault suite. */
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaIsMissing } from '../support/kafka-jars.ts'
import { redisServer } from '../support/redis-server.ts'
import { HELP, parseFaultFlags } from './flags.ts'
import { renderRows } from './report.ts'
import { type FaultOptions, runFaults } from './run.ts'
import { scenariosOf } from './scenarios.ts'

const INSTANCES = { gateway: 2, 'trans-evaluate': 2, 'trans-store': 2, alerts: 2, worker: 1, scheduler: 1 }
const OVERDUE_SECONDS = 600
const EXIT = { kept: 0, broken: 1, usage: 2, interrupted: 130 } as const

async function main(): Promise<number> {
  const parsed = parseFaultFlags(process.argv.slice(2), () => randomInt(2 ** 32))
  if (!parsed.ok) {
    process.stderr.write(`${parsed.problems.join('\n')}\n\n${HELP}`)
    return EXIT.usage
  }
  if (parsed.flags === 'help') {
    process.stdout.write(HELP)
    return EXIT.kept
  }
  const missing = kafkaIsMissing() ?? (redisServer.installed ? null : 'redis-server is not installed')
  if (missing !== null) {
    process.stderr.write(`the fault suite cannot run: ${missing}\n`)
    return EXIT.usage
  }
  const { flags } = parsed
  const startedMs = performance.now()
  const say = (line: string): void => {
    const seconds = Math.floor((performance.now() - startedMs) / 1_000)
    process.stdout.write(`${`${seconds} s`.padStart(7)}  ${line}\n`)
  }
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort())
  process.once('SIGTERM', () => interrupted.abort())
  // Every wait of the run ends by itself; should one not, nothing may run on for ever.
  let isOverdue = false
  const overdue = setTimeout(
    () => {
      isOverdue = true
      interrupted.abort()
    },
    (flags.seconds + OVERDUE_SECONDS) * 1_000,
  )
  const logsDir = mkdtempSync(join(tmpdir(), 'assay-faults-'))
  say(
    `seed ${flags.seed}: ${flags.spans.toLocaleString('en-GB')} spans, ${flags.kills} kills, ${flags.seconds} s at the most`,
  )
  const options: FaultOptions = {
    ...flags,
    instances: INSTANCES,
    connections: 8,
    sessionSeconds: 10,
    canaries: 120,
    scenarios: scenariosOf(flags.outageSeconds),
    logsDir,
    signal: interrupted.signal,
    onProgress: say,
  }
  try {
    const report = await runFaults(options)
    const minutes = Math.round((performance.now() - startedMs) / 60_000)
    process.stdout.write(`\nSeed ${flags.seed}, ${minutes} minutes on ${availableParallelism()} cores:\n\n`)
    process.stdout.write(`${renderRows(report.rows)}\n\n`)
    if (report.isKept) {
      rmSync(logsDir, { recursive: true, force: true })
      process.stdout.write('every promise was kept\n')
      return EXIT.kept
    }
    process.stdout.write(
      `not every promise was kept. Again by: npm run test:faults -- --seed ${flags.seed} --spans ${flags.spans} --kills ${flags.kills} --outage ${flags.outageSeconds}\n`,
    )
    process.stdout.write(
      `the logs of the processes, who was killed when (journal.log), and what is known of the traces (traces.log): ${logsDir}\n`,
    )
    return EXIT.broken
  } catch (error) {
    if (!interrupted.signal.aborted) {
      process.stdout.write(`the logs of the processes: ${logsDir}\n`)
      throw error
    }
    const why = isOverdue ? `not ended in ${flags.seconds + OVERDUE_SECONDS} s` : 'stopped'
    process.stdout.write(`${why}; the logs of the processes: ${logsDir}\n`)
    return isOverdue ? EXIT.broken : EXIT.interrupted
  } finally {
    clearTimeout(overdue)
  }
}

process.exitCode = await main()
