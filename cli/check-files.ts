import type { Diagnostic } from '../dsl/diagnostics/diagnostic.ts'
import { diagnosticsText } from './diagnostics-text.ts'
import { exitCodes } from './exit-codes.ts'
import { type LoadedEvals, loadEvals } from './load-evals.ts'

/** Checks files and folders, prints what was found, and sets the exit code. */
export function runCheck(paths: string[], options: { json?: boolean }): void {
  const loaded = loadEvals(paths)
  const summary = summarise(loaded)
  if (options.json)
    process.stdout.write(`${JSON.stringify({ diagnostics: loaded.diagnostics.map(asJson), summary }, null, 2)}\n`)
  else printText(loaded, summary)
  if (summary.errors > 0) process.exitCode = exitCodes.findings
  else if (loaded.files.length === 0) process.exitCode = exitCodes.usage
}

interface Summary {
  files: number
  evals: number
  alerts: number
  tests: number
  errors: number
  warnings: number
}

/** Counts; evals, alerts and tests are 0 when there is no plan. */
function summarise({ plan, diagnostics, files }: LoadedEvals): Summary {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length
  return {
    files: files.length,
    evals: plan?.evals.length ?? 0,
    alerts: plan?.alerts.length ?? 0,
    tests: plan?.tests.length ?? 0,
    errors,
    warnings: diagnostics.length - errors,
  }
}

function asJson(diagnostic: Diagnostic): Omit<Diagnostic, 'span'> {
  const { span: _, ...rest } = diagnostic
  return rest
}

function printText(loaded: LoadedEvals, summary: Summary): void {
  const report = diagnosticsText(loaded, process.stdout)
  if (report !== '') process.stdout.write(`${report}\n`)
  if (summary.files === 0 && summary.errors === 0)
    process.stderr.write('no .eval files found: name a file or a folder that has some\n')
  else process.stdout.write(`${summaryLine(summary)}\n`)
}

function summaryLine({ files, evals, alerts, tests, errors, warnings }: Summary): string {
  const found = [
    ...(errors > 0 ? [counted(errors, 'error')] : []),
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
  ]
  if (errors > 0) return `${counted(files, 'file')} checked: ${found.join(', ')}`
  const parts = [counted(evals, 'eval'), counted(alerts, 'alert'), counted(tests, 'test')].join(', ')
  return `${counted(files, 'file')} checked: ${parts}, ${found.length === 0 ? 'no problems' : found.join(', ')}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
