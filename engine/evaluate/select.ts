/** The spans of a trace that an aggregate looks at. */
import type { SpanSelector } from '../../dsl/plan.ts'
import type { Reason } from '../model/result.ts'
import type { Compiler } from './compiler.ts'
import { type Context, traceAround } from './context.ts'
import { kindOf, type ProjectedSpan } from './subject.ts'
import { isError, stronger, TRUE, UNKNOWN } from './truth.ts'

export type SelectFn = (context: Context) => readonly ProjectedSpan[]

const CUT: Reason = { code: 'truncated', field: 'trace' }

/**
 * The spans of the subject's kind that are known to satisfy `where`. `context.selectionWhy` then says whether others may be
 * lacking: a cut trace, an error in `where`, and, unless `count` asks, one that is unknown: `count` is total, and leaves out
 * what is not known to belong.
 */
export function compileSelector(
  selector: SpanSelector,
  compiler: Compiler,
  total: 'total' | 'open' = 'open',
): SelectFn {
  const kind = kindOf(selector.subject)
  const where = selector.where === null ? null : compiler.over(selector.subject).truth(selector.where)
  return (context) => {
    const { spans, cut } = traceAround(context)
    const outer = context.span
    const selected: ProjectedSpan[] = []
    let lacking = cut ? CUT : undefined
    for (let i = 0; i < spans.length; i++) {
      const span = spans[i]!
      if (kind !== null && span.kind !== kind) continue
      if (where !== null) {
        context.span = span
        const truth = where(context)
        if (truth === UNKNOWN && (total === 'open' || isError(context.why))) {
          lacking = lacking === undefined ? context.why : stronger(lacking, context.why)
        }
        if (truth !== TRUE) continue
      }
      selected.push(span)
    }
    context.span = outer
    context.selectionWhy = lacking
    return selected
  }
}
