/** What tenants use, by day (UTC) and agent: spans as they began, judges as they answered. */
import { knownCost } from '../../engine/no-price.ts'
import { MAX_SEVERAL, type SeveralRow } from './latest.ts'
import type { UsageRow, UsageWindow } from './port.ts'
import type { Query } from './queries.ts'

export interface StoredUsage {
  tenant: string
  /** `2026-11-21`. */
  day: string
  named: string | null
  spans: number | string
  bytes: number | string
  judge_input_tokens: number | string
  judge_output_tokens: number | string
  judge_cost_micro_usd: number | string
  judge_unpriced: number | string
}

/** Equal for all rows of a span. */
const SPAN_KEY = 'bitXor(cityHash64(trace_id, span_id), cityHash64(tenant))'

const ofTenant = (tenant: string | null): string => (tenant === null ? '' : 'tenant = {tenant:String} AND ')
const within = (column: string): string =>
  `${column} >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND ${column} < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')`

/**
 * Of a day and an agent one number, by which a million rows are grouped in two thirds of the time. A number of an agent is worked out for each
 * name and not for each row; that of a day is spread over all bits, so that it takes two of 64 bits to be equal by chance.
 */
const DAY_OF_AGENT = "bitXor(cityHash64(ifNull(agent, '')), toUInt64(date) * 11400714819323198485)"

/** As it was inserted: `partition_first_last_level`, and then what changed it since. */
const IS_UNMERGED = "match(_part, '^[0-9]+_[0-9]+_[0-9]+_0')"

/**
 * Spans that are stored several times: of all others each row is one. A part that was merged has one row of each, so that it takes a trace
 * of several parts, or one that is as it was inserted.
 */
export function severalSpansQuery(database: string, tenant: string | null, { fromMs, toMs }: UsageWindow): Query {
  const spans = `FROM ${database}.spans WHERE ${ofTenant(tenant)}${within('start_time')}`
  return {
    query: `SELECT toString(key) AS h FROM (
  SELECT ${SPAN_KEY} AS key ${spans} AND trace_id IN (SELECT trace_id ${spans} GROUP BY trace_id HAVING min(_part_index) != max(_part_index))
  GROUP BY key HAVING count() > 1
  UNION DISTINCT
  SELECT ${SPAN_KEY} AS key ${spans} AND ${IS_UNMERGED} GROUP BY key HAVING count() > 1
) LIMIT ${MAX_SEVERAL + 1}`,
    // A trace is on one shard.
    settings: "distributed_product_mode = 'local'",
    query_params: { ...(tenant !== null && { tenant }), fromMs, toMs },
  }
}

/**
 * Of one tenant, or of all where it is null: then it is for whoever runs Assay alone. A span that was stored twice counts once. Each answer
 * of a judge counts, of earlier revisions, shadow evals and replays too: it was paid for. An agent's empty name is none, as where spans are taken in.
 */
