/** The lines of the forwarder's log, as those of `assay serve` are. The logger of those alone takes 8 MB of memory. */
import type { LogLevel } from '../config/sections/logging.ts'

/** As pino numbers them. */
const NUMBER: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50 }

export type LogLine = (level: 'info' | 'warn' | 'error', message: string, fields?: object) => void

export function createLogLines(least: LogLevel, nowMs: () => number, write: (line: string) => void): LogLine {
  return (level, msg, fields) => {
    if (NUMBER[level] < NUMBER[least]) return
    const time = new Date(nowMs()).toISOString()
    write(`${JSON.stringify({ level: NUMBER[level], time, pid: process.pid, ...fields, msg })}\n`)
  }
}
