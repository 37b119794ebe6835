/** `assay up`: every role in one process tree, on embedded parts. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { addSettingFlags } from '../config/flags.ts'
import { nameOf } from '../config/given.ts'
import { configPathOf } from '../config/resolve-settings.ts'
import { exitCodes } from '../exit-codes.ts'
import { startInstance } from '../instance.ts'
import { parseUpSettings } from '../settings.ts'

export function registerUp(program: Command): void {
  const command = program
    .command('up')
    .description('run the gateway, the processor, alerts, offline evals and the API in one process tree')
  addSettingFlags(command)
  command
    .addHelpText(
      'after',
      `
Every setting can stand in an assay.yaml or in the environment as well: assay config show tells what is in force, and where it
comes from. A flag wins over a variable, a variable over the file. REDIS_URL puts the job queue and the shared state on Redis;
OPENAI_API_KEY lets judges run; ASSAY_SLACK_WEBHOOK_URL is where alerts are posted, without it they are printed.

Examples:
  assay up
  assay up --evals my-agent/evals --data /var/lib/assay
  ASSAY_LOG_URL=kafka://localhost:9092 assay up
  assay up --otlp-http-port 0 --http-port 0 --data :memory:`,
    )
    .action(async (flags: { config?: string }) => {
      const parsed = parseUpSettings({ ...flags }, process.env, configPathOf(flags.config, process.env))
      if (!parsed.ok) {
        for (const problem of parsed.problems) process.stderr.write(`assay up: ${problem}\n`)
        process.exitCode = exitCodes.usage
        return
      }
      const settings = parsed.settings
      const missing = settings.evals.filter((path) => !existsSync(path))
      const source = nameOf(parsed.effective.find(({ path }) => path[0] === 'evals')!.source)
      for (const path of missing) process.stderr.write(`assay up: ${source} ${path}: there is no such file or folder\n`)
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