export function usageQuery(
  database: string,
  tenant: string | null,
  { fromMs, toMs }: UsageWindow,
  several: readonly SeveralRow[],
): Query {
  const of = ofTenant(tenant)
  const spans = `FROM ${database}.spans WHERE ${of}${within('start_time')}`
  // To group by a tenant that is the same everywhere costs as much as the days and agents.
  const owner = tenant === null ? 'toString(tenant)' : '{tenant:String}'
  const group = tenant === null ? 'GROUP BY tenant, date, agent' : 'GROUP BY date, agent'
  const [ofGroup, groupOfMany] =
    tenant === null
      ? ['date AS of_day, agent AS of_agent', group]
      : ['any(date) AS of_day, any(agent) AS of_agent', `GROUP BY ${DAY_OF_AGENT}`]
  const grouped = `SELECT tenant, toDate(start_time) AS date, any(toNullable(agent_name)) AS agent, any(size_bytes) AS size ${spans}`
  const perSpan = 'GROUP BY tenant, toDate(start_time), trace_id, span_id'
  const keys = '(SELECT toUInt64(arrayJoin({several:Array(String)})))'
  const areMany = several.length > MAX_SEVERAL
  const tables = areMany
    ? [`(${grouped} ${perSpan})`]
    : [
        `(SELECT tenant, toDate(start_time) AS date, toNullable(agent_name) AS agent, size_bytes AS size ${spans}${several.length === 0 ? '' : ` AND ${SPAN_KEY} NOT IN ${keys}`})`,
        ...(several.length === 0 ? [] : [`(${grouped} AND ${SPAN_KEY} IN ${keys} ${perSpan})`]),
      ]
  return {
    query: `SELECT tenant, toString(of_day) AS day, nullIf(of_agent, '') AS named, sum(span_count) AS spans, sum(size) AS bytes,
  sum(input_tokens) AS judge_input_tokens, sum(output_tokens) AS judge_output_tokens, sum(cost) AS judge_cost_micro_usd,
  sum(unpriced) AS judge_unpriced
FROM (
  ${tables
    .map(
      (table) => `SELECT ${owner} AS tenant, ${ofGroup}, count() AS span_count, sum(size) AS size,
    toUInt64(0) AS input_tokens, toUInt64(0) AS output_tokens, toFloat64(0) AS cost, toUInt64(0) AS unpriced
  FROM ${table} ${groupOfMany}`,
    )
    .join('\n  UNION ALL\n  ')}
  UNION ALL
  SELECT ${owner} AS tenant, date, agent, toUInt64(0), toUInt64(0), sum(input_tokens), sum(output_tokens), sum(cost), countIf(is_unpriced)
  FROM (
    SELECT tenant, toDate(any(evaluated_at)) AS date, any(toNullable(agent_name)) AS agent,
      any(ifNull(judge_input_tokens, 0)) AS input_tokens, any(ifNull(judge_output_tokens, 0)) AS output_tokens,
      any(ifNull(cost_micro_usd, 0)) AS cost, any(isNull(cost_micro_usd)) AS is_unpriced
    FROM ${database}.results WHERE ${of}isNotNull(judge_model) AND ${within('evaluated_at')}
    GROUP BY tenant, eval_id, trace_id, span_id, subject_kind, run_id, revision, measure_hash, verdict_hash
  ) ${group}
) GROUP BY tenant, of_day, named ORDER BY of_day DESC, tenant, named`,
    // Where there are many groups, they come in the order of the table's key; a few are faster by a hash.
    ...(areMany && { settings: 'optimize_aggregation_in_order = 1' }),
    query_params: {
      ...(tenant !== null && { tenant }),
      ...(several.length > 0 && several.length <= MAX_SEVERAL && { several: several.map(({ h }) => h) }),
      fromMs,
      toMs,
    },
  }
}

/** By eval, what has a price that is not nothing, or none that is known; each answer counts, as in `usageQuery`. */
export function judgeSpendQuery(database: string, tenant: string, sinceMs: number): Query {
  return {
    query: `SELECT toString(eval_id) AS eval, sum(cost) AS micros, countIf(is_unpriced) AS unpriced FROM (
  SELECT eval_id, any(ifNull(cost_micro_usd, 0)) AS cost, any(isNull(cost_micro_usd)) AS is_unpriced FROM ${database}.results
  WHERE tenant = {tenant:String} AND evaluated_at >= fromUnixTimestamp64Milli({sinceMs:Int64}, 'UTC')
    AND (cost_micro_usd > 0 OR (isNull(cost_micro_usd) AND isNotNull(judge_model)))
  GROUP BY eval_id, trace_id, span_id, subject_kind, run_id, revision, measure_hash, verdict_hash
) GROUP BY eval_id`,
    query_params: { tenant, sinceMs },
  }
}

export const usageFromRow = (row: StoredUsage): UsageRow => ({
  tenant: row.tenant,
  day: row.day,
  agent: row.named,
  spans: Number(row.spans),
  bytes: Number(row.bytes),
  judgeInputTokens: Number(row.judge_input_tokens),
  judgeOutputTokens: Number(row.judge_output_tokens),
  judgeCostMicroUsd: knownCost(Number(row.judge_cost_micro_usd), Number(row.judge_unpriced)),
})
