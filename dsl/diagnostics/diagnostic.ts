import type { Span } from '../source.ts'
import type { Code, Severity } from './codes.ts'

/** A way out. `machine`: the one edit is safe to make unasked; `choice`: the author has to decide. */
export interface Fix {
  readonly applicability: 'machine' | 'choice'
  /** What to do, in one line: "add one of", "write `==`". */
  readonly title: string
  readonly options: readonly { readonly text: string; readonly comment?: string }[]
  /** Offsets into the file's text; of a `machine` fix alone. */
  readonly edit?: { readonly start: number; readonly end: number; readonly text: string }
}

/** One cause, told once. Lines and columns count from 1, in UTF-16 units; all are 0 where the file has no readable text. */
export interface Diagnostic {
  readonly code: Code
  readonly severity: Severity
  readonly message: string
  readonly file: string
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
  readonly span: Span | null
  /** Stands beside the carets. */
  readonly label: string | null
  readonly notes: readonly string[]
  readonly fix: Fix | null
}

export interface Details {
  label?: string
  notes?: string[]
  fix?: Fix
}
