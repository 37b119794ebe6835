/** From offsets to the positions of the protocol, both in UTF-16 units. */
import {
  type CompletionItem,
  CompletionItemKind,
  DiagnosticSeverity,
  DiagnosticTag,
  InsertTextFormat,
  type Range,
  type Diagnostic as Shown,
  SymbolKind,
} from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import type { Diagnostic } from '../../dsl/diagnostics/diagnostic.ts'
import type { Item, ItemKind } from '../../dsl/lsp/item.ts'
import { editorSnippet, plainSnippet } from '../../dsl/lsp/snippets.ts'
import type { Span } from '../../dsl/source.ts'

export function rangeOf(document: TextDocument, span: Span): Range {
  return { start: document.positionAt(span.start), end: document.positionAt(Math.max(span.start, span.end)) }
}

const UNUSED = new Set<string>(['W0120', 'W0208'])

export function shownDiagnostic(diagnostic: Diagnostic, document: TextDocument): Shown {
  const { code, severity, message, label, notes, span } = diagnostic
  const more = [...(label === null ? [] : [label]), ...notes]
  return {
    range: rangeOf(document, span ?? { start: 0, end: 0 }),
    severity: severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    code,
    source: 'assay',
    message: more.length === 0 ? message : `${message}\n${more.join('\n')}`,
    ...(UNUSED.has(code) ? { tags: [DiagnosticTag.Unnecessary] } : {}),
  }
}

const KINDS: Record<ItemKind, CompletionItemKind> = {
  clause: CompletionItemKind.Property,
  field: CompletionItemKind.Field,
  subject: CompletionItemKind.Class,
  function: CompletionItemKind.Function,
  name: CompletionItemKind.Reference,
  word: CompletionItemKind.Keyword,
  snippet: CompletionItemKind.Snippet,
  value: CompletionItemKind.EnumMember,
  unit: CompletionItemKind.Unit,
  file: CompletionItemKind.File,
}

export function shownItem(item: Item, document: TextDocument, snippets: boolean): CompletionItem {
  const { label, kind, detail, doc, text, snippet, span, rank } = item
  const asSnippet = snippet && snippets
  const newText = asSnippet ? editorSnippet(text) : snippet ? plainSnippet(text) : text
  return {
    label,
    kind: KINDS[kind],
    ...(detail === '' ? {} : { detail }),
    ...(doc === '' ? {} : { documentation: { kind: 'markdown', value: doc } }),
    // Editors match what is written in the range against this.
    filterText: kind === 'unit' || text.startsWith('"') ? newText : label,
    sortText: String(rank).padStart(4, '0'),
    insertTextFormat: asSnippet ? InsertTextFormat.Snippet : InsertTextFormat.PlainText,
    textEdit: { range: rangeOf(document, span), newText },
  }
}

const SYMBOLS: Readonly<Record<string, SymbolKind>> = {
  package: SymbolKind.Package,
  const: SymbolKind.Constant,
  define: SymbolKind.Function,
  pattern: SymbolKind.String,
  scope: SymbolKind.Namespace,
  alert: SymbolKind.Event,
  scorecard: SymbolKind.Struct,
  test: SymbolKind.Method,
}

export function symbolKind(kind: string): SymbolKind {
  return SYMBOLS[kind] ?? SymbolKind.Class
}
