/** `assay test --coverage`: which outcomes the tests show, by eval and alert. */
import type { Coverage, Shown } from '../../engine/testing/coverage.ts'

const MARKS: Readonly<Record<Shown, string>> = { shown: 'yes', open: 'NO', impossible: '-' }
const COLUMN = 9

/** Of the possible outcomes, from 0 to 100; of none, all are shown. */
export function percentShown({ shown, possible }: Coverage): number {
  return possible === 0 ? 100 : (100 * shown) / possible
}

export function coverageTable(coverage: Coverage): string {
  const { evals, alerts, untested, shown, possible } = coverage
  const width = Math.max(...[...evals, ...alerts].map(({ id }) => id.length), 5)
  const row = (id: string, cells: readonly string[]): string =>
    `${id.padEnd(width)}${cells.map((cell) => cell.padStart(COLUMN)).join('')}`
  const lines = [
    ...(evals.length === 0 ? [] : [row('eval', ['pass', 'fail', 'unknown'])]),
    ...evals.map(({ id, pass, fail, unknown }) => row(id, [MARKS[pass], MARKS[fail], MARKS[unknown]])),
    ...(alerts.length === 0 ? [] : [row('alert', ['firing', 'quiet'])]),
    ...alerts.map(({ id, firing, quiet }) => row(id, [MARKS[firing], MARKS[quiet]])),
    ...(untested.length === 0 ? [] : [`without a test: ${untested.join(', ')}`]),
    `coverage: ${percentText(coverage)} (${shown} of ${possible} outcomes are shown by a test)`,
  ]
  return `${lines.join('\n')}\n`
}

/** Never 100% while something is open. */
export function percentText(coverage: Coverage): string {
  return `${Math.floor(percentShown(coverage) * 10) / 10}%`
}
