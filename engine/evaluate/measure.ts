/** Metrics that are worked out without a judge: from a subject to its score. */
import { findMetric } from '../../dsl/metrics.ts'
import type { MetricArg, MetricPlan, OfflineMethod } from '../../dsl/plan.ts'
import { isSpanSubject } from '../../dsl/schema.ts'
import { bm25 } from '../metrics/bm25.ts'
import { lexicalOverlap } from '../metrics/lexical-overlap.ts'
import { loopDetection } from '../metrics/loop-detection.ts'
import { stepEfficiency } from '../metrics/step-efficiency.ts'
import { type TrajectoryMatch, trajectoryMatch } from '../metrics/trajectory-match.ts'
import type { Reason } from '../model/result.ts'
import type { Compiler } from './compiler.ts'
import { type Context, spanAtHand, traceAround } from './context.ts'
import { readTraceField } from './fields.ts'
import { callSignature } from './order.ts'
import { kindOf, type ProjectedSpan } from './subject.ts'
import { byStart } from './trace-view.ts'

/** The explanation names tools and numbers, and nothing of the subject's texts. */
export type Measured = { kind: 'score'; score: number; explanation?: string } | { kind: 'none'; why: Reason }

type MeasureFn = (context: Context) => Measured

/** Null for a metric that asks a judge. The context has the subject: its trace, and the span where it is one. Throws on a plan that the checker would not have let through. */
export function compileMeasure(metric: MetricPlan, compiler: Compiler): MeasureFn | null {
  if (!asksNoJudge(metric)) return null
  const compile = MEASURES[metric.name]
  if (compile === undefined) throw new RangeError(`there is no metric ${metric.name}`)
  return compile(metric.args, compiler)
}

type Args = MetricPlan['args']

const MEASURES: Readonly<Record<string, (args: Args, compiler: Compiler) => MeasureFn>> = {
  k_precision: (args, compiler) => {
    const [answer, context] = [text(args, 'answer', compiler), documents(args, 'context')]
    return withTexts([answer], (at, [given = '']) =>
      withDocuments(context, at, (texts) => overlap(lexicalOverlap({ answer: given, context: texts }).kPrecision)),
    )
  },
  bm25: (args, compiler) => {
    const [query, docs] = [text(args, 'query', compiler), documents(args, 'documents')]
    return withTexts([query], (at, [asked = '']) =>
      withDocuments(docs, at, (texts) => score(Math.max(0, ...bm25({ query: asked, docs: texts })))),
    )
  },
  token_f1: (args, compiler) =>
    withTexts([text(args, 'answer', compiler), text(args, 'reference', compiler)], (_, [answer = '', reference = '']) =>
      overlap(lexicalOverlap({ answer, reference }).tokenF1),
    ),
  rouge_l: (args, compiler) =>
    withTexts([text(args, 'answer', compiler), text(args, 'reference', compiler)], (_, [answer = '', reference = '']) =>
      overlap(lexicalOverlap({ answer, reference }).rougeLF1),
    ),
  loops: (args) => {
    const maxPeriod = number(args, 'max_period')
    return overCalls((calls) => {
      const signatures = calls.map(callSignature)
      if (!isComplete(signatures)) return none({ code: 'not_captured', field: 'tool_call.arguments.text' })
      const loop = loopDetection({ signatures, minRepeats: 2, maxPeriod })
      if (loop === null) return score(1)
      const turn = calls
        .slice(loop.start, loop.start + loop.period)
        .map(nameOf)
        .join(', ')
      return score(loop.repeats, `${loop.repeats} times from call ${loop.start + 1} on: ${turn}`)
    })
  },
  trajectory_match: (args) => {
    const expected = texts(args, 'expected')
    const take = TAKEN[word(args, 'take')]
    if (take === undefined) throw new RangeError('no such number of trajectory_match')
    return overCalls((calls) => {
      const actual = calls.map(nameOf)
      const called = actual.length === 0 ? 'no tool was called' : `called: ${actual.join(', ')}`
      return score(take(trajectoryMatch({ expected, actual })), called)
    })
  },
  step_efficiency: (args) => {
    const reference = number(args, 'reference')
    return overCalls((calls, context) => {
      const success = readTraceField('status')(traceAround(context)) !== 'error'
      const said = `${calls.length} calls of tools${success ? '' : ', and the trace ended in an error'}`
      return score(stepEfficiency({ reference, actual: calls.length, success }), said)
    })
  },
  error_recovery: () =>
    overCalls((calls) => {
      // By name: whether its latest call failed, of those that failed at all.
      const lastFailed = new Map<string, boolean>()
      for (const call of calls) {
        const failed = call.status === 'error'
        if (failed || lastFailed.has(nameOf(call))) lastFailed.set(nameOf(call), failed)
      }
      if (lastFailed.size === 0) return none({ code: 'nothing_to_measure', detail: 'no call of a tool failed' })
      const stuck = [...lastFailed].flatMap(([name, failed]) => (failed ? [name] : []))
      const recovered = lastFailed.size - stuck.length
      const said = stuck.length === 0 ? 'all recovered' : `did not recover: ${stuck.join(', ')}`
      return score(recovered / lastFailed.size, said)
    }),
}

