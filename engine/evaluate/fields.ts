/** The language's fields, and where they are found on a span and on a trace. */
import type { RetrievedDocument } from '../model/span.ts'
import type { OptionalField, ProjectedSpan, TraceView } from './subject.ts'

/** A value of the language at run time; units as in `dsl/plan.ts`. */
export type Value = string | number | boolean | readonly Value[] | readonly RetrievedDocument[]

export interface SpanField {
  readonly read: (span: ProjectedSpan) => Value | undefined
  /** What of a span has to be kept for it. */
  readonly needs: readonly OptionalField[]
}

const FIELDS: Readonly<Record<string, SpanField>> = {
  duration: { read: (s) => s.durationNs, needs: [] },
  start: { read: (s) => s.startTimeUs, needs: [] },
  status: { read: (s) => s.status, needs: [] },
  error: { read: (s) => s.errorMessage, needs: ['errorMessage'] },
  // OpenTelemetry names a tool's span `execute_tool issue_refund`: the tool's own name is what rules mean.
  name: { read: (s) => s.toolName ?? s.name, needs: ['toolName'] },
  kind: { read: (s) => s.kind, needs: [] },
  'agent.name': { read: (s) => s.agentName, needs: [] },
  'agent.version': { read: (s) => s.agentVersion, needs: [] },
  env: { read: (s) => s.env, needs: [] },
  'session.id': { read: (s) => s.sessionId, needs: ['sessionId'] },
  'user.id': { read: (s) => s.userId, needs: ['userId'] },
  'input.text': { read: (s) => s.inputText, needs: ['inputText'] },
  'output.text': { read: (s) => s.outputText, needs: ['outputText'] },
  model: { read: (s) => s.model, needs: ['model'] },
  provider: { read: (s) => s.provider, needs: ['provider'] },
  'tokens.input': { read: (s) => s.tokensInput, needs: ['tokensInput'] },
  'tokens.output': { read: (s) => s.tokensOutput, needs: ['tokensOutput'] },
  'tokens.total': { read: (s) => s.tokensTotal, needs: ['tokensTotal'] },
  'tokens.cached_input': { read: (s) => s.tokensCachedInput, needs: ['tokensCachedInput'] },
  'tokens.reasoning': { read: (s) => s.tokensReasoning, needs: ['tokensReasoning'] },
  cost: { read: (s) => s.costMicroUsd, needs: ['costMicroUsd'] },
  time_to_first_token: {
    read: (s) => (s.timeToFirstTokenMs === undefined ? undefined : Math.round(s.timeToFirstTokenMs * 1e6)),
    needs: ['timeToFirstTokenMs'],
  },
  finish_reason: { read: (s) => s.finishReason, needs: ['finishReason'] },
  'arguments.text': { read: (s) => s.toolArguments, needs: ['toolArguments'] },
  'result.text': { read: (s) => s.toolResult, needs: ['toolResult'] },
  call_id: { read: (s) => s.toolCallId, needs: ['toolCallId'] },
  'query.text': { read: (s) => s.retrievalQuery, needs: ['retrievalQuery'] },
  documents: { read: (s) => s.documents, needs: ['documents'] },
  'documents.text': { read: (s) => textOfDocuments(s.documents), needs: ['documents'] },
}

/** Nothing found is an empty text; documents of which only ids were sent have none. */
function textOfDocuments(documents: readonly RetrievedDocument[] | undefined): string | undefined {
  const texts = documents?.flatMap(({ text }) => (text === undefined ? [] : [text]))
  return texts?.length === 0 && documents?.length !== 0 ? undefined : texts?.join('\n\n')
}

export function hasField(path: string): boolean {
  return Object.hasOwn(FIELDS, path)
}

/** Throws on a path that the schema does not have: the checker refuses those before a plan exists. */
export function spanField(path: string): SpanField {
  const field = hasField(path) ? FIELDS[path] : undefined
  if (field === undefined) throw new RangeError(`no field ${path} in the schema of the engine`)
  return field
}

/** A field of the trace itself; other than its times and its root's status, what the root lacks its agent span answers. */
export function readTraceField(path: string): (trace: TraceView) => Value | undefined {
  if (path === 'duration') return (trace) => trace.durationNs
  if (path === 'start') return (trace) => trace.startTimeUs
  const { read } = spanField(path)
  if (path === 'status' || path === 'name' || path === 'error') return (trace) => read(trace.root)
  return (trace) => read(trace.root) ?? read(trace.agent)
}
