/**
 * A span of the trace model as OTLP/JSON, in OpenTelemetry's GenAI convention (OpenInference's for a guardrail and what is no subject): for
 * senders who speak the model itself. What the normaliser makes of it is the same span.
 */
import type { Attributes, AttributeValue, Message, Span, SpanKind } from '../model/span.ts'

/** One ExportTraceServiceRequest of `resourceSpans`; each span under its own resource. */
export function spansToOtlpJson(spans: readonly Span[]): object {
  return { resourceSpans: spans.map(resourceSpansOf) }
}

type Pairs = [key: string, value: AttributeValue | undefined][]

function resourceSpansOf(span: Span): object {
  const resource = new Map(span.resource)
  if (span.env !== undefined) resource.set('deployment.environment.name', span.env)
  return {
    resource: { attributes: attributesOf([...resource]) },
    scopeSpans: [{ scope: { name: span.scopeName ?? '', version: span.scopeVersion ?? '' }, spans: [spanOf(span)] }],
  }
}

const STATUS_CODE = { unset: 0, ok: 1, error: 2 } as const

function spanOf(span: Span): object {
  const startNs = BigInt(span.startTimeUs) * 1000n + BigInt(span.startTimeSubUs)
  const endNs = startNs + BigInt(span.durationNs)
  const code = STATUS_CODE[span.status]
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? '',
    name: span.name,
    // A span of no length at the epoch would be one without times.
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(endNs),
    status: { code, message: span.statusMessage ?? '' },
    attributes: attributesOf([...span.attributes, ...fieldsOf(span)]),
    events: [...span.events.map(eventOf), ...exceptionOf(span, endNs)],
    links: span.links.map(({ traceId, spanId, attributes }) => ({
      traceId,
      spanId,
      attributes: attributesOf([...attributes]),
    })),
  }
}

const eventOf = ({ name, timeUs, attributes }: Span['events'][number]): object => ({
  name,
  timeUnixNano: String(BigInt(timeUs) * 1000n),
  attributes: attributesOf([...attributes]),
})

/** The message of an error that no event tells of. */
function exceptionOf({ errorMessage, statusMessage, status, events }: Span, endNs: bigint): object[] {
  if (errorMessage === undefined || events.some(({ name }) => name === 'exception')) return []
  if (status === 'error' && statusMessage === errorMessage) return []
  const attributes = attributesOf([['exception.message', errorMessage]])
  return [{ name: 'exception', timeUnixNano: String(endNs), attributes }]
}

/** Of the kinds that GenAI names. */
const OPERATION_OF: Readonly<Partial<Record<SpanKind, string>>> = {
  llm: 'chat',
  embedding: 'embeddings',
  tool: 'execute_tool',
  retriever: 'retrieval',
  agent: 'invoke_agent',
  chain: 'invoke_workflow',
}

const OPENINFERENCE_KIND_OF: Readonly<Partial<Record<SpanKind, string>>> = { guardrail: 'GUARDRAIL', other: 'UNKNOWN' }

function fieldsOf(span: Span): Pairs {
  const { kind } = span
  return [
    ['gen_ai.operation.name', OPERATION_OF[kind]],
    ['openinference.span.kind', OPENINFERENCE_KIND_OF[kind]],
    ['gen_ai.agent.name', span.agentName],
    ['gen_ai.agent.version', span.agentVersion],
    ['gen_ai.conversation.id', span.sessionId],
    ['user.id', span.userId],
    ['gen_ai.provider.name', span.provider],
    ['gen_ai.request.model', span.model],
    ...contentOf(span),
    ['gen_ai.usage.input_tokens', span.tokensInput],
    ['gen_ai.usage.output_tokens', span.tokensOutput],
    ['gen_ai.usage.total_tokens', span.tokensTotal],
    ['gen_ai.usage.cache_read.input_tokens', span.tokensCachedInput],
    ['gen_ai.usage.reasoning.output_tokens', span.tokensReasoning],
    ['gen_ai.usage.cost', span.costMicroUsd === undefined ? undefined : span.costMicroUsd / 1e6],
    ['gen_ai.tool.name', span.toolName],
    ['gen_ai.tool.call.id', span.toolCallId],
    ['gen_ai.tool.call.arguments', span.toolArguments],
    ['gen_ai.tool.call.result', span.toolResult],
    ['gen_ai.retrieval.query.text', span.retrievalQuery],
    ['gen_ai.retrieval.documents', documentsOf(span)],
    ['gen_ai.response.finish_reasons', span.finishReason === undefined ? undefined : [span.finishReason]],
    [
      'gen_ai.response.time_to_first_chunk',
      span.timeToFirstTokenMs === undefined ? undefined : span.timeToFirstTokenMs / 1000,
    ],
  ]
}

function contentOf({ kind, inputText, inputMessages, outputText, outputMessages }: Span): Pairs {
  // These have one text each way, and no conversation.
  if (kind === 'embedding' || OPENINFERENCE_KIND_OF[kind] !== undefined) {
    return [
      ['input.value', inputText],
      ['output.value', outputText],
    ]
  }
  return [
    ['gen_ai.input.messages', messagesText(inputMessages, 'user', inputText)],
    ['gen_ai.output.messages', messagesText(outputMessages, 'assistant', outputText)],
  ]
}

function messagesText(
  messages: readonly Message[] | undefined,
  role: string,
  text: string | undefined,
): string | undefined {
  const all =
    messages ?? (text === undefined ? undefined : [{ role, parts: [{ type: 'text', content: text }] } as Message])
  if (all === undefined) return undefined
  return JSON.stringify(
    all.map(({ role, parts, finishReason }) => ({
      role,
      parts: parts.map((part) => (part.type === 'other' ? part.value : part)),
      ...(finishReason !== undefined && { finish_reason: finishReason }),
    })),
  )
}

function documentsOf({ documents }: Span): string | undefined {
  return documents === undefined
    ? undefined
    : JSON.stringify(documents.map(({ id, text, score }) => ({ id, content: text, score })))
}

function attributesOf(pairs: Pairs): object[] {
  return pairs.flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: anyValueOf(value) }]))
}

/** https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
function anyValueOf(value: AttributeValue): object {
  if (value === null) return {}
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint') return { intValue: String(value) }
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { intValue: value } : { doubleValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValueOf) } }
  if (value instanceof Map) return { kvlistValue: { values: attributesOf([...(value as Attributes)]) } }
  return { bytesValue: (value as { bytes: string }).bytes }
}
