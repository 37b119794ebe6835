/**
 * Finding traces. In two steps, so that wide columns are read of a page's traces alone: which they are, by narrow columns over the
 * window, and then what is shown of them.
 */
import type { Verdict } from '../../engine/model/result.ts'
import { JUDGED, LIVE, LONGEST_TRACE_US, NEWEST, type Query, TRACE_IDS } from './queries.ts'
import type { TraceSearch, TraceSummary, VerdictCounts } from './search-port.ts'
import type { SearchPart } from './search-windows.ts'

export const micro = (name: string): string => `fromUnixTimestamp64Micro({${name}:Int64}, 'UTC')`
export const startUs = (value: string): string => `toUnixTimestamp64Micro(${value})`
/** Agents repeat what their calls used. */
export const IS_CALL = "kind IN ('llm', 'embedding')"
const NO_PARENT = "unhex('0000000000000000')"

export interface FoundTrace {
  trace: string
  start_us: number | string
}

/** The newest first. */
export function searchTracesQuery(database: string, tenant: string, search: SearchPart): Query {
  const toUs = Math.min(search.toUs, search.after === undefined ? search.toUs : search.after.startUs + 1)
  const params: Query['query_params'] = {
    tenant,
    fromUs: search.fromUs,
    firstUs: search.fromUs - search.reachUs,
    toUs,
    scanFromUs: Math.max(0, search.fromUs - LONGEST_TRACE_US),
    scanToUs: toUs + LONGEST_TRACE_US,
    limit: search.limit,
  }
  const having = [`first >= ${micro('firstUs')}`, `first < ${micro('toUs')}`]
  const spans = `FROM ${database}.spans
WHERE tenant = {tenant:String} AND start_time >= ${micro('scanFromUs')} AND start_time < ${micro('scanToUs')}`
  const where: string[] = []
  // The traces that have such a span are found by one column, and the others never grouped. A trace of the window has none before it.
  const some = (condition: string): void => {
    where.push(`AND trace_id IN (SELECT trace_id ${spans} AND start_time >= ${micro('firstUs')} AND (${condition}))`)
  }
  const equal = (column: string, name: string, value: string | undefined): void => {
    if (value === undefined) return
    params[name] = value
    some(`${column} = {${name}:String}`)
  }
  equal('agent_name', 'agent', search.agent)
  equal('agent_version', 'version', search.version)
  equal('env', 'env', search.env)
  equal('session_id', 'session', search.session)
  equal('user_id', 'user', search.user)
  equal('model', 'model', search.model)
  equal('tool_name', 'tool', search.tool)
  if (search.status === 'error') some("status = 'error'")
  if (search.status === 'ok') having.push("countIf(status = 'error') = 0")
  if (search.text !== undefined) {
    // Not `<`: of a day's first moment, which is where most parts end, that has the whole day read.
    params.lastTextUs = (search.isFollowed ? toUs : toUs + LONGEST_TRACE_US) - 1
    const within = (time: string): string => `${time} >= ${micro('fromUs')} AND ${time} <= ${micro('lastTextUs')}`
    where.push(
      `AND ${DAY_AND_TRACE} IN (
  SELECT arrayJoin(${daysAround('start_time')}), trace_id ${spans} AND ${within('start_time')} AND (${hasText(search.text, params)})
  UNION ALL
  SELECT arrayJoin(${daysAround('said_at')}), trace_id FROM ${database}.messages
  WHERE tenant = {tenant:String} AND ${within('said_at')} AND (${hasSaid(search.text, params)})
)`,
    )
  }
  const took = `max(${startUs('start_time')} + intDiv(duration_ns, 1000)) - ${startUs('first')}`
  if (search.minDurationMs !== undefined) {
    params.minUs = Math.round(search.minDurationMs * 1_000)
    having.push(`${took} >= {minUs:Int64}`)
  }
  if (search.maxDurationMs !== undefined) {
    params.maxUs = Math.round(search.maxDurationMs * 1_000)
    having.push(`${took} <= {maxUs:Int64}`)
  }
  if (search.minCostMicroUsd !== undefined) {
    params.minCost = search.minCostMicroUsd
    where.push(
      `AND trace_id IN (SELECT trace_id ${spans} GROUP BY trace_id HAVING sumIf(ifNull(cost_micro_usd, 0), ${IS_CALL}) >= {minCost:Float64})`,
    )
    // By span, so that one which was stored twice counts once.
    having.push(
      `arraySum(mapValues(maxMapIf(map(span_id, ifNull(cost_micro_usd, 0)), ${IS_CALL}))) >= {minCost:Float64}`,
    )
  }
  if (search.after !== undefined) {
    params.afterUs = search.after.startUs
    params.afterTrace = search.after.traceId
    having.push(`(${startUs('first')}, trace) < ({afterUs:Int64}, {afterTrace:String})`)
  }
  if (search.verdict !== undefined || search.evalId !== undefined)
    where.push(`AND ${judgedSo(database, search, params)}`)
  return {
    query: `SELECT lower(hex(trace_id)) AS trace, ${startUs('min(start_time) AS first')} AS start_us ${spans} ${where.join(' ')}
GROUP BY trace_id HAVING ${having.join(' AND ')}
ORDER BY start_us DESC, trace DESC LIMIT {limit:UInt32}`,
    // A trace is on one shard, with its results: each looks for its own.
    settings: `distributed_product_mode = 'local'${search.text === undefined ? '' : `, ${OF_TEXTS}`}`,
    query_params: params,
  }
}

