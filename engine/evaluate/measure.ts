/** Metrics that are worked out without a judge: from a subject to its score. */
import { findMetric } from '../../dsl/metrics.ts'
import type { MetricPlan, OfflineMethod } from '../../dsl/plan.ts'
import { bm25 } from '../metrics/bm25.ts'
import { lexicalOverlap } from '../metrics/lexical-overlap.ts'
import { loopDetection } from '../metrics/loop-detection.ts'
import { stepEfficiency } from '../metrics/step-efficiency.ts'
import { type TrajectoryMatch, trajectoryMatch } from '../metrics/trajectory-match.ts'
import type { Judgement } from '../model/result.ts'
import type { Compiler } from './compiler.ts'
import { traceAround } from './context.ts'
import { readTraceField } from './fields.ts'
import { AGENT_MEASURES } from './measure-agents.ts'
import { type Measured, type MeasureFn, nameOf, none, overCalls, score } from './measured.ts'
import {
  documentsArg,
  isMissing,
  type KnownDocument,
  type MetricArgs,
  numberArg,
  type ReadTexts,
  textArgs,
  wordArg,
  wordsArg,
} from './metric-args.ts'
import { callSignature } from './order.ts'
import { measureTraces } from './over-traces.ts'
import { tracesIn } from './session-view.ts'

/** Null for a metric that asks a judge. The context has the subject: its trace, and the span where it is one. Throws on a plan that the checker would not have let through. */
export function compileMeasure(metric: MetricPlan, compiler: Compiler, ofSession = false): MeasureFn | null {
  if (!asksNoJudge(metric)) return null
  const compile = MEASURES[metric.name] ?? AGENT_MEASURES[metric.name]
  if (compile === undefined) throw new RangeError(`there is no metric ${metric.name}`)
  const measure = compile(metric.args, compiler)
  return ofSession && findMetric(metric.name)?.meanOverTraces === true ? measureTraces(measure) : measure
}

const MEASURES: Readonly<Record<string, (args: MetricArgs, compiler: Compiler) => MeasureFn>> = {
  k_precision: (args, compiler) =>
    withDocuments(args, 'context', textArgs(args, ['answer'], compiler), ([answer = ''], context) =>
      overlap(lexicalOverlap({ answer, context: context.map(({ text }) => text) }).kPrecision),
    ),
  bm25: (args, compiler) =>
    withDocuments(args, 'documents', textArgs(args, ['query'], compiler), ([query = ''], documents) => {
      const scores = bm25({ query, docs: documents.map(({ text }) => text) })
      const judgements = scores.map((value, i): Judgement => {
        const about = documents[i]?.id ?? `${i + 1}`
        return { kind: 'document', about, verdict: `score ${Number(value.toPrecision(3))}`, value }
      })
      return score(Math.max(0, ...scores), undefined, judgements)
    }),
  token_f1: (args, compiler) =>
    withTexts(textArgs(args, ['answer', 'reference'], compiler), ([answer = '', reference = '']) =>
      overlap(lexicalOverlap({ answer, reference }).tokenF1),
    ),
  rouge_l: (args, compiler) =>
    withTexts(textArgs(args, ['answer', 'reference'], compiler), ([answer = '', reference = '']) =>
      overlap(lexicalOverlap({ answer, reference }).rougeLF1),
    ),
  loops: (args) => {
    const maxPeriod = numberArg(args, 'max_period')
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
    const expected = wordsArg(args, 'expected')
    const take = TAKEN[wordArg(args, 'take')]
    if (take === undefined) throw new RangeError('no such number of trajectory_match')
    return overCalls((calls) => {
      const actual = calls.map(nameOf)
      const called = actual.length === 0 ? 'no tool was called' : `called: ${actual.join(', ')}`
      return score(take(trajectoryMatch({ expected, actual })), called)
    })
  },
  step_efficiency: (args) => {
    const reference = numberArg(args, 'reference')
    return overCalls((calls, context) => {
      // Of a session, as its last trace ended.
      const last = tracesIn(traceAround(context)).at(-1)
      const success = last === undefined || readTraceField('status')(last) !== 'error'
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

function overlap(value: number | null): Measured {
  return value === null ? none({ code: 'nothing_to_measure', detail: 'the answer has no words' }) : score(value)
}

function withTexts(read: ReadTexts, measure: (texts: readonly string[]) => Measured): MeasureFn {
  return (context) => {
    const found = read(context)
    return isMissing(found) ? none(found.why) : measure(found)
  }
}

function withDocuments(
  args: MetricArgs,
  name: string,
  readTexts: ReadTexts,
  measure: (texts: readonly string[], documents: readonly KnownDocument[]) => Measured,
): MeasureFn {
  const readDocuments = documentsArg(args, name)
  return (context) => {
    const texts = readTexts(context)
    if (isMissing(texts)) return none(texts.why)
    const found = readDocuments(context)
    return isMissing(found) ? none(found.why) : measure(texts, found)
  }
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
