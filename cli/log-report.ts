/** What the log tells of its housekeeping, as lines. Apart from other lines, because every thread that opens the log needs it. */
import type { LogReport } from '../storage/log/embedded.ts'

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** Null for housekeeping that takes nothing which anybody still waits for. */
export function describeLogReport(report: LogReport): string | null {
  if (report.kind === 'retention_failed') return `log: retention of ${report.topic} failed: ${report.error.message}`
  if (report.reason === 'compacted' || (report.reason === 'time' && report.unconsumed === 0)) return null
  const what = `${plural(report.records, 'record')} (${Math.ceil(report.bytes / 1e6)} MB) of ${report.topic}`
  const why = report.reason === 'size' ? 'its size bound was reached' : 'they were past its retention'
  const lost = report.unconsumed > 0 ? `; ${report.unconsumed} of them had not been consumed by every group` : ''
  return `log: deleted the oldest ${what}, because ${why}${lost}`
}

/** For `onReport` of a log: deletions happen in whichever thread appends. */
export function reportTo(say: (text: string) => void): (report: LogReport) => void {
  return (report) => {
    const text = describeLogReport(report)
    if (text !== null) say(text)
  }
}
