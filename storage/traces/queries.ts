/**
 * The product's queries. Each is of one tenant, bounded in time, memory and rows, and drops duplicates itself: it reads a span
 * once however often it was stored, and of a result the latest revision, whether ClickHouse has merged or not.
 */

import type { Reason } from '../../engine/model/result.ts'
import { ANCHOR_PREFIX } from '../labels/anchors.ts'
import { LABEL_PREFIX } from '../labels/labels.ts'
import { REPLAY_PREFIX } from '../replays/run-id.ts'
import { MESSAGES_SELECT } from './messages-columns.ts'
import type { ResultCursor, ResultFilter, SpanPage, TraceWindow } from './port.ts'
import { RESULT_SELECT } from './result-rows.ts'
import { SPAN_SELECT } from './span-rows.ts'

/** Without a `SETTINGS` clause: the limits are those of whom it is run for. */
export interface Query {
  query: string
  /** Besides the limits. */
  settings?: string
  query_params: Record<string, string | number | string[]>
}

/** Groups come in the order of the table's key: no memory for all of them at once. */
const IN_ORDER = 'optimize_aggregation_in_order = 1'

/** A few granules are read faster than threads are started. */
const ONE_THREAD = 'max_threads = 1'

/** A subject's results of one eval and run. Of several revisions the last counts; of one judged again, the later judgement. */
export const SUBJECT = 'eval_id, trace_id, span_id, subject_kind, run_id'
export const LATEST = 'revision DESC, evaluated_at DESC'
/**
 * A subject's results of one eval, in whatever runs: to ask a judge twice of the same trace tells nothing more of the traffic, so that where
 * subjects are counted the newest judgement counts.
 */
export const JUDGED = 'eval_id, trace_id, span_id, subject_kind'
/** As a result is stored, see `result-columns.ts`. */
const IS_JUDGEMENT = `(run_id = '' OR (verdict != 'error' AND reason != '${JSON.stringify({ code: 'over_budget' } satisfies Reason)}'))`
/**
 * Greatest of what counts: of runs the later judgement, of what is judged as it arrives the last revision. That a run's judge could not be asked
 * takes back nothing of what another run's said: it counts where nothing else was said.
 */
export const NEWEST = `(${IS_JUDGEMENT}, if(run_id = '', revision, 0), evaluated_at, revision)`
/** What a replay says, people say, or a judge says of anchors is shown to who asks for it, and to nobody else. */
export const LIVE = [REPLAY_PREFIX, LABEL_PREFIX, ANCHOR_PREFIX]
  .map((prefix) => `NOT startsWith(run_id, '${prefix}')`)
  .join(' AND ')

/** Where there are more than `limit`, those without a parent and then the earliest. */
export function traceQuery(database: string, tenant: string, traceId: string, limit: number): Query {
  return {
    query: `SELECT * FROM (
  SELECT * FROM (
    SELECT ${SPAN_SELECT} FROM ${database}.spans
    WHERE tenant = {tenant:String} AND trace_id = unhex({traceId:String})
    ORDER BY stored_at DESC LIMIT 1 BY span_id
  ) ORDER BY parent_span_id_hex != '0000000000000000', start_time_us, start_time_sub_us, span_id_hex LIMIT {limit:UInt32}
) ORDER BY start_time_us, start_time_sub_us, span_id_hex`,
    settings: ONE_THREAD,
    query_params: { tenant, traceId, limit },
  }
}

/** As `traceQuery`, of several: of each so many at the most, those without a parent and then the earliest. */
export function tracesQuery(database: string, tenant: string, traceIds: readonly string[], limit: number): Query {
  return {
    query: `SELECT * FROM (
  SELECT ${SPAN_SELECT} FROM ${database}.spans
  WHERE ${OF_TRACES}
  ORDER BY stored_at DESC LIMIT 1 BY trace_id, span_id
) ORDER BY parent_span_id_hex != '0000000000000000', start_time_us, start_time_sub_us, span_id_hex LIMIT {limit:UInt32} BY trace_id_hex`,
    settings: ONE_THREAD,
    query_params: { tenant, traceIds: [...traceIds], limit },
  }
}

