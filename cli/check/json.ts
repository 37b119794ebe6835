/** `assay check --format json`: for scripts. Fields are added, never renamed. */
import type { Diagnostic, Fix } from '../../dsl/diagnostics/diagnostic.ts'
import type { Source } from '../../dsl/source.ts'
import type { CheckReport } from './report.ts'

interface Place {
  line: number
  column: number
  offset: number
}

interface Range {
  start: Place
  end: Place
}

interface JsonFix {
  applicability: Fix['applicability']
  title: string
  options: Fix['options']
  /** Of a `machine` fix: what `--fix` would do. */
  edits: { file: string; range: Range; text: string }[]
}

/** Lines and columns count from 1, offsets from 0, all in UTF-16 units; ends are exclusive. */
export function jsonReport({ diagnostics, sources, summary }: CheckReport, cost: object | null): string {
  const shown = diagnostics.map((diagnostic) => jsonDiagnostic(diagnostic, sources.get(diagnostic.file)))
  return `${JSON.stringify({ diagnostics: shown, summary, ...(cost && { cost }) }, null, 2)}\n`
}

function jsonDiagnostic(diagnostic: Diagnostic, source: Source | undefined): object {
  const { code, severity, message, file, line, column, endLine, endColumn, span, label, notes, fix } = diagnostic
  const range: Range | null =
    span === null
      ? null
      : {
          start: { line, column, offset: span.start },
          end: { line: endLine, column: endColumn, offset: Math.max(span.start, span.end) },
        }
  const place = { line, column, endLine, endColumn, range }
  return {
    code,
    severity,
    message,
    file,
    ...place,
    label,
    notes,
    fix: fix === null ? null : jsonFix(fix, file, source),
  }
}

function jsonFix({ applicability, title, options, edit }: Fix, file: string, source: Source | undefined): JsonFix {
  if (edit === undefined || source === undefined) return { applicability, title, options, edits: [] }
  const at = (offset: number): Place => ({ ...source.position(offset), offset })
  const range = { start: at(edit.start), end: at(edit.end) }
  return { applicability, title, options, edits: [{ file, range, text: edit.text }] }
}
