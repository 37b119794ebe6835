/** What expressions are evaluated on: spans with as much of them as is needed, and the trace around them. */
import type { Subject } from '../../dsl/plan.ts'
import type { Span, SpanKind } from '../model/span.ts'

/** Kept of every span until its trace settles. */
type CoreField =
  | 'tenant'
  | 'traceId'
  | 'spanId'
  | 'parentSpanId'
  | 'kind'
  | 'name'
  | 'startTimeUs'
  | 'startTimeSubUs'
  | 'durationNs'
  | 'status'
  | 'agentName'
  | 'agentVersion'
  | 'env'

/** Kept when an eval that waits for the trace reads them. */
export type OptionalField =
  | 'sessionId'
  | 'userId'
  | 'provider'
  | 'model'
  | 'inputText'
  | 'outputText'
  | 'tokensInput'
  | 'tokensOutput'
  | 'tokensTotal'
  | 'tokensCachedInput'
  | 'tokensReasoning'
  | 'costMicroUsd'
  | 'toolName'
  | 'toolCallId'
  | 'toolArguments'
  | 'toolResult'
  | 'retrievalQuery'
  | 'documents'
  | 'finishReason'
  | 'timeToFirstTokenMs'
  | 'errorMessage'
  | 'attributes'
  | 'resource'

/** A span, or what was kept of one: evaluating either is the same code. */
export type ProjectedSpan = Pick<Span, CoreField> & Partial<Pick<Span, OptionalField>>

export interface TraceView {
  readonly tenant: string
  readonly traceId: string
  readonly spans: readonly ProjectedSpan[]
  /** The span without parent; else the first agent span; else the first by start. */
  readonly root: ProjectedSpan
  /** Answers for fields that the root lacks: the first agent span, or the root itself. */
  readonly agent: ProjectedSpan
  /** Earliest start. */
  readonly startTimeUs: number
  /** Latest end minus earliest start. */
  readonly durationNs: number
  /** Spans over the cap were left out, or more are to come: what depends on all of them is truncated. */
  readonly cut: boolean
}

const KIND_OF: Readonly<Record<Exclude<Subject, 'trace' | 'session'>, SpanKind | null>> = {
  agent_run: 'agent',
  llm_call: 'llm',
  tool_call: 'tool',
  retrieval: 'retriever',
  embedding: 'embedding',
  guardrail: 'guardrail',
  span: null,
}

/** The kind of span that a subject stands for; null for `span`, which is any. */
export function kindOf(subject: Exclude<Subject, 'trace' | 'session'>): SpanKind | null {
  return KIND_OF[subject]
}

/** Nanoseconds from `originUs` to the span's start: exact, because it subtracts before it multiplies. */
export function startAfterNs(span: ProjectedSpan, originUs: number): number {
  return (span.startTimeUs - originUs) * 1000 + span.startTimeSubUs
}
