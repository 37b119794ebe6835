/** One place that writes a span's properties, so that every span in the process has the same hidden class. */
import type { Attributes, Span } from './span.ts'

const NO_ATTRIBUTES: Attributes = new Map()

/** What may be left out; an explicit `undefined` is the same as leaving out. */
export type SpanFields = { [K in keyof Span]?: Span[K] | undefined }

/**
 * A span with every property initialised, in one fixed order; what `partial` leaves out is absent (`undefined`), and the
 * few that can't be absent get neutral values (kind `other`, status `unset`, empty ids and name, time 0).
 */
export function makeSpan(partial: SpanFields = {}): Span {
  return {
    tenant: partial.tenant ?? 'default',
    traceId: partial.traceId ?? '',
    spanId: partial.spanId ?? '',
    parentSpanId: partial.parentSpanId,
    kind: partial.kind ?? 'other',
    name: partial.name ?? '',
    startTimeUs: partial.startTimeUs ?? 0,
    startTimeSubUs: partial.startTimeSubUs ?? 0,
    durationNs: partial.durationNs ?? 0,
    status: partial.status ?? 'unset',
    statusMessage: partial.statusMessage,
    agentName: partial.agentName,
    agentVersion: partial.agentVersion,
    env: partial.env,
    sessionId: partial.sessionId,
    userId: partial.userId,
    provider: partial.provider,
    model: partial.model,
    inputText: partial.inputText,
    inputMessages: partial.inputMessages,
    outputText: partial.outputText,
    outputMessages: partial.outputMessages,
    tokensInput: partial.tokensInput,
    tokensOutput: partial.tokensOutput,
    tokensTotal: partial.tokensTotal,
    tokensCachedInput: partial.tokensCachedInput,
    tokensReasoning: partial.tokensReasoning,
    costMicroUsd: partial.costMicroUsd,
    costSource: partial.costSource,
    toolName: partial.toolName,
    toolCallId: partial.toolCallId,
    toolArguments: partial.toolArguments,
    toolResult: partial.toolResult,
    retrievalQuery: partial.retrievalQuery,
    documents: partial.documents,
    finishReason: partial.finishReason,
    timeToFirstTokenMs: partial.timeToFirstTokenMs,
    errorMessage: partial.errorMessage,
    convention: partial.convention ?? 'none',
    attributes: partial.attributes ?? NO_ATTRIBUTES,
    resource: partial.resource ?? NO_ATTRIBUTES,
    scopeName: partial.scopeName,
    scopeVersion: partial.scopeVersion,
    events: partial.events ?? [],
    links: partial.links ?? [],
  }
}
