import type { Source, Span } from '../source.ts'
import type { Code } from './codes.ts'
import type { Details, Diagnostic } from './diagnostic.ts'

/** Collects the diagnostics of one file. The same code at the same place is one cause and told once. */
export class Reporter {
  readonly source: Source
  readonly diagnostics: Diagnostic[] = []
  readonly #told = new Set<string>()
  #errorCount = 0

  /** `before`: what was told of the same text already. */
  constructor(source: Source, before: readonly Diagnostic[] = []) {
    this.source = source
    for (const diagnostic of before) {
      this.#push(diagnostic)
      if (diagnostic.span !== null) this.#told.add(`${diagnostic.code} ${diagnostic.span.start}`)
    }
  }

  /** Takes over what was told to another reporter of the same text. */
  adopt(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) {
      const identity = `${diagnostic.code} ${diagnostic.span?.start}`
      if (this.#told.has(identity)) continue
      this.#told.add(identity)
      this.#push(diagnostic)
    }
  }

  report(code: Code, span: Span, message: string, details: Details = {}): void {
    const identity = `${code} ${span.start}`
    if (this.#told.has(identity)) return
    this.#told.add(identity)
    this.#push(diagnosticAt(this.source, code, span, message, details))
  }

  get errorCount(): number {
    return this.#errorCount
  }

  #push(diagnostic: Diagnostic): void {
    this.diagnostics.push(diagnostic)
    if (diagnostic.severity === 'error') this.#errorCount++
  }
}

export function diagnosticAt(
  source: Source,
  code: Code,
  span: Span,
  message: string,
  details: Details = {},
): Diagnostic {
  const start = source.position(span.start)
  const end = source.position(Math.max(span.start, span.end))
  return {
    code,
    severity: code.startsWith('E') ? 'error' : 'warning',
    message,
    file: source.path,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    span,
    label: details.label ?? null,
    notes: details.notes ?? [],
    fix: details.fix ?? null,
  }
}

/** Of a file without readable text. */
export function diagnosticOfFile(file: string, code: Code, message: string, notes: string[] = []): Diagnostic {
  const nowhere = { line: 0, column: 0, endLine: 0, endColumn: 0, span: null }
  return { code, severity: 'error', message, file, ...nowhere, label: null, notes, fix: null }
}
