/** What an aggregate looked at: the first few spans, each with what was taken of it or what kept it out. */
import type { Expr, SpanSelector } from '../../../dsl/plan.ts'
import { printLiteral } from '../../../dsl/print-literal.ts'
import { describeReason } from '../reason-text.ts'
import { scoreTypeOf } from '../score.ts'
import { compileSelector } from '../select.ts'
import { kindOf, type ProjectedSpan, startAfterNs } from '../subject.ts'
import { TRUE, type Truth } from '../truth.ts'
import type { SpanNode, TreeNode } from './tree.ts'
import { type ExplainSettings, knownValue } from './value.ts'

/** More tell a reader nothing new. */
const MAX_SPANS = 5
const MAX_TREES = 2

type Explain = (expr: Expr, settings: ExplainSettings) => TreeNode
type About = Partial<Pick<TreeNode, 'spans' | 'note'>>
type TextOf = (span: ProjectedSpan) => string | null

/** Nothing of what is no aggregate. */
export function spansOf(expr: Expr, settings: ExplainSettings, explain: Explain): About {
  switch (expr.op) {
    case 'aggregate':
      return expr.fn === 'any' || expr.fn === 'all'
        ? quantified(expr, settings, explain)
        : selected(expr.over, settings, explain, elementText(expr, settings))
    case 'repeats':
      return selected(expr.over, settings, explain, () => null)
    case 'before':
      return ordered(expr, settings, explain)
    case 'verdict_of':
      return { note: verdictNote(expr, settings) }
    default:
      return {}
  }
}

/** The spans that belong; where there are none, the first of the kind with what kept them out. */
function selected(over: SpanSelector, settings: ExplainSettings, explain: Explain, textOf: TextOf): About {
  const { context } = settings
  const ofKind = spansOfKind(over, settings)
  const taken = compileSelector(over, settings.compiler, 'total')(context)
  const note = countNote(taken.length, ofKind.length, over)
  const shown = taken.slice(0, MAX_SPANS).map((span) => spanNode(span, over, textOf(span), true, null))
  if (taken.length > 0 || over.where === null) return { note, spans: shown }
  const left = ofKind.slice(0, MAX_TREES).map((span) => {
    const tree = within(span, over, settings, (inner) => explain(over.where!, inner))
    return spanNode(span, over, null, false, tree)
  })
  return { note, spans: left }
}

function countNote(taken: number, ofKind: number, { subject, where }: SpanSelector): string {
  const all = `${ofKind} ${subject}${ofKind === 1 ? '' : 's'}`
  if (ofKind === 0) return `there is no ${subject}`
  if (where === null) return taken > MAX_SPANS ? `${all}, the first ${MAX_SPANS} shown` : all
  return `${taken} of ${all}`
}

/** The spans that decide it, or leave it open; of an `any` without one the first that don't satisfy it. */
function quantified(expr: Extract<Expr, { op: 'aggregate' }>, settings: ExplainSettings, explain: Explain): About {
  const { over, value } = expr
  const { where } = over
  const ofKind = spansOfKind(over, settings)
  const inner = settings.compiler.over(over.subject)
  const inWhere = where === null ? null : inner.truth(where)
  const condition = value === null || value.op === 'literal' ? where : value
  const holds = condition === null ? null : inner.truth(condition)
  const truthOf = (span: ProjectedSpan, fn: ((context: ExplainSettings['context']) => Truth) | null): Truth =>
    fn === null ? TRUE : within(span, over, settings, ({ context }) => fn(context))
  const belonging = ofKind.filter((span) => truthOf(span, inWhere) === TRUE)
  const satisfied = belonging.filter((span) => truthOf(span, holds) === TRUE)
  const others = (where === null ? ofKind : belonging.length > 0 ? belonging : ofKind).filter(
    (span) => !satisfied.includes(span),
  )
  const isPlain = condition === where
  const holding = isPlain ? '' : `true of ${satisfied.length} of ${where === null ? '' : `${belonging.length}, `}`
  const note =
    ofKind.length === 0 ? `there is no ${over.subject}` : holding + countNote(belonging.length, ofKind.length, over)
  const decisive = expr.fn === 'any' && satisfied.length > 0 ? satisfied : others
  const spans = decisive.slice(0, MAX_TREES).map((span) => {
    const shown = where !== null && truthOf(span, inWhere) !== TRUE ? where : condition
    const tree = shown === null ? null : within(span, over, settings, (at) => explain(shown, at))
    return spanNode(span, over, null, satisfied.includes(span), tree)
  })
  return { note, spans }
}

function elementText(expr: Extract<Expr, { op: 'aggregate' }>, settings: ExplainSettings): TextOf {
  const { value, over } = expr
  if (value === null) return () => null
  const read = settings.compiler.over(over.subject).value(value)
  const type = scoreTypeOf(value)
  return (span) =>
    within(span, over, settings, ({ context, mask }) => {
      const element = read(context)
      return element === undefined ? describeReason(context.why) : knownValue(element, type, mask).text
    })
}

/** The A that ended first, and the first B: these two decide. */
function ordered(expr: Extract<Expr, { op: 'before' }>, settings: ExplainSettings, explain: Explain): About {
  const { context } = settings
  const originUs = context.trace?.startTimeUs ?? 0
  const since = (ns: number): string => printLiteral(Math.max(0, ns), { kind: 'duration' })
  const began: TextOf = (span) => `began at ${since(startAfterNs(span, originUs))}`
  const ended: TextOf = (span) => `ended at ${since(startAfterNs(span, originUs) + span.durationNs)}`
  const a = selected(expr.a, settings, explain, ended)
  const b = selected(expr.b, settings, explain, began)
  const note = `before: ${a.note}; after: ${b.note}`
  return { note, spans: [...(a.spans ?? []), ...(b.spans ?? [])] }
}

function verdictNote(expr: Extract<Expr, { op: 'verdict_of' }>, { compiler, context }: ExplainSettings): string {
  const verdict = compiler.verdictOf(expr.evalId)(context)
  return verdict === 'none' ? `${expr.evalId} has nothing in its scope here` : `${expr.evalId} is ${verdict} here`
}

function spansOfKind({ subject }: SpanSelector, { context }: ExplainSettings): readonly ProjectedSpan[] {
  const kind = kindOf(subject)
  return (context.trace?.spans ?? []).filter((span) => kind === null || span.kind === kind)
}

/** Sets the span at hand for as long as `work` takes. */
function within<T>(
  span: ProjectedSpan,
  { subject }: SpanSelector,
  settings: ExplainSettings,
  work: (inner: ExplainSettings) => T,
): T {
  const { context } = settings
  const outer = context.span
  context.span = span
  try {
    return work({ ...settings, compiler: settings.compiler.over(subject) })
  } finally {
    context.span = outer
  }
}

function spanNode(
  span: ProjectedSpan,
  { subject }: SpanSelector,
  text: string | null,
  taken: boolean,
  tree: TreeNode | null,
): SpanNode {
  return { spanId: span.spanId, subject, name: span.toolName ?? span.name, text, taken, tree }
}
