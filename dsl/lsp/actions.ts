/** What a diagnostic's advice is worth in an editor: edits to choose from. */

import { clauseDoc } from '../clause-docs.ts'
import { CLAUSES, type DeclKind } from '../clauses.ts'
import { mayAllow } from '../diagnostics/codes.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { insertClause, type TextEdit } from './block-edits.ts'
import { type Document, declarationAt, hasClauses } from './document.ts'
import { plainSnippet } from './snippets.ts'

export interface Action {
  readonly title: string
  readonly diagnostic: Diagnostic
  readonly edits: readonly TextEdit[]
  /** The one that is right whatever the author meant. */
  readonly preferred: boolean
}

export function actionsFor(document: Document, diagnostic: Diagnostic): Action[] {
  return [...fixes(document, diagnostic), ...allowance(document, diagnostic)]
}

function fixes(document: Document, diagnostic: Diagnostic): Action[] {
  const { fix } = diagnostic
  if (fix === null) return []
  if (fix.edit !== undefined) {
    const { start, end, text } = fix.edit
    const edit = { path: document.path, span: { start, end }, text }
    const [option] = fix.options
    const title = option === undefined ? fix.title : `${fix.title} ${option.text}`
    return [{ title: capitalised(title), diagnostic, edits: [edit], preferred: fix.applicability === 'machine' }]
  }
  return fix.options.flatMap(({ text, comment }) => {
    const edit = clauseEdit(document, diagnostic, text)
    if (edit === null) return []
    const title = `Add ${edit.text.trim()}${comment === undefined ? '' : ` (${comment})`}`
    return [{ title, diagnostic, edits: [edit], preferred: false }]
  })
}

/** An option that is a clause can be put into its declaration. */
function clauseEdit(document: Document, diagnostic: Diagnostic, option: string): TextEdit | null {
  const [, key, value] = /^([a-z_]+):\s*(.*)$/s.exec(option) ?? []
  const declaration = diagnostic.span === null ? null : declarationAt(document, diagnostic.span.start)
  if (key === undefined || value === undefined || declaration === null || !hasClauses(declaration)) return null
  const { required, optional } = CLAUSES[declaration.kind as DeclKind]
  if (![...required, ...optional].includes(key)) return null
  const text = value === '…' ? plainSnippet(clauseDoc(declaration.kind, key)?.snippet ?? '') : value
  return insertClause(document, declaration, key, text, '')
}

/** A comment above the line by which the author keeps what was found; until it gives a reason, it is in error itself. */
function allowance(document: Document, diagnostic: Diagnostic): Action[] {
  const { span, code } = diagnostic
  if (span === null || !mayAllow(code)) return []
  const start = document.text.lastIndexOf('\n', span.start - 1) + 1
  const indent = /^[ \t]*/.exec(document.text.slice(start))?.[0] ?? ''
  const edit = { path: document.path, span: { start, end: start }, text: `${indent}# assay-allow ${code}: \n` }
  return [{ title: `Allow ${code} here, with a reason`, diagnostic, edits: [edit], preferred: false }]
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
