/** Machine-applicable fixes put into effect: pure, and never for the worse. */
import type { Code } from './diagnostics/codes.ts'
import type { Diagnostic } from './diagnostics/diagnostic.ts'

export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface AppliedFix {
  readonly file: string
  readonly code: Code
  /** Where it was when it was found. */
  readonly line: number
  readonly title: string
}

export interface FixOutcome {
  /** Of the files that changed. */
  readonly texts: ReadonlyMap<string, string>
  readonly applied: readonly AppliedFix[]
}

type Texts = ReadonlyMap<string, string>

/** One fix may bring the next to light: a misspelt name behind a missing quote. */
const MAX_ROUNDS = 10
/** How many characters may be checked again and again, so that no file, however broken, takes more than a moment. */
const MAX_CHECKED_CHARS = 10_000_000
const MIN_CHECKS = 12

/**
 * Applies the machine fixes of `texts` until none is left. `check` compiles the project with some texts in place of files. A
 * fix is kept only when what it is for is gone afterwards and no file has more errors of form than before.
 */
export function applyFixes(texts: Texts, check: (texts: Texts) => readonly Diagnostic[]): FixOutcome {
  let current: Texts = texts
  let found = check(current)
  const applied: AppliedFix[] = []
  const refused = new Set<string>()
  const length = [...texts.values()].reduce((sum, text) => sum + text.length, 0)
  let checksLeft = Math.max(MIN_CHECKS, Math.floor(MAX_CHECKED_CHARS / (length + 1)))
  for (let round = 0; round < MAX_ROUNDS && checksLeft > 0; round++) {
    const fixable = disjoint(
      found.filter(
        (diagnostic) => isFixable(diagnostic) && texts.has(diagnostic.file) && !refused.has(identity(diagnostic)),
      ),
    )
    if (fixable.length === 0) break
    const take = (some: readonly Diagnostic[]): boolean => {
      if (checksLeft <= 0) return false
      checksLeft--
      const candidate = withFixes(current, some)
      const after = check(candidate)
      if (!isBetter(found, after, some)) return false
      current = candidate
      found = after
      applied.push(...some.map(told))
      return true
    }
    // All at once, which is what nearly always works; else one by one, from the end so that places stay true.
    if (take(fixable)) continue
    for (const one of [...fixable].reverse()) {
      const now = found.find((diagnostic) => isFixable(diagnostic) && identity(diagnostic) === identity(one))
      if (now === undefined || !take([now])) refused.add(identity(one))
    }
  }
  const changed = [...current].filter(([path, text]) => texts.get(path) !== text)
  return { texts: new Map(changed), applied: applied.sort(byPlace) }
}

/** The text with edits made; they must not overlap. */
export function withEdits(text: string, edits: readonly Edit[]): string {
  let out = ''
  let at = 0
  for (const { start, end, text: inserted } of [...edits].sort((a, b) => a.start - b.start)) {
    out += text.slice(at, start) + inserted
    at = end
  }
  return out + text.slice(at)
}

function isFixable({ fix }: Diagnostic): boolean {
  return fix?.applicability === 'machine' && fix.edit !== undefined
}

function editOf({ fix }: Diagnostic): Edit {
  if (fix?.edit === undefined) throw new TypeError('a fix without an edit is no machine fix')
  return fix.edit
}

/** Those that neither overlap nor touch, the first of each place. */
function disjoint(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const ends = new Map<string, number>()
  return [...diagnostics]
    .sort((a, b) => editOf(a).start - editOf(b).start || editOf(a).end - editOf(b).end)
    .filter((diagnostic) => {
      const { start, end } = editOf(diagnostic)
      if (start <= (ends.get(diagnostic.file) ?? -1)) return false
      ends.set(diagnostic.file, end)
      return true
    })
}

function withFixes(texts: Texts, diagnostics: readonly Diagnostic[]): Texts {
  const edits = Map.groupBy(diagnostics, (diagnostic) => diagnostic.file)
  return new Map(
    [...texts].map(([path, text]) => {
      const own = edits.get(path)
      return [
        path,
        own === undefined
          ? text
          : withEdits(
              text,
              own.map((one) => inLineEnds(editOf(one), text)),
            ),
      ]
    }),
  )
}

/** A file with Windows' line ends keeps them. */
function inLineEnds(edit: Edit, text: string): Edit {
  return text.includes('\r\n') ? { ...edit, text: edit.text.replaceAll(/\r?\n/g, '\r\n') } : edit
}

function isBetter(before: readonly Diagnostic[], after: readonly Diagnostic[], fixed: readonly Diagnostic[]): boolean {
  const causes = tally(fixed, identity)
  const causesBefore = tally(before, identity)
  const causesAfter = tally(after, identity)
  for (const [cause, count] of causes)
    if ((causesAfter.get(cause) ?? 0) > (causesBefore.get(cause) ?? 0) - count) return false
  // As many as before are fine: of a line with two, the second is told when the first is gone.
  const formBefore = tally(before.filter(isOfForm), (diagnostic) => diagnostic.file)
  for (const [file, count] of tally(after.filter(isOfForm), (diagnostic) => diagnostic.file))
    if (count > (formBefore.get(file) ?? 0)) return false
  return true
}

function isOfForm({ code }: Diagnostic): boolean {
  // Allowances are looked at only once nothing else is wrong: the last fix brings theirs to light.
  return code.startsWith('E00') && code !== 'E0018' && code !== 'E0019'
}

function identity({ file, code, message }: Diagnostic): string {
  return `${file}\n${code}\n${message}`
}

function tally(diagnostics: readonly Diagnostic[], keyOf: (diagnostic: Diagnostic) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const diagnostic of diagnostics) {
    const key = keyOf(diagnostic)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

function told({ file, code, line, fix }: Diagnostic): AppliedFix {
  const shown = fix?.options.map((option) => `\`${option.text}\``).join(' ') ?? ''
  return { file, code, line, title: `${fix?.title ?? ''} ${shown}` }
}

function byPlace(a: AppliedFix, b: AppliedFix): number {
  return a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line
}
