/**
 * Many stored traces, a page at a time: for evaluating days of them again. Pages are ranges of trace ids, cut where so many spans
 * come together, so that neither side holds more than one; and of each span only those columns are read that are asked for,
 * column by column, which is several times as fast as whole rows.
 */
import { makeSpan } from '../../engine/model/make-span.ts'
import type { Attributes, Span } from '../../engine/model/span.ts'
import { attributesFromText } from './attribute-json.ts'
import type { SpanPage, SpanPageField, TraceWindow } from './port.ts'
import { LONGEST_TRACE_US, type Query } from './queries.ts'

/** Rows of one page: a trace larger than all of this is cut, long after it was cut for evaluation. */
const MAX_ROWS = 200_000

/** A root that is this long stored has settled; a trace without one waits longer. */
const SETTLED_MS = 5_000
const SETTLED_WITHOUT_ROOT_MS = 120_000

type Columns = readonly (readonly unknown[])[]

/** What every page has of a span, in order. */
const CORE = [
  'lower(hex(trace_id))',
  'lower(hex(span_id))',
  'lower(hex(parent_span_id))',
  'kind',
  'name',
  'toUnixTimestamp64Micro(start_time)',
  'start_time_sub_us',
  'duration_ns',
  'status',
  'agent_name',
  'agent_version',
  'env',
  'toUnixTimestamp64Milli(stored_at)',
] as const

/** Where the others stand. Texts as they are; numbers may come as text. */
const OPTIONAL: Readonly<Record<SpanPageField, { column: string; read: (value: unknown) => unknown }>> = {
  sessionId: { column: 'session_id', read: same },
  userId: { column: 'user_id', read: same },
  provider: { column: 'provider', read: same },
  model: { column: 'model', read: same },
  inputText: { column: 'input_text', read: same },
  outputText: { column: 'output_text', read: same },
  tokensInput: { column: 'tokens_input', read: Number },
  tokensOutput: { column: 'tokens_output', read: Number },
  tokensTotal: { column: 'tokens_total', read: Number },
  tokensCachedInput: { column: 'tokens_cached_input', read: Number },
  tokensReasoning: { column: 'tokens_reasoning', read: Number },
  costMicroUsd: { column: 'cost_micro_usd', read: Number },
  toolName: { column: 'tool_name', read: same },
  toolCallId: { column: 'tool_call_id', read: same },
  toolArguments: { column: 'tool_arguments', read: same },
  toolResult: { column: 'tool_result', read: same },
  retrievalQuery: { column: 'retrieval_query', read: same },
  documents: { column: 'documents', read: (value) => JSON.parse(String(value)) as unknown },
  finishReason: { column: 'finish_reason', read: same },
  timeToFirstTokenMs: { column: 'time_to_first_token_ms', read: Number },
  errorMessage: { column: 'error_message', read: same },
  attributes: { column: 'attributes', read: (value) => attributesFromText(String(value)) },
  resource: { column: 'resource', read: (value) => resourceFromText(String(value)) },
}

/** Spans share few resources: each text is read once while it is among the latest. */
const resources = new Map<string, Attributes>()
const MAX_RESOURCES = 1_000

function resourceFromText(text: string): Attributes {
  let found = resources.get(text)
  if (found === undefined) {
    if (resources.size >= MAX_RESOURCES) resources.clear()
    found = attributesFromText(text)
    resources.set(text, found)
  }
  return found
}

function same(value: unknown): unknown {
  return value
}

export const SPAN_PAGE_FIELDS = Object.keys(OPTIONAL) as SpanPageField[]

const WINDOW = `tenant = {tenant:String}
  AND start_time >= fromUnixTimestamp64Micro({scanFromUs:Int64}, 'UTC')
  AND start_time < fromUnixTimestamp64Micro({scanToUs:Int64}, 'UTC')`

function windowParams(tenant: string, { fromUs, toUs }: TraceWindow): Query['query_params'] {
  // Spans of a trace that began inside may lie outside; which traces those are is told when they are read.
  return { tenant, scanFromUs: Math.max(0, fromUs - LONGEST_TRACE_US), scanToUs: toUs + LONGEST_TRACE_US }
}

/** The trace id of every `spansPerPage`-th span, in their order: one pass over one column. */
export function pageStartsQuery(database: string, tenant: string, window: TraceWindow, spansPerPage: number): Query {
  return {
    query: `SELECT lower(hex(trace_id)) FROM (
  SELECT trace_id, rowNumberInAllBlocks() AS row FROM (
    SELECT trace_id FROM ${database}.spans WHERE ${WINDOW} ORDER BY trace_id
  )
) WHERE row % {spansPerPage:UInt32} = 0`,
    query_params: { ...windowParams(tenant, window), spansPerPage },
  }
}

