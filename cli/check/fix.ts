/** `assay check --fix`: from files to files. What is safe to edit is decided by the language (`dsl/apply-fixes.ts`). */
import { readFileSync } from 'node:fs'
import { type AppliedFix, applyFixes } from '../../dsl/apply-fixes.ts'
import type { CostLimits } from '../../dsl/cost/limits.ts'
import { type CheckedEvals, checkEvals } from '../load-evals.ts'
import { unifiedDiff } from '../unified-diff.ts'
import { writeAtomically } from '../write-atomically.ts'
import { counted } from './report.ts'

export interface Fixed {
  /** As the files are after it. */
  readonly loaded: CheckedEvals
  readonly applied: readonly AppliedFix[]
  /** Files that would not be written, with the reason. */
  readonly refused: readonly { readonly file: string; readonly reason: string }[]
  readonly diff: string
}

/** Edits the files that `paths` name, never what they import. With `write` false it only says what it would do. */
export function fixFiles(paths: readonly string[], write: boolean, cost?: { limits: CostLimits }): Fixed {
  const before = checkEvals(paths)
  const shown = (path: string): string => before.shownAs.get(path) ?? path
  const originals = new Map(before.files.map((path) => [shown(path), before.sources.get(path) ?? '']))
  const outcome = applyFixes(originals, (texts) =>
    checkEvals(paths, texts).diagnostics.map((found) => ({ ...found, file: shown(found.file) })),
  )
  const diff = [...outcome.texts].map(([path, text]) => unifiedDiff(path, originals.get(path) ?? '', text)).join('')
  const refused = write ? writeAll(outcome.texts, originals) : []
  const left = new Set(refused.map(({ file }) => file))
  const kept = new Map([...outcome.texts].filter(([path]) => !left.has(path)))
  const applied = outcome.applied.filter(({ file }) => !left.has(file))
  return { loaded: checkEvals(paths, kept, cost), applied, refused, diff }
}

function writeAll(texts: ReadonlyMap<string, string>, originals: ReadonlyMap<string, string>): Fixed['refused'] {
  return [...texts].flatMap(([file, text]) => {
    const reason = replaceFile(file, originals.get(file) ?? '', text)
    return reason === null ? [] : [{ file, reason }]
  })
}

const BOM = '\uFEFF'

/** Null when it was written, else why not. */
function replaceFile(path: string, before: string, after: string): string | null {
  try {
    const now = readFileSync(path, 'utf8')
    const bom = now.startsWith(BOM) ? BOM : ''
    if (now.slice(bom.length) !== before) return 'it was changed meanwhile'
    writeAtomically(path, `${bom}${after}`)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What was done, a line for each fix. */
export function fixedText({ applied, refused }: Fixed, write: boolean): string {
  const files = new Set(applied.map(({ file }) => file)).size
  const lines = applied.map(
    ({ file, line, code, title }) => `${write ? 'fixed' : 'would fix'} ${code} in ${file}:${line}: ${title}`,
  )
  const problems = refused.map(({ file, reason }) => `${file} is left as it is: ${reason}`)
  const total =
    applied.length === 0
      ? 'nothing to fix by itself'
      : `${counted(applied.length, 'problem')} ${write ? 'fixed' : 'would be fixed'} in ${counted(files, 'file')}`
  return [...lines, ...problems, total].map((line) => `${line}\n`).join('')
}
