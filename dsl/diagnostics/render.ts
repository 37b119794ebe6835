/**
 * Diagnostics as people read them:
 *
 *     error[E0207]: `no_pii` can be undecided, but does not say what then
 *       ┌─ evals/checkout.eval:19:18
 *     19│   pass:     not (output.text matches any [pii.card, pii.iban])
 *       │                  ^^^^^^^^^^^ may be missing: content capture is opt-in
 *       fix: add one of
 *         missing: unknown      # leaves the pass rate, lowers coverage
 *         missing: fail         # what was not seen fails
 */
import { Source } from '../source.ts'
import type { Diagnostic, Fix } from './diagnostic.ts'

/** How parts are set off; the identity by default, so that a file or a pipe gets plain text. */
export interface Paint {
  readonly error: (text: string) => string
  readonly warning: (text: string) => string
  readonly place: (text: string) => string
  readonly fix: (text: string) => string
  readonly strong: (text: string) => string
}

const same = (text: string): string => text
export const plainPaint: Paint = { error: same, warning: same, place: same, fix: same, strong: same }

/** Wider lines are cut around the place. */
const MAX_WIDTH = 160
const TAB = '    '

/** `sources` by path; a diagnostic whose source is not there is told without an excerpt. */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  paint: Paint = plainPaint,
): string {
  const parsed = new Map<string, Source>()
  const sourceOf = (path: string): Source | undefined => {
    const text = sources.get(path)
    if (text === undefined) return undefined
    let source = parsed.get(path)
    if (source === undefined) {
      source = new Source(path, text)
      parsed.set(path, source)
    }
    return source
  }
  return diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, sourceOf(diagnostic.file), paint)).join('\n')
}

export function renderDiagnostic(
  diagnostic: Diagnostic,
  source: Source | undefined,
  paint: Paint = plainPaint,
): string {
  const { severity, code, line, column, notes, fix } = diagnostic
  const [message, file] = [visible(diagnostic.message), visible(diagnostic.file)]
  const tint = severity === 'error' ? paint.error : paint.warning
  const lines = [`${tint(`${severity}[${code}]`)}${paint.strong(`: ${message}`)}`]
  const gutter = String(line).length
  const margin = ' '.repeat(gutter)
  lines.push(`${margin}${paint.place('┌─')} ${line === 0 ? file : `${file}:${line}:${column}`}`)
  if (source !== undefined && line > 0) lines.push(...excerpt(diagnostic, source, gutter, tint, paint))
  else if (diagnostic.label !== null) lines.push(`${margin}${paint.place('=')} ${visible(diagnostic.label)}`)
  for (const note of notes) lines.push(`${margin}${paint.place('=')} ${visible(note)}`)
  if (fix !== null) lines.push(...renderFix(fix, margin, paint))
  return `${lines.join('\n')}\n`
}

function excerpt(diagnostic: Diagnostic, source: Source, gutter: number, tint: Paint['error'], paint: Paint): string[] {
  const { line, column, endLine, endColumn, label } = diagnostic
  const text = source.line(line)
  const from = column - 1
  const to = Math.max(from + 1, endLine === line ? endColumn - 1 : text.length)
  const start = from > MAX_WIDTH - 40 ? from - 40 : 0
  const shown = text.slice(start, start + MAX_WIDTH)
  const before = start > 0 ? '…' : ''
  const after = start + MAX_WIDTH < text.length ? '…' : ''
  const pad = before + shown.slice(0, from - start)
  const width = Math.max(1, columnsOf(shown.slice(from - start, to - start)))
  const bar = paint.place('│')
  return [
    `${paint.place(String(line).padStart(gutter))}${bar} ${before}${untabbed(shown)}${after}`,
    `${' '.repeat(gutter)}${bar} ${' '.repeat(columnsOf(pad))}${tint(`${'^'.repeat(width)}${label === null ? '' : ` ${visible(label)}`}`)}`,
  ]
}

function untabbed(text: string): string {
  return visible(text).replaceAll('\t', TAB)
}

/**
 * A file may come from a stranger's pull request: signs that move the cursor or turn the direction of writing would let it hide
 * what is said of it. Each is shown as a dot.
 */
function visible(text: string): string {
  return text.replaceAll(/(?![\n\t])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, '·')
}

/** Columns that a text takes on a terminal; wide and combining characters are counted one by one, which is near enough. */
function columnsOf(text: string): number {
  return [...untabbed(text)].length
}

function renderFix(fix: Fix, margin: string, paint: Paint): string[] {
  const [only] = fix.options
  if (only !== undefined && fix.options.length === 1 && fix.applicability === 'machine')
    return [`${margin}${paint.fix('fix')}: ${fix.title} \`${visible(only.text)}\``]
  const width = Math.max(...fix.options.map((option) => (option.comment ? option.text.length : 0)))
  const options = fix.options.map(
    ({ text, comment }) => `${margin}  ${visible(comment ? `${text.padEnd(width)}  # ${comment}` : text)}`,
  )
  return [`${margin}${paint.fix('fix')}: ${fix.title}`, ...options]
}
