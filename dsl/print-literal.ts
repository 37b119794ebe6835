/** Values as the language writes them: what `literalValue` reads back as the same. */
import type { Literal, ValueType } from './plan.ts'

const DURATIONS: readonly [string, number][] = [
  ['w', 604_800e9],
  ['d', 86_400e9],
  ['h', 3600e9],
  ['m', 60e9],
  ['s', 1e9],
  ['ms', 1e6],
]

/** In the largest unit that needs no fraction: `90m`, `1500ms`; `9.2s` where a fraction is shorter. */
export function printDuration(durationNs: number): string {
  if (durationNs === 0) return '0s'
  const whole = DURATIONS.find(([, sizeNs]) => Math.abs(durationNs) >= sizeNs && durationNs % sizeNs === 0)
  const inSeconds = `${durationNs / 1e9}s`
  if (whole === undefined) return `${decimal(durationNs / 1e6)}ms`
  const text = `${durationNs / whole[1]}${whole[0]}`
  return durationNs >= 1e9 && inSeconds.length < text.length ? inSeconds : text
}

/** 0.95 → `95%`, without the noise of binary fractions. */
export function printRatio(ratio: number): string {
  return `${decimal(Number((ratio * 100).toPrecision(12)))}%`
}

/** Units of the plan; a point in time, which has no literal, as a text. */
export function printLiteral(value: Literal, type: ValueType): string {
  if (typeof value !== 'number') return typeof value === 'string' ? quote(value) : String(value)
  switch (type.kind) {
    case 'duration':
      return printDuration(Math.round(value))
    case 'ratio':
      return printRatio(value)
    case 'money':
      return `${decimal(Number((value / 1e6).toFixed(6)))} ${type.currency}`
    case 'time':
      return quote(new Date(value / 1000).toISOString())
    default:
      return decimal(value)
  }
}

/** Digits and a point, never an exponent. */
function decimal(value: number): string {
  const text = String(value)
  return text.includes('e') ? value.toFixed(20).replace(/\.?0+$/, '') : text
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '"': '\\"', '\\': '\\\\' }

/**
 * What a file of text can hold and a terminal can show: control characters other than line ends and tabs, which would move a cursor
 * or worse, and halves of pairs become replacement characters.
 */
export function printable(text: string): string {
  return text.toWellFormed().replace(/[^\P{Cc}\n\r\t]/gu, '\uFFFD')
}

/** A text in quotes, printable. */
export function quote(text: string): string {
  return `"${printable(text).replace(/[\n\t\r"\\]/g, (char) => ESCAPES[char] ?? char)}"`
}
