/** Rows of the table `spans` as they are selected, and the spans that they stand for. */
import { makeSpan } from '../../engine/model/make-span.ts'
import type { Span } from '../../engine/model/span.ts'
import { attributesFromText, eventsFromText, linksFromText } from './attribute-json.ts'
import { OWN_COLUMNS } from './encode-block.ts'
import { messagesFromText } from './message-json.ts'
import { SPAN_COLUMNS } from './span-columns.ts'

type Text = string | null
type Count = number | string | null

/** 64-bit integers come as numbers or as text, by the server's settings. */
export interface SpanRow {
  tenant: string
  trace_id_hex: string
  span_id_hex: string
  parent_span_id_hex: string
  kind: Span['kind']
  name: string
  start_time_us: number | string
  start_time_sub_us: number
  duration_ns: number | string
  status: Span['status']
  status_message: Text
  agent_name: Text
  agent_version: Text
  env: Text
  session_id: Text
  user_id: Text
  provider: Text
  model: Text
  input_text: Text
  input_messages: Text
  output_text: Text
  output_messages: Text
  tokens_input: Count
  tokens_output: Count
  tokens_total: Count
  tokens_cached_input: Count
  tokens_reasoning: Count
  cost_micro_usd: Count
  cost_source: 'span' | 'price_table' | null
  tool_name: Text
  tool_call_id: Text
  tool_arguments: Text
  tool_result: Text
  retrieval_query: Text
  documents: Text
  finish_reason: Text
  time_to_first_token_ms: Count
  error_message: Text
  convention: Span['convention']
  attributes: string
  resource: string
  scope_name: Text
  scope_version: Text
  events: string
  links: string
}

const SELECTED_AS: Readonly<Record<string, string>> = {
  trace_id: 'lower(hex(trace_id)) AS trace_id_hex',
  span_id: 'lower(hex(span_id)) AS span_id_hex',
  parent_span_id: 'lower(hex(parent_span_id)) AS parent_span_id_hex',
  start_time: 'toUnixTimestamp64Micro(start_time) AS start_time_us',
}

/** The select list whose rows are `SpanRow`. */
export const SPAN_SELECT = SPAN_COLUMNS.filter((name) => !OWN_COLUMNS.has(name))
  .map((name) => SELECTED_AS[name] ?? name)
  .join(', ')

const NO_PARENT = '0'.repeat(16)

export function spanFromRow(row: SpanRow): Span {
  const inputText = text(row.input_text)
  const outputText = text(row.output_text)
  return makeSpan({
    tenant: row.tenant,
    traceId: row.trace_id_hex,
    spanId: row.span_id_hex,
    parentSpanId: row.parent_span_id_hex === NO_PARENT ? undefined : row.parent_span_id_hex,
    kind: row.kind,
    name: row.name,
    startTimeUs: Number(row.start_time_us),
    startTimeSubUs: row.start_time_sub_us,
    durationNs: Number(row.duration_ns),
    status: row.status,
    statusMessage: text(row.status_message),
    agentName: text(row.agent_name),
    agentVersion: text(row.agent_version),
    env: text(row.env),
    sessionId: text(row.session_id),
    userId: text(row.user_id),
    provider: text(row.provider),
    model: text(row.model),
    inputText,
    inputMessages: row.input_messages === null ? undefined : messagesFromText(row.input_messages, inputText),
    outputText,
    outputMessages: row.output_messages === null ? undefined : messagesFromText(row.output_messages, outputText),
    tokensInput: number(row.tokens_input),
    tokensOutput: number(row.tokens_output),
    tokensTotal: number(row.tokens_total),
    tokensCachedInput: number(row.tokens_cached_input),
    tokensReasoning: number(row.tokens_reasoning),
    costMicroUsd: number(row.cost_micro_usd),
    costSource: row.cost_source ?? undefined,
    toolName: text(row.tool_name),
    toolCallId: text(row.tool_call_id),
    toolArguments: text(row.tool_arguments),
    toolResult: text(row.tool_result),
    retrievalQuery: text(row.retrieval_query),
    documents: row.documents === null ? undefined : documentsFromText(row.documents),
    finishReason: text(row.finish_reason),
    timeToFirstTokenMs: number(row.time_to_first_token_ms),
    errorMessage: text(row.error_message),
    convention: row.convention,
    attributes: attributesFromText(row.attributes),
    resource: attributesFromText(row.resource),
    scopeName: text(row.scope_name),
    scopeVersion: text(row.scope_version),
    events: eventsFromText(row.events),
    links: linksFromText(row.links),
  })
}

function text(value: Text): string | undefined {
  return value ?? undefined
}

function number(value: Count): number | undefined {
  return value === null ? undefined : Number(value)
}

function documentsFromText(value: string): NonNullable<Span['documents']> {
  const documents = JSON.parse(value) as { id?: string; text?: string; score?: number }[]
  return documents.map(({ id, text: content, score }) => ({ id, text: content, score }))
}
