/** Reads the arguments of `metric:` of a subject. */
import type { MetricArg, MetricPlan } from '../../dsl/plan.ts'
import { isSpanSubject } from '../../dsl/schema.ts'
import type { Reason } from '../model/result.ts'
import type { Compiler } from './compiler.ts'
import { type Context, spanAtHand, type TruthFn, traceAround } from './context.ts'
import { kindOf } from './subject.ts'
import { byStart } from './trace-view.ts'

export type MetricArgs = MetricPlan['args']

export interface KnownDocument {
  readonly id: string | undefined
  readonly text: string
}

export type Missing = { why: Reason }
export type ReadTexts = (context: Context) => readonly string[] | Missing
export type ReadDocuments = (context: Context) => readonly KnownDocument[] | Missing

/** The values of these text arguments, in their order; why, for the first that is missing. */
export function textArgs(args: MetricArgs, names: readonly string[], compiler: Compiler): ReadTexts {
  const readers = names.map((name) => {
    const arg = args[name]
    if (arg?.kind !== 'expr') throw mismatch(name)
    return compiler.value(arg.expr)
  })
  return (context) => {
    const found: string[] = []
    for (const read of readers) {
      const value = read(context)
      if (typeof value !== 'string') return { why: context.why }
      found.push(value)
    }
    return found
  }
}

/** What is true or not of the trace at hand. */
export function truthArg(args: MetricArgs, name: string, compiler: Compiler): TruthFn {
  const arg = args[name]
  if (arg?.kind !== 'expr') throw mismatch(name)
  return compiler.truth(arg.expr)
}

/** Of the span at hand, or of all retrievals of the trace. A trace that searched for nothing has none, and so do documents without their text. */
export function documentsArg(args: MetricArgs, name: string): ReadDocuments {
  const arg = args[name]
  if (arg?.kind !== 'documents') throw mismatch(name)
  const { path } = arg
  const [head = ''] = path.split('.')
  const kind = path !== 'documents' && isSpanSubject(head) ? kindOf(head) : undefined
  return (context) => {
    const trace = kind === undefined ? null : traceAround(context)
    if (trace?.cut === true) return { why: CUT }
    const spans =
      trace === null ? [spanAtHand(context)] : trace.spans.filter((span) => span.kind === kind).sort(byStart)
    const found: KnownDocument[] = []
    for (const { documents } of spans) {
      if (documents === undefined) return { why: { code: 'not_captured', field: path } }
      for (const { id, text } of documents) {
        if (text === undefined) return { why: { code: 'not_captured', field: `${path}.text` } }
        found.push({ id, text })
      }
    }
    return spans.length === 0 ? { why: { code: 'not_captured', field: path } } : found
  }
}

/** A trace of which not all spans are known. */
export const CUT: Reason = { code: 'truncated', field: 'trace' }

export function isMissing<T extends object>(found: T | Missing): found is Missing {
  return 'why' in found
}

export function numberArg(args: MetricArgs, name: string): number {
  const value = literalOf(args[name])
  if (typeof value !== 'number') throw mismatch(name)
  return value
}

export function wordArg(args: MetricArgs, name: string): string {
  const value = literalOf(args[name])
  if (typeof value !== 'string') throw mismatch(name)
  return value
}

export function wordsArg(args: MetricArgs, name: string): readonly string[] {
  const arg = args[name]
  if (arg?.kind !== 'texts') throw mismatch(name)
  return arg.values
}

function literalOf(arg: MetricArg | undefined) {
  return arg?.kind === 'value' ? arg.value : undefined
}

function mismatch(name: string): Error {
  return new RangeError(`the metric's argument ${name} is of another kind`)
}
