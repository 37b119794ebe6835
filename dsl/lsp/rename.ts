/** A declaration under another name, everywhere. */
import { CLAUSES, type DeclKind } from '../clauses.ts'
import { isSubject } from '../schema.ts'
import type { Span } from '../source.ts'
import { endOf } from '../syntax/grammar-base.ts'
import { WORDS } from '../syntax/tokens.ts'
import { clausesOf, insertClause, type TextEdit } from './block-edits.ts'
import { hasClauses, isWord, nameSpan } from './document.ts'
import type { Target } from './names.ts'
import { targetAt, usesOf } from './navigation.ts'
import type { Workspace } from './workspace.ts'

export type Renaming = { ok: true; edits: TextEdit[] } | { ok: false; reason: string }
export type Renameable = { ok: true; target: Target; span: Span } | { ok: false; reason: string }

/** Whether what stands at a place has a name that the author may change. */
export function renameable(workspace: Workspace, path: string, offset: number): Renameable {
  const found = targetAt(workspace, path, offset)
  if (found === null) return { ok: false, reason: 'only names that a file declares can be renamed' }
  const { target } = found
  if (target.path.startsWith('assay:'))
    return { ok: false, reason: 'standard packs are part of Assay: their names stay' }
  if (!workspace.has(target.path))
    return { ok: false, reason: `\`${target.name}\` is declared in ${target.path}, which is not among these files` }
  return { ok: true, ...found }
}

/** All edits that give the thing at a place its new name; an eval keeps its history by `was:`. */
export function renameAt(workspace: Workspace, path: string, offset: number, name: string): Renaming {
  const found = renameable(workspace, path, offset)
  if (!found.ok) return found
  const { target } = found
  if (name === target.name) return { ok: true, edits: [] }
  const problem = nameProblem(workspace, target, name)
  if (problem !== null) return { ok: false, reason: problem }
  const text = target.space === 'test' ? JSON.stringify(name).slice(1, -1) : name
  const edits = usesOf(workspace, target).map((use): TextEdit => ({ path: use.path, span: use.span, text }))
  const was = target.space === 'rules' ? formerName(workspace, target, name) : null
  return { ok: true, edits: was === null ? edits : [...edits, was] }
}

function nameProblem(workspace: Workspace, target: Target, name: string): string | null {
  const module = workspace.module(target.path)
  if (target.space === 'test') {
    if (name.trim() === '') return 'a test needs a name'
    return module?.tests.some((test) => test.name.value === name) ? `there is a test "${name}" already` : null
  }
  if (!/^[A-Za-z_]\w*$/.test(name)) return `\`${name}\` is no name: letters, digits and \`_\` make one`
  const word = WORDS.get(name)
  if (word !== undefined && !isWord({ tokenType: word } as never)) return `\`${name}\` is a word of the language`
  if (isSubject(name)) return `\`${name}\` is a subject`
  if (target.space === 'import') return module?.imports.has(name) ? `\`${name}\` is imported already` : null
  return module?.names[target.space].has(name) ? `\`${name}\` is declared already` : null
}

/** `was: old`, or the old name in the clause that there is. */
function formerName(workspace: Workspace, target: Target, name: string): TextEdit | null {
  const document = workspace.document(target.path)
  const declaration = document?.declarations.find(
    (one) => one.name !== null && nameSpan(one.name).start === target.span.start,
  )
  if (document === null || declaration === undefined || !hasClauses(declaration)) return null
  const { required, optional } = CLAUSES[declaration.kind as DeclKind]
  if (![...required, ...optional].includes('was')) return null
  const clauses = clausesOf(declaration)
  const was = clauses.find((clause) => clause.key === 'was')
  if (was !== undefined) {
    const back = was.tokens.find((token) => token.image === name)
    if (back !== undefined)
      return { path: target.path, span: { start: back.startOffset, end: endOf(back) }, text: target.name }
    return { path: target.path, span: { start: was.end, end: was.end }, text: `, ${target.name}` }
  }
  const after = clauses.findLast((clause, index) => (clause.key === 'title' || clause.key === 'owner') && index < 2)
  return insertClause(document, declaration, 'was', target.name, after?.key ?? null)
}
