/** Helpers of this folder's tests: a text with a `‸` where the cursor is. */
import { completionsAt } from './completion.ts'
import { type Hover, hoverAt } from './hover.ts'
import type { Item } from './item.ts'
import { Workspace } from './workspace.ts'

export const PII =
  '# Personal data.\n\npackage pii\npattern email = /[a-z0-9.]+@[a-z0-9]+/\npattern card = /4\\d{12,18}/ check luhn\n'

/** A workspace of these files, beside the pack `assay:pii`. */
export function workspaceOf(files: Record<string, string>): Workspace {
  const workspace = new Workspace({
    resolve: (_from, specifier) => specifier.replace(/^\.\//, ''),
    read: (path) => (path === 'assay:pii' ? PII : null),
  })
  for (const [path, text] of Object.entries(files)) workspace.set(path, text)
  return workspace
}

/** The text without its cursor, and where that was. */
export function cursorIn(marked: string): { text: string; offset: number } {
  const offset = marked.indexOf('‸')
  if (offset < 0) throw new Error('there is no ‸ in the text')
  return { text: marked.replace('‸', ''), offset }
}

export function completions(marked: string, others: Record<string, string> = {}): Item[] {
  const { text, offset } = cursorIn(marked)
  const workspace = workspaceOf({ ...others, 'shop.eval': text })
  const document = workspace.document('shop.eval')
  const module = workspace.module('shop.eval')
  if (document === null || module === null) throw new Error('the workspace has lost its file')
  return completionsAt(document, module, offset, ['assay:pii', './other.eval'])
}

export function labels(marked: string, others: Record<string, string> = {}): string[] {
  return completions(marked, others).map((item) => item.label)
}

export function hover(marked: string, others: Record<string, string> = {}): Hover | null {
  const { text, offset } = cursorIn(marked)
  const workspace = workspaceOf({ ...others, 'shop.eval': text })
  const document = workspace.document('shop.eval')
  const analysis = workspace.analysis('shop.eval')
  return document === null || analysis === null ? null : hoverAt(document, analysis, offset)
}
