/**
 * Workflow commands of GitHub Actions, which show each finding at its line in a pull request:
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
import type { Diagnostic } from '../../dsl/diagnostics/diagnostic.ts'
import { pathBelow } from './paths.ts'
import type { CheckReport } from './report.ts'

/** One line a diagnostic; errors first, as GitHub shows no more than ten of a kind for each step. */
export function githubReport({ diagnostics }: CheckReport, root: string): string {
  const ordered = [...diagnostics].sort((a, b) => rank(a) - rank(b))
  return ordered.map((diagnostic) => `${annotation(diagnostic, root)}\n`).join('')
}

function rank({ severity }: Diagnostic): number {
  return severity === 'error' ? 0 : 1
}

function annotation(diagnostic: Diagnostic, root: string): string {
  const { code, severity, message, file, line, column, endLine, endColumn, label, notes, fix } = diagnostic
  const properties: [string, string][] = [['file', pathBelow(root, file) ?? file]]
  if (line > 0) {
    properties.push(['line', String(line)], ['endLine', String(endLine)])
    // GitHub takes columns only where they are of one line.
    if (line === endLine) properties.push(['col', String(column)], ['endColumn', String(endColumn)])
  }
  properties.push(['title', `${code}: ${message}`])
  const told = [
    label === null ? message : `${message} (${label})`,
    ...notes,
    ...(fix === null ? [] : [`fix: ${fix.title} ${fix.options.map((option) => option.text).join(' | ')}`]),
  ]
  const named = properties.map(([name, value]) => `${name}=${escapeProperty(value)}`).join(',')
  return `::${severity} ${named}::${escapeData(told.join('\n'))}`
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
