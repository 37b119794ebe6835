import { existsSync, readFileSync } from 'node:fs'
import type { Diagnostic } from '../dsl/diagnostics/diagnostic.ts'
import { diagnosticOfFile } from '../dsl/diagnostics/reporter.ts'
import { formatText } from '../dsl/format/format.ts'
import { diagnosticsText } from './diagnostics-text.ts'
import { exitCodes } from './exit-codes.ts'
import { evalFilesBelow, readText } from './load-evals.ts'
import { reasonOf } from './reason-of.ts'
import { unifiedDiff } from './unified-diff.ts'
import { writeAtomically } from './write-atomically.ts'

export interface FormatOptions {
  /** Write nothing, and end with 1 when a file is not in the one style. */
  readonly check: boolean
  /** Write nothing, and show what would change. */
  readonly diff: boolean
}

type Outcome =
  | { readonly kind: 'same' }
  | { readonly kind: 'changed'; readonly before: string; readonly after: string }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[]; readonly text: string | null }

/** Formats files, and folders with all `.eval` files below them; returns the exit code. One that cannot be formatted stops no other. */
export function runFormat(paths: readonly string[], options: FormatOptions): number {
  const files = [...new Set(paths.flatMap(evalFilesBelow))]
  if (files.length === 0) {
    process.stderr.write('no .eval files found: name a file or a folder that has some\n')
    return exitCodes.usage
  }
  const counts = { same: 0, changed: 0, refused: 0 }
  const nowhere = files.filter((path) => !existsSync(path))
  for (const path of files) {
    const outcome = nowhere.includes(path) ? notThere(path) : formatFile(path, options)
    counts[outcome.kind]++
    report(path, outcome, options)
  }
  process.stderr.write(`${summary(counts, options)}\n`)
  // Not a file is there, so that it is the command line which is wrong.
  if (nowhere.length === files.length) return exitCodes.usage
  const findings = counts.refused > 0 || (options.check && counts.changed > 0)
  return findings ? exitCodes.findings : exitCodes.ok
}

/** From the standard input to the standard output; returns the exit code. What cannot be formatted prints nothing there. */
export function runFormatStdin(options: FormatOptions): number {
  const before = readFileSync(0, 'utf8')
  const outcome = formatted('stdin.eval', before)
  if (outcome.kind === 'refused') {
    report('stdin.eval', outcome, options)
    return exitCodes.findings
  }
  const after = outcome.kind === 'changed' ? outcome.after : before
  if (options.diff) process.stdout.write(unifiedDiff('stdin.eval', before, after))
  else if (!options.check) process.stdout.write(after)
  return options.check && outcome.kind === 'changed' ? exitCodes.findings : exitCodes.ok
}

function notThere(path: string): Outcome {
  const message = 'there is no such file or folder'
  return { kind: 'refused', diagnostics: [diagnosticOfFile(path, 'E0001', message)], text: null }
}

function formatFile(path: string, options: FormatOptions): Outcome {
  const read = readText(path, { keepMark: true })
  if (read.kind === 'refused')
    return { kind: 'refused', diagnostics: [diagnosticOfFile(path, read.code, read.message)], text: null }
  const outcome = formatted(path, read.text)
  if (outcome.kind !== 'changed' || options.check || options.diff) return outcome
  try {
    writeAtomically(path, outcome.after)
    return outcome
  } catch (error) {
    const message = `this file cannot be written: ${reasonOf(error)}`
    return { kind: 'refused', diagnostics: [diagnosticOfFile(path, 'E0001', message)], text: null }
  }
}

function formatted(path: string, text: string): Outcome {
  const result = formatText(text, path)
  if (result.kind === 'refused') return { kind: 'refused', diagnostics: result.diagnostics, text }
  return result.text === text ? { kind: 'same' } : { kind: 'changed', before: text, after: result.text }
}

function report(path: string, outcome: Outcome, { check, diff }: FormatOptions): void {
  if (outcome.kind === 'refused') {
    const sources = new Map(outcome.text === null ? [] : [[path, outcome.text]])
    const inOrder = outcome.diagnostics.toSorted((a, b) => a.line - b.line || a.column - b.column)
    const told = { diagnostics: inOrder, sources, shownAs: new Map<string, string>() }
    process.stderr.write(`${diagnosticsText(told, process.stderr)}\nleft as it is: ${path}\n`)
  } else if (outcome.kind === 'changed') {
    if (diff) process.stdout.write(unifiedDiff(path, outcome.before, outcome.after))
    else process.stdout.write(`${check ? 'would change' : 'formatted'} ${path}\n`)
  }
}

function summary(counts: { same: number; changed: number; refused: number }, { check, diff }: FormatOptions): string {
  const files = (count: number): string => `${count} ${count === 1 ? 'file' : 'files'}`
  const parts = [
    ...(counts.changed > 0 ? [`${files(counts.changed)} ${check || diff ? 'would change' : 'formatted'}`] : []),
    ...(counts.same > 0 ? [`${files(counts.same)} in the one style already`] : []),
    ...(counts.refused > 0 ? [`${files(counts.refused)} left as ${counts.refused === 1 ? 'it is' : 'they are'}`] : []),
  ]
  const hint = check && counts.changed > 0 ? '; `assay fmt` formats, `assay fmt --diff` shows what it would change' : ''
  return `${parts.join(', ')}${hint}`
}
