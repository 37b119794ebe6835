/** `assay up`: every role in one process tree, on embedded parts. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { startInstance } from '../instance.ts'
import { defaults, parseUpSettings, type UpFlags } from '../settings.ts'
import { collect } from './collect.ts'

export function registerUp(program: Command): void {
  program
    .command('up')
    .description('run the gateway, the processor, alerts, offline evals and the API in one process tree')
    .option('--data <dir>', `folder of the log, the traces and the queue; :memory: keeps nothing (${defaults.data})`)
    .option('--evals <dir>', 'folder or file of .eval definitions, repeatable (the standard packs)', collect)
    .option('--otlp-http-port <n>', `where OTLP/HTTP is taken; 0 picks a free port (${defaults.otlpHttpPort})`)
    .option('--http-port <n>', `where the API answers; 0 picks a free port (${defaults.httpPort})`)
    .option('--host <address>', `address to listen on (${defaults.host})`)
    .option('--log-max-bytes <size>', `most that the log keeps of traces, such as 20GB (${defaults.logMaxBytes})`)
    .option('--log-url <url>', 'the log on Kafka: kafka://host:9092,host2:9092 (in the data folder)')
    .option('--traces-url <url>', 'the traces in ClickHouse: http://user:password@host:8123 (in the data folder)')
    .addHelpText(
      'after',
      `
Environment: ASSAY_DATA, ASSAY_EVALS (comma-separated), ASSAY_OTLP_HTTP_PORT, ASSAY_HTTP_PORT, ASSAY_HOST,
  ASSAY_LOG_MAX_BYTES, ASSAY_LOG_URL, ASSAY_TRACES_URL set the same; a flag wins. REDIS_URL puts the job queue on Redis. OPENAI_API_KEY and
  OPENAI_BASE_URL let judges run.
  ASSAY_SLACK_WEBHOOK_URL is where alerts are posted; without it they are printed.

Examples:
  assay up
  assay up --evals my-agent/evals --data /var/lib/assay
  ASSAY_LOG_URL=kafka://localhost:9092 assay up
  assay up --otlp-http-port 0 --http-port 0 --data :memory:`,
    )
    .action(async (flags: UpFlags) => {
      const parsed = parseUpSettings(flags, process.env)
      if (!parsed.ok) {
        for (const problem of parsed.problems) process.stderr.write(`assay up: ${problem}\n`)
        process.exitCode = exitCodes.usage
        return
      }
      const settings = parsed.settings
      const missing = settings.evals.filter((path) => !existsSync(path))
      for (const path of missing) {
        const source = flags.evals === undefined ? 'ASSAY_EVALS' : '--evals'
        process.stderr.write(`assay up: ${source} ${path}: there is no such file or folder\n`)
      }
      if (missing.length > 0) {
        process.exitCode = exitCodes.usage
        return
      }
      await runUntilStopped({
        ...settings,
        data: settings.data === ':memory:' ? settings.data : resolve(settings.data),
        evals: settings.evals.map((path) => resolve(path)),
      })
    })
}

const SAME_SIGNAL_MS = 500

async function runUntilStopped(settings: Parameters<typeof startInstance>[0]): Promise<void> {
  const stop = Promise.withResolvers<string>()
  let stopping = false
  let firstSignalMs = Number.NEGATIVE_INFINITY
  const onSignal = (signal: NodeJS.Signals): void => {
    // Sent to a process group, a signal also comes by way of npm: that is one wish and not two.
    if (performance.now() - firstSignalMs < SAME_SIGNAL_MS) return
    if (stopping) {
      process.stderr.write(
        'assay: stopped at once; what was acknowledged is in the log and is taken up at the next start\n',
      )
      process.exit(128 + (signal === 'SIGINT' ? 2 : 15))
    }
    stopping = true
    firstSignalMs = performance.now()
    stop.resolve(signal)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)

  const startedMs = performance.now()
  const started = await startInstance(settings, {
    env: process.env,
    nowMs: Date.now,
    print: (text) => process.stdout.write(`${text}\n`),
    warn: (text) => process.stderr.write(`${text}\n`),
    onLost: (reason) => {
      process.stderr.write(`assay: ${reason}; stopping\n`)
      process.exitCode = exitCodes.findings
      stopping = true
      stop.resolve('lost')
    },
  })
  if (!started.ok) {
    process.stderr.write(`assay up: ${started.message}\n`)
    // Threads of roles that did start may still be there, and the engine in process does not end with the event loop.
    process.exit(started.exitCode)
  }
  process.stdout.write(`Ready in ${((performance.now() - startedMs) / 1000).toFixed(1)} s. Ctrl-C stops it.\n`)

  await stop.promise
  process.stdout.write('Stopping: finishing what was accepted …\n')
  await started.instance.drain()
  process.stdout.write('Stopped.\n')
  process.exit(process.exitCode ?? exitCodes.ok)
}