export function tracesMessagesQuery(database: string, tenant: string, traceIds: readonly string[]): Query {
  return {
    query: `SELECT ${MESSAGES_SELECT} FROM ${database}.messages
WHERE ${OF_TRACES}
ORDER BY stored_at DESC LIMIT 1 BY trace_id, span_id, event_key LIMIT ${MAX_MESSAGES}`,
    settings: ONE_THREAD,
    query_params: { tenant, traceIds: [...traceIds] },
  }
}

/** The ids of `traceIds`. As they are stored: beside a set of texts an id loses the zero bytes at its end, and is not among them. */
export const TRACE_IDS = '(SELECT toFixedString(unhex(arrayJoin({traceIds:Array(String)})), 16))'

/** Of a list of texts, which go as hex: a list's quotes are read otherwise than they are written. */
export const amongTexts = (column: string, name: string): string =>
  `${column} IN (SELECT unhex(arrayJoin({${name}:Array(String)})))`

export const hexOf = (text: string): string => Buffer.from(text).toString('hex')

const OF_TRACES = `tenant = {tenant:String} AND trace_id IN ${TRACE_IDS}`

/** Of each trace so many at the most. */
export function spanIdsQuery(database: string, tenant: string, traceIds: readonly string[], limit: number): Query {
  return {
    query: `SELECT lower(hex(trace_id)) AS trace, arrayMap(id -> lower(hex(id)), groupUniqArray(${limit})(span_id)) AS spans
FROM ${database}.spans
WHERE tenant = {tenant:String} AND trace_id IN ${TRACE_IDS}
GROUP BY trace_id`,
    settings: ONE_THREAD,
    query_params: { tenant, traceIds: [...traceIds] },
  }
}

/** Of events that are not spoken of twice: a trace with more is cut for evaluation anyway. */
const MAX_MESSAGES = 100_000

/** What was said apart from the spans of a trace. */
export function traceMessagesQuery(database: string, tenant: string, traceId: string): Query {
  return {
    query: `SELECT ${MESSAGES_SELECT} FROM ${database}.messages
WHERE tenant = {tenant:String} AND trace_id = unhex({traceId:String})
ORDER BY stored_at DESC LIMIT 1 BY span_id, event_key LIMIT ${MAX_MESSAGES}`,
    settings: ONE_THREAD,
    query_params: { tenant, traceId },
  }
}

/** And of the traces of a page. */
export function pageMessagesQuery(database: string, tenant: string, { fromTraceId, toTraceId }: SpanPage): Query {
  const to = toTraceId === null ? '' : 'AND trace_id < unhex({toTraceId:String})'
  return {
    query: `SELECT ${MESSAGES_SELECT} FROM ${database}.messages
WHERE tenant = {tenant:String} AND trace_id >= unhex({fromTraceId:String}) ${to}
ORDER BY stored_at DESC LIMIT 1 BY trace_id, span_id, event_key LIMIT ${MAX_MESSAGES}`,
    query_params: { tenant, fromTraceId, ...(toTraceId !== null && { toTraceId }) },
  }
}

/** What rows have to be (`where`), and what the latest of a subject has to be (`latest`). */
export function resultsWhere(
  tenant: string,
  filter: ResultFilter,
): { where: string[]; latest: string[]; params: Query['query_params'] } {
  const params: Query['query_params'] = { tenant, limit: filter.limit }
  const where = ['tenant = {tenant:String}']
  if (filter.evalId !== undefined) {
    where.push('eval_id = {evalId:String}')
    params.evalId = filter.evalId
  }
  if (filter.traceId !== undefined) {
    where.push('trace_id = unhex({traceId:String})')
    params.traceId = filter.traceId
  }
  if (filter.traceIds !== undefined) {
    where.push(`trace_id IN ${TRACE_IDS}`)
    params.traceIds = [...filter.traceIds]
  }
  if (filter.subjectKind !== undefined) {
    where.push('subject_kind = {subjectKind:String}')
    params.subjectKind = filter.subjectKind
  }
  if (filter.labels) where.push(`startsWith(run_id, '${LABEL_PREFIX}')`)
  else if (filter.anchors) where.push(`startsWith(run_id, '${ANCHOR_PREFIX}')`)
  else if (filter.runId === undefined) where.push(LIVE)
  else {
    where.push('run_id = {runId:String}')
    params.runId = filter.runId
  }
  if (filter.sinceMs !== undefined) {
    // A later revision is evaluated later, so that the latest one of a subject is never left out while an older one stays.
    where.push(`evaluated_at >= fromUnixTimestamp64Milli({sinceMs:Int64}, 'UTC')`)
    params.sinceMs = filter.sinceMs
  }
  const latest: string[] = []
  // Before the limit: a label that was taken back would be counted, and hide one that stands.
  if (filter.labels) latest.push("verdict != 'unknown'")
  if (filter.verdict !== undefined) {
    latest.push('verdict = {verdict:String}')
    params.verdict = filter.verdict
  }
  if (filter.agent !== undefined) {
    latest.push('agent_name = {agent:String}')
    params.agent = filter.agent
  }
  if (filter.order !== undefined) latest.push('isNotNull(score)')
  if (filter.after !== undefined) latest.push(behind(filter.order, filter.after, params))
  return { where, latest, params }
}

