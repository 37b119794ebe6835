/** The process of `assay forward`: its listeners, its log, its signals and its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { openForwarder } from '../../ingest/forward/forwarder.ts'
import { createSender } from '../../ingest/forward/sender.ts'
import { LogError } from '../../storage/log/port.ts'
import { exitCodes } from '../exit-codes.ts'
import { listenForOtlp } from '../roles/listen-for-otlp.ts'
import { CannotStart } from '../roles/run-role.ts'
import { VERSION } from '../version.ts'
import type { ForwarderRun } from './forwarder-run.ts'
import { createLogLines } from './log-lines.ts'
import { openToOthers } from './open-to-others.ts'

/** Kubernetes gives 30 s; what is not delivered by then is on disk. */
const DELIVERY_LIMIT_MS = 10_000
const STATS_INTERVAL_MS = 60_000

export async function runForward({ settings, resend }: ForwarderRun): Promise<void> {
  const log = createLogLines(settings.logLevel, Date.now, (line) => process.stdout.write(line))
  const stop = Promise.withResolvers<NodeJS.Signals>()
  let signals = 0
  const onSignal = (signal: NodeJS.Signals): void => {
    stop.resolve(signal)
    if (++signals > 1) {
      log('warn', 'stopped at once; what was acknowledged is on disk and is delivered after the next start')
      process.exit(128 + (signal === 'SIGINT' ? 2 : 15))
    }
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    const forwarder = await openForwarder({
      folder: settings.buffer,
      diskBytes: settings.bufferBytes,
      maxRequestBytes: settings.maxRequestBytes,
      whenFull: settings.whenFull,
      durability: settings.durability,
      reduce: settings.reduce,
      sender: createSender({ ...settings, version: VERSION, nowMs: Date.now }),
      resend,
      nowMs: Date.now,
      random: Math.random,
      // Ends early, without an error, when the signal says so.
      pause: (delayMs, signal) => sleep(delayMs, undefined, { signal }).catch(() => {}),
      onChange: (text) => log('warn', text),
    })
    const { gateway } = forwarder
    const listeners = await listenForOtlp({ ...settings, gateway })
    const ports = { otlpHttpPort: listeners.http.port, otlpGrpcPort: listeners.grpc.port }
    const warning = openToOthers(settings)
    if (warning !== null) log('warn', warning)
    log('info', 'takes spans', { ...ports, host: settings.host, to: settings.url, buffer: settings.buffer })
    const lines = setInterval(() => log('info', 'counters since the start', forwarder.stats()), STATS_INTERVAL_MS)
    const collecting = setInterval(collectBodies, COLLECT_INTERVAL_MS)
    const signal = await stop.promise
    log('info', 'stopping: finishing what is at hand', { signal })
    clearInterval(lines)
    clearInterval(collecting)
    await listeners.drain()
    await forwarder.stop(DELIVERY_LIMIT_MS)
    log('info', 'stopped; what is not delivered is on disk')
    process.exit(exitCodes.ok)
  } catch (error) {
    if (!(error instanceof CannotStart || error instanceof LogError)) throw error
    process.stderr.write(`assay forward: ${error.message}\n`)
    process.exit(exitCodes.usage)
  }
}

const COLLECT_INTERVAL_MS = 100
const MOST_OUTSIDE_BYTES = 8 << 20

/**
 * What requests leave behind lies outside of the heap, where the collector does not feel it for tens of megabytes. `gc` is there by the flags
 * that the forwarder runs with.
 */
function collectBodies(): void {
  if (process.memoryUsage().arrayBuffers > MOST_OUTSIDE_BYTES) globalThis.gc?.()
}
