/** Numbers and times as pages show them: short, aligned, in the viewer's zone. */
import { NO_PRICE } from '../../engine/no-price.ts'

/** Made when it is first used: a browser reads what it knows of languages for each, which takes longer than all other scripts of a page. */
function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

const count = once(() => new Intl.NumberFormat('en-GB'))
const compact = once(() => new Intl.NumberFormat('en-GB', { notation: 'compact', maximumFractionDigits: 1 }))

export const formatCount = (value: number): string => count().format(value)
export const formatCompact = (value: number): string => (value < 10_000 ? count() : compact()).format(value)

/** Three digits that matter. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1) return `${(durationMs * 1000).toFixed(0)} µs`
  if (durationMs < 1_000) return `${durationMs.toFixed(durationMs < 10 ? 1 : 0)} ms`
  if (durationMs < 60_000) return `${(durationMs / 1_000).toFixed(durationMs < 10_000 ? 2 : 1)} s`
  const seconds = Math.round(durationMs / 1_000)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

export function formatBytes(sizeBytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, sizeBytes)) / 3))
  const value = sizeBytes / 1_000 ** power
  return `${power === 0 ? value : value.toPrecision(3)} ${UNITS[power]}`
}

export function formatUsd(usd: number): string {
  if (usd === 0) return '$0'
  if (usd < 0.0001) return '<$0.0001'
  return `$${usd < 1 ? usd.toFixed(4) : usd.toFixed(2)}`
}

/** What tokens cost; null where nobody knows. */
export function formatCost(usd: number | null, tokens: number): string {
  if (usd === null) return tokens > 0 ? NO_PRICE : '–'
  return usd === 0 && tokens === 0 ? '–' : formatUsd(usd)
}

export function formatShare(share: number): string {
  const percent = share * 100
  if (percent === 0 || percent === 100) return `${percent}%`
  return `${percent < 1 || percent > 99 ? percent.toFixed(2) : percent.toFixed(1)}%`
}

/** A score in its unit, as the API tells it. */
export function formatScore(score: number, unit: string | null | undefined): string {
  if (unit === 'ms') return formatDuration(score)
  if (unit === 'ratio') return formatShare(score)
  if (unit === 'USD') return formatUsd(score)
  const text = Number.isInteger(score) ? formatCount(score) : String(Number(score.toPrecision(4)))
  return unit === undefined || unit === null ? text : `${text} ${unit}`
}

/** Of two scores, with its sign. Shares differ by percentage points. */
export function formatDifference(difference: number, unit: string | null): string {
  const size = Math.abs(difference)
  const text = unit === 'ratio' ? `${Number((size * 100).toFixed(2))} points` : formatScore(size, unit)
  return `${difference === 0 ? '' : difference > 0 ? '+' : '−'}${text}`
}

const TWO_DIGITS = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
const clock = once(() => new Intl.DateTimeFormat(undefined, TWO_DIGITS))
const dayAndClock = once(() => new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', ...TWO_DIGITS }))
const whole = once(() => new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' }))

/** The time alone for today, with the day for others. */
export function formatTime(iso: string, nowMs: number): string {
  const time = new Date(iso)
  return (time.toDateString() === new Date(nowMs).toDateString() ? clock() : dayAndClock()).format(time)
}

export const formatWholeTime = (iso: string): string => whole().format(new Date(iso))

export function formatAgo(iso: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1_000))
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}
