/** A batch of spans as a block in ClickHouse's Native format, in the columns of the table `spans`. */
import type { Span } from '../../engine/model/span.ts'
import { attributesToText, eventsToText, linksToText, sharedAttributesToText } from './attribute-json.ts'
import { type Column, encodeBlock, LOG_COLUMNS, type RowContext } from './encode-block.ts'
import { messagesToText } from './message-json.ts'

const NO_SPAN_ID = ''

/** Order and names are the table's; a column that a migration adds is added here at the same place. */
const COLUMNS: readonly Column<Span>[] = [
  ['tenant', (b, n) => b.lowCardinality(n, (s) => s.tenant)],
  ['trace_id', (b, n) => b.hex(n, 16, (s) => s.traceId)],
  ['span_id', (b, n) => b.hex(n, 8, (s) => s.spanId)],
  ['parent_span_id', (b, n) => b.hex(n, 8, (s) => s.parentSpanId ?? NO_SPAN_ID)],
  ['kind', (b, n) => b.lowCardinality(n, (s) => s.kind)],
  ['name', (b, n) => b.lowCardinality(n, (s) => s.name)],
  ['start_time', (b, n) => b.dateTime64(n, 6, (s) => s.startTimeUs)],
  ['start_time_sub_us', (b, n) => b.uint16(n, (s) => s.startTimeSubUs)],
  ['duration_ns', (b, n) => b.uint64(n, (s) => s.durationNs)],
  ['status', (b, n) => b.lowCardinality(n, (s) => s.status)],
  ['status_message', (b, n) => b.nullableString(n, (s) => s.statusMessage)],
  ['agent_name', (b, n) => b.lowCardinalityNullable(n, (s) => s.agentName)],
  ['agent_version', (b, n) => b.lowCardinalityNullable(n, (s) => s.agentVersion)],
  ['env', (b, n) => b.lowCardinalityNullable(n, (s) => s.env)],
  ['session_id', (b, n) => b.nullableString(n, (s) => s.sessionId)],
  ['user_id', (b, n) => b.nullableString(n, (s) => s.userId)],
  ['provider', (b, n) => b.lowCardinalityNullable(n, (s) => s.provider)],
  ['model', (b, n) => b.lowCardinalityNullable(n, (s) => s.model)],
  ['input_text', (b, n) => b.nullableString(n, (s) => s.inputText)],
  [
    'input_messages',
    (b, n) => b.nullableString(n, (s) => s.inputMessages && messagesToText(s.inputMessages, s.inputText)),
  ],
  ['output_text', (b, n) => b.nullableString(n, (s) => s.outputText)],
  [
    'output_messages',
    (b, n) => b.nullableString(n, (s) => s.outputMessages && messagesToText(s.outputMessages, s.outputText)),
  ],
  ['tokens_input', (b, n) => b.nullableUint64(n, (s) => s.tokensInput)],
  ['tokens_output', (b, n) => b.nullableUint64(n, (s) => s.tokensOutput)],
  ['tokens_total', (b, n) => b.nullableUint64(n, (s) => s.tokensTotal)],
  ['tokens_cached_input', (b, n) => b.nullableUint64(n, (s) => s.tokensCachedInput)],
  ['tokens_reasoning', (b, n) => b.nullableUint64(n, (s) => s.tokensReasoning)],
  ['cost_micro_usd', (b, n) => b.nullableFloat64(n, (s) => s.costMicroUsd)],
  ['cost_source', (b, n) => b.lowCardinalityNullable(n, (s) => s.costSource)],
  ['tool_name', (b, n) => b.lowCardinalityNullable(n, (s) => s.toolName)],
  ['tool_call_id', (b, n) => b.nullableString(n, (s) => s.toolCallId)],
  ['tool_arguments', (b, n) => b.nullableString(n, (s) => s.toolArguments)],
  ['tool_result', (b, n) => b.nullableString(n, (s) => s.toolResult)],
  ['retrieval_query', (b, n) => b.nullableString(n, (s) => s.retrievalQuery)],
  ['documents', (b, n) => b.nullableString(n, (s) => s.documents && JSON.stringify(s.documents))],
  ['finish_reason', (b, n) => b.lowCardinalityNullable(n, (s) => s.finishReason)],
  ['time_to_first_token_ms', (b, n) => b.nullableFloat64(n, (s) => s.timeToFirstTokenMs)],
  ['error_message', (b, n) => b.nullableString(n, (s) => s.errorMessage)],
  ['convention', (b, n) => b.lowCardinality(n, (s) => s.convention)],
  ['attributes', (b, n) => b.string(n, (s) => attributesToText(s.attributes))],
  ['resource', (b, n) => b.lowCardinality(n, (s) => sharedAttributesToText(s.resource))],
  ['scope_name', (b, n) => b.lowCardinalityNullable(n, (s) => s.scopeName)],
  ['scope_version', (b, n) => b.lowCardinalityNullable(n, (s) => s.scopeVersion)],
  ['events', (b, n) => b.string(n, (s) => eventsToText(s.events))],
  ['links', (b, n) => b.string(n, (s) => linksToText(s.links))],
  ['stored_at', (b, n, { storedAtMs }) => b.dateTime64(n, 3, () => storedAtMs)],
  ...LOG_COLUMNS,
]

export const SPAN_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name)

export function encodeSpanBlock(spans: readonly Span[], context: RowContext): Buffer {
  return encodeBlock(spans, COLUMNS, context)
}
