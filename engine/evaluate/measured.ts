/** What a metric without a judge comes to, and what such metrics are made of. */
import type { Judgement, Reason } from '../model/result.ts'
import { type Context, traceAround } from './context.ts'
import { CUT } from './metric-args.ts'
import type { ProjectedSpan } from './subject.ts'
import { byStart } from './trace-view.ts'

interface Steps {
  /** Names tools, agents and numbers, and nothing of the subject's texts. */
  explanation?: string
  judgements?: readonly Judgement[]
}

export type Measured = ({ kind: 'score'; score: number } | { kind: 'none'; why: Reason }) & Steps

export type MeasureFn = (context: Context) => Measured

export function score(value: number, explanation?: string, judgements: readonly Judgement[] = []): Measured {
  return { kind: 'score', score: value, ...stepsOf(explanation, judgements) }
}

export function none(why: Reason, judgements: readonly Judgement[] = []): Measured {
  return { kind: 'none', why, ...stepsOf(undefined, judgements) }
}

function stepsOf(explanation: string | undefined, judgements: readonly Judgement[]): Steps {
  return { ...(explanation !== undefined && { explanation }), ...(judgements.length > 0 && { judgements }) }
}

/** Of the trace's tool calls, in order. */
export function overCalls(measure: (calls: readonly ProjectedSpan[], context: Context) => Measured): MeasureFn {
  return (context) => {
    const { spans, cut } = traceAround(context)
    return cut ? none(CUT) : measure(spans.filter(({ kind }) => kind === 'tool').sort(byStart), context)
  }
}

/** The tool that a call names. */
export function nameOf(call: ProjectedSpan): string {
  return call.toolName ?? call.name
}
