/**
 * `# assay-allow W0310: reason`: a finding that the author has looked at and keeps. It stands at the end of the line or on a
 * line of its own above, has a reason, and is an error itself once there is nothing to allow. Above or behind a whole clause or
 * declaration it speaks of all its lines, so that the formatter, which sets these apart, takes nothing from it.
 */
import { ALLOWABLE_ERRORS, CODES, type Code, isCode, mayAllow } from './diagnostics/codes.ts'
import type { Diagnostic } from './diagnostics/diagnostic.ts'
import type { Reporter } from './diagnostics/reporter.ts'
import { removal, renaming, replacement } from './machine-fix.ts'
import type { Source, Span } from './source.ts'
import type { ClauseNode, DeclNode } from './syntax/ast.ts'
import { endOf } from './syntax/grammar-base.ts'
import { lex } from './syntax/lexer.ts'

const MARK = 'assay-allow'
const FORM = /^#+[ \t]*assay-allow[ \t]+([A-Za-z]\d{4}(?:[ \t]*,[ \t]*[A-Za-z]\d{4})*)[ \t]*:[ \t]*(\S.*)?$/
const USAGE = 'write `# assay-allow W0310: why it is fine`'

interface Comment {
  readonly span: Span
  readonly text: string
  /** The lines that it speaks of, both included; 0 when nothing follows. */
  readonly first: number
  readonly last: number
}

interface Allowance {
  readonly comment: Comment
  readonly code: Code
}

/**
 * What is left of a file's diagnostics: those allowed are taken out, and those of the comments themselves put in. `unasked`
 * are codes that were not looked for this time, so that an unused allowance of them says nothing.
 */
export function withoutAllowed(
  reporter: Reporter,
  declarations: readonly DeclNode[],
  unasked: ReadonlySet<Code>,
): readonly Diagnostic[] {
  const { source } = reporter
  if (!source.text.includes(MARK)) return reporter.diagnostics
  const found = [...reporter.diagnostics]
  const allowances = commentsOf(source, declarations).flatMap((comment) => allowancesIn(comment, reporter))
  const places = coverageOf(allowances)
  const used = new Set<Allowance[]>()
  const left = found.filter(({ code, line }) => {
    const allowing = places.get(`${code} ${line}`) ?? []
    for (const group of allowing) used.add(group)
    return allowing.length === 0
  })
  // What is in error was not looked at to its end, and may be what the allowance is for.
  if (!left.some((diagnostic) => diagnostic.severity === 'error'))
    for (const group of new Set([...places.values()].flat()))
      if (!used.has(group)) for (const one of group) if (!unasked.has(one.code)) reportUnused(one, reporter)
  return [...left, ...reporter.diagnostics.slice(found.length)]
}

/** By code and line those that speak of it, in groups that speak of the same. */
function coverageOf(allowances: readonly Allowance[]): Map<string, Allowance[][]> {
  const places = new Map<string, Allowance[][]>()
  const sameKey = ({ code, comment }: Allowance): string => `${code} ${comment.first} ${comment.last}`
  for (const group of Map.groupBy(allowances, sameKey).values()) {
    const [{ code, comment } = { code: null, comment: { first: 1, last: 0 } }] = group
    for (let line = comment.first; line <= comment.last; line++) {
      const key = `${code} ${line}`
      places.set(key, [...(places.get(key) ?? []), group])
    }
  }
  return places
}

/** Comments that hold the mark, looked for between the tokens: in a text or a rubric it means nothing. */
function commentsOf(source: Source, declarations: readonly DeclNode[]): Comment[] {
  const { text } = source
  const comments: Comment[] = []
  // The largest that starts or ends there: of a declaration and its last clause, the declaration.
  const startingAt = new Map<number, Span>()
  const endingAt = new Map<number, Span>()
  for (const span of declarations.flatMap((one) => [...clausesOf(one).map((clause) => clause.span), one.span])) {
    startingAt.set(span.start, span)
    endingAt.set(span.end, span)
  }
  let at = 0
  const gap = (end: number, isLast: boolean): void => {
    for (const match of text.slice(at, end).matchAll(/#[^\n]*/g)) {
      if (!match[0].includes(MARK)) continue
      const start = at + match.index
      const comment = match[0].trimEnd()
      const isBehind = at > 0 && !text.slice(at, start).includes('\n')
      const line = isBehind ? source.position(start).line : isLast ? 0 : source.position(end).line
      const whole = isBehind ? endingAt.get(at) : startingAt.get(end)
      comments.push({
        span: { start, end: start + comment.length },
        text: comment,
        first: whole === undefined ? line : Math.min(line, source.position(whole.start).line),
        last: whole === undefined ? line : Math.max(line, source.position(whole.end).line),
      })
    }
  }
  for (const token of lex(text)) {
    gap(token.startOffset, false)
    at = endOf(token)
  }
  gap(text.length, true)
  return comments
}

function clausesOf(declaration: DeclNode): readonly ClauseNode[] {
  return 'clauses' in declaration ? declaration.clauses : []
}

function allowancesIn(comment: Comment, reporter: Reporter): Allowance[] {
  const { span, text } = comment
  // Prose that mentions the mark is no allowance.
  if (!/^#+[ \t]*assay-allow\b/.test(text)) return []
  const [, list, reason] = FORM.exec(text) ?? []
  if (list === undefined) return refuse(span, 'this allowance names no code', USAGE, reporter)
  if (reason === undefined) return refuse(span, 'this allowance gives no reason', USAGE, reporter)
  const from = span.start + text.indexOf(list)
  return [...list.matchAll(/[A-Za-z]\d{4}/g)].flatMap(({ 0: code, index }) =>
    allowanceOf(code, { start: from + index, end: from + index + code.length }, comment, reporter),
  )
}

function allowanceOf(code: string, span: Span, comment: Comment, reporter: Reporter): Allowance[] {
  if (!isCode(code)) {
    const other = `${code.startsWith('E') ? 'W' : 'E'}${code.slice(1)}`
    const fix = isCode(other) ? { fix: replacement(span, other) } : renaming(span, code, Object.keys(CODES))
    reporter.report('E0018', span, `there is no diagnostic ${code}`, { label: 'allows nothing', ...fix })
    return []
  }
  if (mayAllow(code)) return [{ comment, code }]
  const rule = `only warnings and ${[...ALLOWABLE_ERRORS].join(', ')} can be allowed`
  return refuse(span, `${code} cannot be allowed`, rule, reporter)
}

function refuse(span: Span, message: string, label: string, reporter: Reporter): [] {
  reporter.report('E0018', span, message, { label })
  return []
}

function reportUnused({ code, comment }: Allowance, reporter: Reporter): void {
  const several = (comment.text.match(/[A-Z]\d{4}/g) ?? []).length > 1
  reporter.report('E0019', comment.span, `there is no ${code} here to allow`, {
    label: 'not needed',
    // Of a comment with several codes the others may be needed.
    ...(!several && { fix: removal(reporter.source, comment.span, comment.text) }),
  })
}
