/** The process of `assay serve`: its logs, its signals and its end. */
import { pino } from 'pino'
import { exitCodes } from '../exit-codes.ts'
import { CannotStart } from '../roles/run-role.ts'
import { serve } from './serve.ts'
import type { ServeSettings } from './serve-settings.ts'

/** After this long a drain that hangs is given up: what was acknowledged is in the log. */
export const DRAIN_LIMIT_MS = 30_000

export async function runServe(settings: ServeSettings): Promise<void> {
  const logger = pino({
    level: settings.logLevel,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
  })
  const stop = Promise.withResolvers<NodeJS.Signals>()
  let signals = 0
  const onSignal = (signal: NodeJS.Signals): void => {
    stop.resolve(signal)
    if (++signals > 1) {
      logger.warn('stopped at once; what was acknowledged is in the log and is taken up again')
      process.exit(128 + (signal === 'SIGINT' ? 2 : 15))
    }
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    const served = await serve(settings, {
      nowMs: Date.now,
      sayAs: (who) => ({
        info: (text) => logger.info({ role: who }, text),
        problem: (text) => logger.warn({ role: who }, text),
      }),
    })
    const signal = await stop.promise
    logger.info({ signal }, 'stopping: finishing what was taken')
    const limit = setTimeout(() => {
      logger.error('the drain took too long; what was acknowledged is in the log and is taken up again')
      process.exit(exitCodes.findings)
    }, DRAIN_LIMIT_MS)
    await served.drain()
    clearTimeout(limit)
    logger.info('stopped')
    process.exit(exitCodes.ok)
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error
    process.stderr.write(`assay serve: ${error.message}\n`)
    process.exit(exitCodes.usage)
  }
}