/** What is read at once: of texts, the usual megabyte is few rows, and a fifth of the time goes by between them. */
const OF_TEXTS = 'preferred_block_size_bytes = 4000000'
const ASCII = /^[\0-\x7f]*$/
const TEXTS = ['name', 'input_text', 'output_text', 'tool_arguments', 'tool_result', 'error_message']

/** As spans are sorted: of a trace one block is read where its days are known, and by its id alone one of each day. */
export const DAY_AND_TRACE = '(toDate(start_time), trace_id)'
/** That spans of the same trace may be of. */
export const daysAround = (time: string): string =>
  `arrayDistinct([toDate(${time} - INTERVAL 1 HOUR), toDate(${time}), toDate(${time} + INTERVAL 1 HOUR)])`

/** Where a text may be: in `part`, which is taken from `all` or is the same. */
interface Place {
  readonly part: string
  readonly all: string
}

/** A column that is NULL has none, and is no copy of itself without. */
function hasText(text: string, params: Query['query_params']): string {
  return anyHas(
    TEXTS.map((column) => ({ part: column, all: column })),
    'text',
    text,
    params,
  )
}

/** Of messages that were sent apart from their spans: in what they say, which is JSON's text. */
function hasSaid(text: string, params: Query['query_params']): string {
  const said = ['input_messages', 'output_messages'].map((column) => {
    const all = `ifNull(${column}, '')`
    return { part: `arrayStringConcat(extractAll(${all}, ${CONTENT}), '\\n')`, all }
  })
  return anyHas(said, 'said', JSON.stringify(text).slice(1, -1), params)
}

const CONTENT = String.raw`'"content":"((?:[^"\\\\]|\\\\.)*)"'`

function anyHas(places: readonly Place[], name: string, text: string, params: Query['query_params']): string {
  const isAscii = ASCII.test(text)
  params[name] = isAscii ? text.toLowerCase() : text
  // To write all in small letters and look for one text is faster than to look for it in any.
  const has = (part: string): string =>
    isAscii
      ? `position(lower(${part}), {${name}:String}) > 0`
      : `positionCaseInsensitiveUTF8(${part}, {${name}:String}) > 0`
  const fixed = longestFixed(text)
  if (fixed === null) return places.map(({ part }) => has(part)).join(' OR ')
  // And faster yet where only those are written in small letters that have what is the same in any.
  params[`${name}Fixed`] = fixed
  return places.map(({ part, all }) => `if(position(${all}, {${name}Fixed:String}) > 0, ${has(part)}, 0)`).join(' OR ')
}

/**
 * The longest run of it without letters, which stands in a text as it is or not at all; null where it would leave out few. What has a digit does:
 * who looks for an order or an amount looks for a number.
 */