/** Pages from the starts of `pageStartsQuery`: the last has no end, and a trace of many pages is one. */
export function pagesOf(starts: readonly string[]): SpanPage[] {
  const distinct = [...new Set(starts)]
  return distinct.map((start, index) => ({ fromTraceId: start, toTraceId: distinct[index + 1] ?? null }))
}

export function pageQuery(
  database: string,
  tenant: string,
  window: TraceWindow,
  { fromTraceId, toTraceId }: SpanPage,
  fields: readonly SpanPageField[],
): Query {
  const to = toTraceId === null ? '' : 'AND trace_id < unhex({toTraceId:String})'
  return {
    query: `SELECT ${[...CORE, ...fields.map((field) => OPTIONAL[field].column)].join(', ')} FROM ${database}.spans
WHERE ${WINDOW} AND trace_id >= unhex({fromTraceId:String}) ${to} LIMIT ${MAX_ROWS}`,
    query_params: {
      ...windowParams(tenant, window),
      fromTraceId,
      ...(toTraceId !== null && { toTraceId }),
    },
  }
}

export interface PageTraces {
  /** Each span id once, the last that was stored. */
  traces: Span[][]
  /** Traces of the window that are still open: left out. */
  openTraces: number
}

/** `columns` as `pageQuery` gives them. */
export function tracesOfPage(
  columns: Columns,
  { fromUs, toUs }: TraceWindow,
  { tenant, fields, nowMs }: { tenant: string; fields: readonly SpanPageField[]; nowMs: number },
): PageTraces {
  const traceIds = (columns[0] ?? []) as string[]
  const spanIds = columns[1] as string[]
  const parents = columns[2] as string[]
  const starts = columns[5] ?? []
  const storedAt = columns[12] ?? []
  const optional = fields.map((field, index) => ({
    field,
    read: OPTIONAL[field].read,
    column: columns[CORE.length + index] ?? [],
  }))
  const rowsByTrace = new Map<string, Map<string, number>>()
  for (let row = 0; row < traceIds.length; row++) {
    const traceId = traceIds[row]!
    let rows = rowsByTrace.get(traceId)
    if (rows === undefined) {
      rows = new Map()
      rowsByTrace.set(traceId, rows)
    }
    const earlier = rows.get(spanIds[row]!)
    if (earlier === undefined || Number(storedAt[row]) >= Number(storedAt[earlier])) rows.set(spanIds[row]!, row)
  }
  const traces: Span[][] = []
  let openTraces = 0
  for (const rows of rowsByTrace.values()) {
    const own = [...rows.values()]
    let startUs = Number.POSITIVE_INFINITY
    let lastStoredMs = 0
    let hasRoot = false
    for (const row of own) {
      startUs = Math.min(startUs, Number(starts[row]))
      lastStoredMs = Math.max(lastStoredMs, Number(storedAt[row]))
      hasRoot ||= parents[row] === NO_PARENT
    }
    if (startUs < fromUs || startUs >= toUs) continue
    if (lastStoredMs > nowMs - (hasRoot ? SETTLED_MS : SETTLED_WITHOUT_ROOT_MS)) openTraces++
    else traces.push(own.map((row) => spanAt(row)))
  }
  return { traces, openTraces }

  function spanAt(row: number): Span {
    const more: Partial<Record<SpanPageField, unknown>> = {}
    for (const { field, read, column } of optional) {
      const value = column[row]
      if (value !== null) more[field] = read(value)
    }
    const text = (column: number): string | undefined => (columns[column]![row] as string | null) ?? undefined
    return makeSpan({
      // What is in the column by the table's own schema.
      ...(more as Partial<Span>),
      tenant,
      traceId: traceIds[row]!,
      spanId: spanIds[row]!,
      parentSpanId: parents[row] === NO_PARENT ? undefined : parents[row],
      kind: columns[3]![row] as Span['kind'],
      name: columns[4]![row] as string,
      startTimeUs: Number(starts[row]),
      startTimeSubUs: columns[6]![row] as number,
      durationNs: Number(columns[7]![row]),
      status: columns[8]![row] as Span['status'],
      agentName: text(9),
      agentVersion: text(10),
      env: text(11),
    })
  }
}

const NO_PARENT = '0'.repeat(16)