/** Of the columns as they are selected, in the order of `resultsQuery`. */
function behind(order: ResultFilter['order'], after: ResultCursor, params: Query['query_params']): string {
  Object.assign(params, {
    afterMs: after.evaluatedAtMs,
    afterEval: after.evalId,
    afterTrace: after.traceId,
    afterSpan: after.spanId === '' ? NO_SPAN : after.spanId,
    afterRun: after.runId,
  })
  const byTime = `(-evaluated_at_ms, eval_id, trace_id_hex, span_id_hex, run_id) >
  (-{afterMs:Int64}, {afterEval:String}, {afterTrace:String}, {afterSpan:String}, {afterRun:String})`
  if (order === undefined || after.score === undefined) return byTime
  params.afterScore = after.score
  return `(score ${order === 'highest' ? '<' : '>'} {afterScore:Float64} OR (score = {afterScore:Float64} AND ${byTime}))`
}

const NO_SPAN = '0'.repeat(16)

/** `among`: of these evals and traces alone. */
export function resultsQuery(
  database: string,
  tenant: string,
  filter: ResultFilter,
  among?: readonly { eval_id: string; trace_id_hex: string }[],
): Query {
  const { where, latest, params } = resultsWhere(tenant, filter)
  if (among !== undefined) {
    where.push(amongTexts('eval_id', 'evalIds'), `trace_id IN ${TRACE_IDS}`)
    params.evalIds = [...new Set(among.map(({ eval_id }) => hexOf(eval_id)))]
    params.traceIds = [...new Set(among.map(({ trace_id_hex }) => trace_id_hex))]
  }
  // Outside: a subject whose latest revision passes is no failure, whatever it was before.
  const outside = latest.length === 0 ? '' : `WHERE ${latest.join(' AND ')}`
  const order = filter.order === undefined ? '' : `score ${filter.order === 'highest' ? 'DESC' : 'ASC'}, `
  return {
    query: `SELECT * FROM (
  SELECT ${RESULT_SELECT} FROM ${database}.results WHERE ${where.join(' AND ')}
  ORDER BY ${LATEST} LIMIT 1 BY ${SUBJECT}
) ${outside} ORDER BY ${order}evaluated_at_ms DESC, eval_id, trace_id_hex, span_id_hex, run_id LIMIT {limit:UInt32}`,
    query_params: params,
  }
}

const MAX_PAGE_RESULTS = 100_000

export function pageResultsQuery(database: string, tenant: string, page: SpanPage, evalIds: readonly string[]): Query {
  const to = page.toTraceId === null ? '' : 'AND trace_id < unhex({toTraceId:String})'
  return {
    query: `SELECT ${RESULT_SELECT} FROM ${database}.results
WHERE tenant = {tenant:String} AND eval_id IN {evalIds:Array(String)} AND trace_id >= unhex({fromTraceId:String}) ${to}
  AND ${LIVE}
ORDER BY ${LATEST} LIMIT 1 BY ${SUBJECT} LIMIT ${MAX_PAGE_RESULTS}`,
    query_params: {
      tenant,
      evalIds: [...evalIds],
      fromTraceId: page.fromTraceId,
      ...(page.toTraceId !== null && { toTraceId: page.toTraceId }),
    },
  }
}