export function longestFixed(text: string): string | null {
  const runs = (text.match(/[ -@[-`{-~]{2,}/g) ?? []).filter((run) => /\d/.test(run))
  return runs.reduce<string | null>((longest, run) => (run.length > (longest?.length ?? 0) ? run : longest), null)
}

function judgedSo(database: string, { evalId, verdict }: TraceSearch, params: Query['query_params']): string {
  const ofEval = evalId === undefined ? '' : 'AND eval_id = {evalId:String}'
  if (evalId !== undefined) params.evalId = evalId
  const latest = verdict === undefined ? '' : 'WHERE latest = {verdict:String}'
  if (verdict !== undefined) params.verdict = verdict
  const results = `FROM ${database}.results
    WHERE tenant = {tenant:String} AND ${LIVE} ${ofEval}
      AND subject_time >= ${micro('scanFromUs')} AND subject_time < ${micro('scanToUs')}`
  // Whose latest is such a one has such a row.
  const candidates =
    verdict === undefined ? '' : `AND trace_id IN (SELECT trace_id ${results} AND verdict = {verdict:String})`
  return `trace_id IN (
  SELECT trace_id FROM (
    SELECT trace_id, argMax(verdict, ${NEWEST}) AS latest ${results} ${candidates}
    GROUP BY ${JUDGED}
  ) ${latest}
)`
}

const PREVIEW_CHARS = 200

interface SummaryRow {
  trace: string
  start_us: number | string
  end_us: number | string
  root_name: string
  spans: number | string
  failed: number | string
  llm_calls: number | string
  tool_calls: number | string
  agent: string | null
  version: string | null
  environment: string | null
  session: string | null
  user: string | null
  models: string[]
  tokens_in: number | string
  tokens_out: number | string
  cost: number | string | null
  input: string | null
  output: string | null
}

const dayOf = (timeUs: number): string => new Date(timeUs / 1_000).toISOString().slice(0, 10)

/** Of a page's traces. A span that was stored twice counts once. */
function summariesQuery(database: string, tenant: string, found: readonly FoundTrace[]): Query {
  const starts = found.map(({ start_us }) => Number(start_us))
  const ofDays = found.flatMap(({ trace, start_us }) => {
    const days = [dayOf(Number(start_us)), dayOf(Number(start_us) + LONGEST_TRACE_US)]
    return [...new Set(days)].map((day) => [day, trace] as const)
  })
  const rootFirst = `(parent_span_id != ${NO_PARENT}, start_time, span_id)`
  return {
    query: `SELECT lower(hex(trace_id)) AS trace, ${startUs('min(start_time)')} AS start_us,
  max(${startUs('start_time')} + intDiv(duration_ns, 1000)) AS end_us, argMin(name, ${rootFirst}) AS root_name,
  count() AS spans, countIf(status = 'error') AS failed, countIf(kind = 'llm') AS llm_calls, countIf(kind = 'tool') AS tool_calls,
  argMin(agent_name, ${rootFirst}) AS agent, argMin(agent_version, ${rootFirst}) AS version, argMin(env, ${rootFirst}) AS environment,
  argMin(session_id, ${rootFirst}) AS session, argMin(user_id, ${rootFirst}) AS user,
  arraySort(groupUniqArrayIf(5)(ifNull(model, ''), isNotNull(model))) AS models,
  sumIf(ifNull(tokens_input, 0), ${IS_CALL}) AS tokens_in, sumIf(ifNull(tokens_output, 0), ${IS_CALL}) AS tokens_out,
  sumIf(cost_micro_usd, ${IS_CALL}) AS cost,
  argMin(substringUTF8(input_text, 1, ${PREVIEW_CHARS}), ${rootFirst}) AS input,
  argMin(substringUTF8(output_text, 1, ${PREVIEW_CHARS}), ${rootFirst}) AS output
FROM (
  SELECT trace_id, span_id, parent_span_id, name, kind, status, start_time, duration_ns, agent_name, agent_version, env, session_id,
    user_id, model, tokens_input, tokens_output, cost_micro_usd, input_text, output_text
  FROM ${database}.spans
  WHERE tenant = {tenant:String} AND start_time >= ${micro('firstUs')} AND start_time < ${micro('lastUs')}
    AND ${DAY_AND_TRACE} IN (SELECT toDate(one.1), toFixedString(unhex(one.2), 16) FROM (SELECT arrayJoin(arrayZip({days:Array(String)}, {traceIds:Array(String)})) AS one))
  ORDER BY stored_at DESC LIMIT 1 BY trace_id, span_id
) GROUP BY trace_id`,
    query_params: {
      tenant,
      days: ofDays.map(([day]) => day),
      traceIds: ofDays.map(([, trace]) => trace),
      firstUs: Math.min(...starts),
      lastUs: Math.max(...starts) + LONGEST_TRACE_US,
    },
  }
}

interface TraceVerdictRow {
  trace: string
  pass: number | string
  fail: number | string
  unknown: number | string
  error: number | string
  failed_evals: string[]
}

function traceVerdictsQuery(database: string, tenant: string, found: readonly FoundTrace[]): Query {
  const starts = found.map(({ start_us }) => Number(start_us))
  return {
    query: `SELECT lower(hex(trace_id)) AS trace, countIf(latest = 'pass') AS pass, countIf(latest = 'fail') AS fail,
  countIf(latest = 'unknown') AS unknown, countIf(latest = 'error') AS error,
  arraySort(groupUniqArrayIf(10)(toString(eval_id), latest = 'fail')) AS failed_evals
FROM (
  SELECT ${JUDGED}, argMax(verdict, ${NEWEST}) AS latest FROM ${database}.results
  WHERE tenant = {tenant:String} AND ${LIVE} AND trace_id IN ${TRACE_IDS}
    AND subject_time >= ${micro('firstUs')} AND subject_time < ${micro('lastUs')}
  GROUP BY ${JUDGED}
) GROUP BY trace_id`,
    query_params: {
      tenant,
      traceIds: found.map(({ trace }) => trace),
      firstUs: Math.max(0, Math.min(...starts) - LONGEST_TRACE_US),
      lastUs: Math.max(...starts) + LONGEST_TRACE_US,
    },
  }
}

function summaryFromRow(row: SummaryRow, verdicts: TraceVerdictRow | undefined): TraceSummary {
  const text = (value: string | null): string | undefined => (value === null || value === '' ? undefined : value)
  return {
    traceId: row.trace,
    startUs: Number(row.start_us),
    durationMs: (Number(row.end_us) - Number(row.start_us)) / 1_000,
    name: row.root_name,
    spans: Number(row.spans),
    failedSpans: Number(row.failed),
    llmCalls: Number(row.llm_calls),
    toolCalls: Number(row.tool_calls),
    agentName: text(row.agent),
    agentVersion: text(row.version),
    env: text(row.environment),
    sessionId: text(row.session),
    userId: text(row.user),
    models: row.models,
    inputTokens: Number(row.tokens_in),
    outputTokens: Number(row.tokens_out),
    costMicroUsd: row.cost === null ? null : Number(row.cost),
    input: text(row.input),
    output: text(row.output),
    verdicts: countsFromRow(verdicts),
    failedEvals: verdicts?.failed_evals ?? [],
  }
}

export function countsFromRow(row: Record<Verdict, number | string> | undefined): VerdictCounts {
  return {
    pass: Number(row?.pass ?? 0),
    fail: Number(row?.fail ?? 0),
    unknown: Number(row?.unknown ?? 0),
    error: Number(row?.error ?? 0),
  }
}

/** In the order in which they were found. */
export async function summariesOf(
  rows: <Row>(query: Query) => Promise<Row[]>,
  database: string,
  tenant: string,
  found: readonly FoundTrace[],
): Promise<TraceSummary[]> {
  if (found.length === 0) return []
  const [summaries, verdicts] = await Promise.all([
    rows<SummaryRow>(summariesQuery(database, tenant, found)),
    rows<TraceVerdictRow>(traceVerdictsQuery(database, tenant, found)),
  ])
  const [rowOf, verdictsOf] = [
    new Map(summaries.map((row) => [row.trace, row])),
    new Map(verdicts.map((row) => [row.trace, row])),
  ]
  return found.flatMap(({ trace }) => {
    const row = rowOf.get(trace)
    return row === undefined ? [] : [summaryFromRow(row, verdictsOf.get(trace))]
  })
}