const TAKEN: Readonly<Record<string, (match: TrajectoryMatch) => number>> = {
  f1: ({ f1 }) => f1,
  exact: ({ exact }) => Number(exact),
  precision: ({ precision }) => precision,
  recall: ({ recall }) => recall,
  order: ({ lcsRecall }) => lcsRecall,
  edit_similarity: ({ editSimilarity }) => editSimilarity,
}

function score(value: number, explanation?: string): Measured {
  return { kind: 'score', score: value, ...(explanation !== undefined && { explanation }) }
}

function none(why: Reason): Measured {
  return { kind: 'none', why }
}

function overlap(value: number | null): Measured {
  return value === null ? none({ code: 'nothing_to_measure', detail: 'the answer has no words' }) : score(value)
}

type TextFn = (context: Context) => { text: string } | { why: Reason }

function text(args: Args, name: string, compiler: Compiler): TextFn {
  const arg = args[name]
  if (arg?.kind !== 'expr') throw mismatch(name)
  const read = compiler.value(arg.expr)
  return (context) => {
    const value = read(context)
    return typeof value === 'string' ? { text: value } : { why: context.why }
  }
}

function withTexts(
  read: readonly TextFn[],
  measure: (context: Context, texts: readonly string[]) => Measured,
): MeasureFn {
  return (context) => {
    const found: string[] = []
    for (const one of read) {
      const outcome = one(context)
      if ('why' in outcome) return none(outcome.why)
      found.push(outcome.text)
    }
    return measure(context, found)
  }
}

type DocumentsFn = (context: Context) => { texts: readonly string[] } | { why: Reason }

/** Of the span at hand, or of all retrievals of the trace. A trace that searched for nothing has none, and so do documents without their text. */
function documents(args: Args, name: string): DocumentsFn {
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
    const found = spans.map((span) => span.documents)
    if (found.length === 0 || !isComplete(found)) return { why: { code: 'not_captured', field: path } }
    const known = found.flat().map((document) => document.text)
    return isComplete(known) ? { texts: known } : { why: { code: 'not_captured', field: `${path}.text` } }
  }
}

function withDocuments(read: DocumentsFn, context: Context, measure: (texts: readonly string[]) => Measured): Measured {
  const found = read(context)
  return 'why' in found ? none(found.why) : measure(found.texts)
}

/** Of the trace's tool calls, in order. */
function overCalls(measure: (calls: readonly ProjectedSpan[], context: Context) => Measured): MeasureFn {
  return (context) => {
    const { spans, cut } = traceAround(context)
    return cut ? none(CUT) : measure(spans.filter(({ kind }) => kind === 'tool').sort(byStart), context)
  }
}

const CUT: Reason = { code: 'truncated', field: 'trace' }

function nameOf(call: ProjectedSpan): string {
  return call.toolName ?? call.name
}

function number(args: Args, name: string): number {
  const value = literalOf(args[name])
  if (typeof value !== 'number') throw mismatch(name)
  return value
}

function word(args: Args, name: string): string {
  const value = literalOf(args[name])
  if (typeof value !== 'string') throw mismatch(name)
  return value
}

function texts(args: Args, name: string): readonly string[] {
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

function isComplete<T>(values: readonly (T | undefined)[]): values is readonly T[] {
  return !values.includes(undefined)
}

/** Whether the eval's score needs no judge. */
export function isMeasured({ method }: { method: OfflineMethod }): boolean {
  return method.kind === 'metric' && asksNoJudge(method.metric)
}

function asksNoJudge({ name }: MetricPlan): boolean {
  return findMetric(name)?.judgeCalls === 0
}