/** A trace is open for an hour at the most: its first span may lie that much before the window's. */
export const LONGEST_TRACE_US = 3_600_000_000
/** A trace without a root has settled when nothing of it was going on for so long. */
const IDLE_SETTLE_US = 120_000_000

/**
 * By what was stored by then alone: whoever asks again is told the same, whatever came since. A trace is of the window in which its first root ended: at
 * the window's end some are still going on, and would be of none by their beginning, and spans that come after the root move it to no other window. One
 * without a root is of that in which its last span ended, which a later one moves.
 */
export function settledTracesQuery(
  database: string,
  tenant: string,
  query: { fromUs: number; toUs: number; settledBeforeMs: number; limit: number },
): Query {
  const settledBeforeUs = query.settledBeforeMs * 1000
  return {
    query: `WITH toUnixTimestamp64Micro(start_time) + intDiv(duration_ns, 1000) AS end_us,
  parent_span_id = unhex('0000000000000000') AS is_root,
  if(max(is_root), minIf(end_us, is_root), max(end_us)) AS ended_us
SELECT lower(hex(trace_id)) AS trace_id_hex, count() OVER () AS population FROM ${database}.spans
WHERE tenant = {tenant:String}
  AND start_time >= fromUnixTimestamp64Micro({scanFromUs:Int64}, 'UTC')
  AND start_time < fromUnixTimestamp64Micro({scanToUs:Int64}, 'UTC')
  AND stored_at < fromUnixTimestamp64Milli({settledBeforeMs:Int64}, 'UTC')
GROUP BY trace_id
HAVING ended_us >= {fromUs:Int64} AND ended_us < {toUs:Int64}
  AND (max(is_root) OR ended_us < {idleSinceUs:Int64}
    OR min(start_time) < fromUnixTimestamp64Micro({openSinceUs:Int64}, 'UTC'))
ORDER BY cityHash64(trace_id) LIMIT {limit:UInt32}`,
    query_params: {
      tenant,
      scanFromUs: Math.max(0, query.fromUs - LONGEST_TRACE_US),
      scanToUs: query.toUs + LONGEST_TRACE_US,
      idleSinceUs: settledBeforeUs - IDLE_SETTLE_US,
      openSinceUs: Math.max(0, settledBeforeUs - LONGEST_TRACE_US),
      ...query,
    },
  }
}

export function countSpansQuery(database: string, tenant: string): Query {
  return {
    query: `SELECT count() AS n FROM (
  SELECT 1 FROM ${database}.spans WHERE tenant = {tenant:String} GROUP BY toDate(start_time), trace_id, span_id
)`,
    settings: IN_ORDER,
    query_params: { tenant },
  }
}

export function countWindowQuery(database: string, tenant: string, { fromUs, toUs }: TraceWindow): Query {
  return {
    query: `SELECT count() AS spans, uniq(trace_id) AS traces FROM ${database}.spans
WHERE tenant = {tenant:String}
  AND start_time >= fromUnixTimestamp64Micro({fromUs:Int64}, 'UTC')
  AND start_time < fromUnixTimestamp64Micro({toUs:Int64}, 'UTC')`,
    query_params: { tenant, fromUs, toUs },
  }
}

/** The latest of each side on a subject, in the order of the table's key. Online results have no run of their own. */
export function compareRunQuery(database: string, tenant: string, runId: string): Query {
  const latestOf = (run: string): string => `argMaxIf(verdict, (revision, evaluated_at), run_id = ${run})`
  return {
    query: `SELECT eval_id, live, run, count() AS subjects FROM (
  SELECT eval_id, if(countIf(run_id = '') = 0, '', toString(${latestOf("''")})) AS live,
    toString(${latestOf('{runId:String}')}) AS run, countIf(run_id = {runId:String}) AS judged
  FROM ${database}.results
  WHERE tenant = {tenant:String} AND run_id IN ('', {runId:String})
  GROUP BY eval_id, trace_id, span_id, subject_kind
) WHERE judged > 0 GROUP BY eval_id, live, run ORDER BY eval_id, live, run`,
    settings: IN_ORDER,
    query_params: { tenant, runId },
  }
}
