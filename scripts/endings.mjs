/** What a program's end by a signal means to the person who started it. */

/** A library that is cut short or made for another machine is met while the program loads, not an hour later. */
const START_MS = 30_000
const CRASHES = new Set(['SIGBUS', 'SIGSEGV', 'SIGILL'])

/** A line for standard error; null when the end explains itself. */
export function explainEnding(signal, livedMs) {
  if (signal === null || !CRASHES.has(signal)) return null
  const hint = livedMs < START_MS ? '; the installation looks damaged: delete node_modules and start again' : ''
  return `ended by ${signal}${hint}`
}
