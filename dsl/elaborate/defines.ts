/**
 * `define slow = duration > 8s`: an expression with a name. It is put in where it is used, as if it stood in brackets there: its
 * fields are those of the subject at hand, its names those of its own file. What is wrong in it wherever it stands is told once,
 * at its definition; what does not fit one place is told there.
 */
import { Reporter } from '../diagnostics/reporter.ts'
import { isLargerThan, MAX_NODES } from '../expr-size.ts'
import { type DefineDecl, type Found, type Module, viewOf } from '../module.ts'
import { isSpanSubject, SUBJECTS } from '../schema.ts'
import type { Span } from '../source.ts'
import { causesAt } from '../typed.ts'
import type { Elaborate } from './arguments.ts'
import { ERRONEOUS, type ExprContext, type PatternTable, type Project, scratchOf, type Typed } from './context.ts'

interface PutIn {
  readonly typed: Typed
  readonly matched: ReadonlySet<number>
  /** What does not fit; null when all does. */
  readonly problem: string | null
}

const TOO_LARGE = `written out it has more than ${MAX_NODES} parts`

/** By what the names in it mean: one definition on one subject is worked out once, however often it is used. */
const known = new WeakMap<PatternTable, Map<DefineDecl, Map<string, PutIn>>>()

export function elaborateDefine(
  { decl, module: home }: Found<DefineDecl>,
  span: Span,
  context: ExprContext,
  elaborate: Elaborate,
): Typed {
  if (decl.damaged || !context.project.defined(home, decl)) return ERRONEOUS
  const { typed, matched, problem } = putIn(decl, home, context, elaborate)
  if (problem !== null) {
    const { line } = home.reporter.source.position(decl.name.span.start)
    context.module.reporter.report('E0219', span, `\`${decl.name.text}\` does not fit here: ${problem}`, {
      label: 'does not fit',
      notes: [`\`${decl.name.text}\` is defined in ${home.path}, line ${line}`],
    })
    return ERRONEOUS
  }
  for (const pattern of matched) context.matched.add(pattern)
  return { ...typed, missing: causesAt(typed.missing, span) }
}

function putIn(decl: DefineDecl, home: Module, context: ExprContext, elaborate: Elaborate): PutIn {
  const { patterns } = context.project
  const byDecl = known.get(patterns) ?? new Map<DefineDecl, Map<string, PutIn>>()
  known.set(patterns, byDecl)
  const byPlace = byDecl.get(decl) ?? new Map<string, PutIn>()
  byDecl.set(decl, byPlace)
  const score = context.score === null ? '' : `${JSON.stringify(context.score.type)} ${context.score.missing.length}`
  const place = `${context.subject} ${context.aggregate} ${score}`
  const before = byPlace.get(place)
  if (before !== undefined) return before
  const reporter = new Reporter(home.reporter.source)
  const matched = new Set<number>()
  const typed = elaborate(decl.value, { ...context, module: viewOf(home, reporter), matched })
  const error = reporter.diagnostics.find((diagnostic) => diagnostic.severity === 'error')
  const problem = error?.message ?? (isLargerThan(typed.expr, MAX_NODES) ? TOO_LARGE : null)
  const found = { typed, matched, problem }
  byPlace.set(place, found)
  return found
}

/** True when some subject makes sense of it; else what is wrong is told, as the subject has it that makes most sense of it. */
export function checkDefine(decl: DefineDecl, home: Module, project: Project, elaborate: Elaborate): boolean {
  if (decl.damaged) return false
  let best: Reporter | null = null
  for (const place of places(scratchOf(project), home)) {
    const reporter = new Reporter(home.reporter.source)
    elaborate(decl.value, { ...place, module: viewOf(home, reporter) })
    const failed = reporter.diagnostics.some((diagnostic) => diagnostic.severity === 'error')
    if (!failed || best === null || reporter.diagnostics.length < best.diagnostics.length) best = reporter
    // What is too large is so of every subject, and takes its time to write out.
    if (!failed || reporter.diagnostics.some(({ message }) => message.endsWith(TOO_LARGE))) break
  }
  const diagnostics = best?.diagnostics ?? []
  home.reporter.adopt(diagnostics)
  return !diagnostics.some((diagnostic) => diagnostic.severity === 'error')
}

/** All that a named expression could be used for: of a subject, in `pass:` with any score, or inside of an aggregate. */
function* places(project: Project, module: Module): Generator<ExprContext> {
  const score = { type: { kind: 'unknown' }, missing: [] } as const
  const common = { project, module, score, matched: new Set<number>() }
  for (const { name } of SUBJECTS) yield { ...common, subject: name, aggregate: null }
  for (const { name } of SUBJECTS) if (isSpanSubject(name)) yield { ...common, subject: name, aggregate: 'value' }
}
