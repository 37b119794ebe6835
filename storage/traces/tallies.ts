/**
 * What results of an eval add up to over a period, by parts of the traffic: sums, from which rates, means and their intervals are made.
 * Subjects weigh what the inverse of the probability says with which they were drawn. Their sums are taken cluster by cluster (session, else
 * trace), and of the clusters' sums the products of each two are added up: the variance of any ratio of two of them is made of those.
 */
import type { GroupPlan, Subject } from '../../dsl/plan.ts'
import { printGroup } from '../../dsl/print-rule.ts'
import { knownCost } from '../../engine/no-price.ts'
import type { Tally } from '../../engine/scorecard/estimate.ts'
import { LIVE, type Query } from './queries.ts'

export interface TalliesQuery {
  readonly evalId: string
  readonly measureHash: string
  readonly subject: Subject
  /** Evaluated in [fromMs, toMs). */
  readonly fromMs: number
  readonly toMs: number
  readonly by: readonly GroupPlan[]
  /** By steps of this length since `fromMs`; null for the whole. */
  readonly stepMs: number | null
  /** How many of the scores fall into each bin; null where nothing is made of them. */
  readonly bins: { readonly growth: number; readonly offset: number } | null
  /** Clusters are sessions where there are any; traces otherwise. It reads the spans. */
  readonly bySession: boolean
}

/** Of each cluster, in this order: how much of it passed, failed, is unknown, is an error, its scores, and how much has a score. */
export const TALLIED = ['pass', 'fail', 'unknown', 'error', 'score', 'scored'] as const

/** Labels as the language writes them; sums in the order of `TALLIED`. */
export interface TallyRow extends Tally {
  /** Of its step; 0 without steps. */
  readonly step: number
  /** Means of the scores of what passed and what failed. */
  readonly meanOfPass: number | null
  readonly meanOfFail: number | null
}

/** Of so many clusters their mean scores are given one by one. */
export const FEW_MEANS = 29
const MAX_ROWS = 20_000
/** Of a subject that is judged long after it was: spans are looked for so far back. */
const SPANS_BEFORE_MS = 35 * 86_400_000

const CARRIED: Readonly<Record<string, string>> = {
  'agent.name': 'agent_name',
  'agent.version': 'agent_version',
  env: 'env',
}

export function talliesQuery(database: string, tenant: string, query: TalliesQuery): Query {
  const { evalId, measureHash, fromMs, toMs, stepMs, by, bins, bySession, subject } = query
  const labels = by.map((group, i) => ({ group, name: `l${i}` }))
  const ofSpans = labels.filter(({ group }) => group.kind === 'attr' || CARRIED[group.path] === undefined)
  const params: Query['query_params'] = {
    tenant,
    evalId,
    measureHash,
    fromMs,
    toMs,
    spansFromMs: fromMs - SPANS_BEFORE_MS,
  }
  if (stepMs !== null) params.stepMs = stepMs
  for (const [i, group] of by.entries()) if (group.kind === 'attr') params[`attr${i}`] = group.name
  const within = `tenant = {tenant:String} AND eval_id = {evalId:String} AND ${LIVE}
      AND evaluated_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND evaluated_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')`
  const spansWithin = `tenant = {tenant:String} AND start_time >= fromUnixTimestamp64Milli({spansFromMs:Int64}, 'UTC')
      AND trace_id IN (SELECT trace_id FROM ${database}.results WHERE ${within})`
  const names = labels.map(({ name }) => name)
  const keys = ['step', ...names].join(', ')
  const subjects = subjectsOf(database, within, labels, stepMs)
  const cluster = bySession
    ? "if(ifNull(s.session, '') = '', hex(r.trace_id), concat('s:', s.session))"
    : 'hex(r.trace_id)'
  const shownLabels = labels.map(({ name }) =>
    ofSpans.some((one) => one.name === name) ? `ifNull(p.${name}, '') AS ${name}` : `r.${name} AS ${name}`,
  )
  const v = TALLIED.map((_, i) => `v${i}`)
  const products = v.flatMap((a, i) => v.slice(i).map((b) => `sum(${a} * ${b})`))
  const index = 'toInt32(if(x = 0, 0, sign(x) * greatest(1, floor(log(abs(x)) / {growth:Float64}) + {offset:Int32})))'
  const binned =
    bins === null
      ? ''
      : `, sumMapIf(map(${index}, toUInt64(1)), is_scored) AS bins, maxMapIf(map(${index}, x), is_scored) AS tops`
  if (bins !== null) Object.assign(params, { growth: bins.growth, offset: bins.offset })
  return {
    query: `SELECT ${keys}, sum(n_pass) AS pass, sum(n_fail) AS fail, sum(n_unknown) AS unknown, sum(n_error) AS error, sum(n_scored) AS scored,
  countIf(n_pass + n_fail + n_unknown + n_error > 0) AS clusters, [${v.map((one) => `sum(${one})`).join(', ')}] AS sums, [${products.join(', ')}] AS products,
  ${bins === null ? "'' AS bin_counts, '' AS bin_tops" : 'toJSONString(sumMap(bins)) AS bin_counts, toJSONString(maxMap(tops)) AS bin_tops'},
  if(countIf(n_scored > 0) <= ${FEW_MEANS}, arrayMap(t -> t.2, arraySort(groupArrayIf(${FEW_MEANS})((first_scored, mean_score), n_scored > 0))), []) AS few,
  sum(pass_scores) / nullIf(sum(n_pass_scored), 0) AS mean_of_pass, sum(fail_scores) / nullIf(sum(n_fail_scored), 0) AS mean_of_fail, sum(cost) AS cost, sum(unpriced) AS unpriced
FROM (
  SELECT ${['cluster', keys].join(', ')},
    sumIf(w, verdict = 'pass') AS v0, sumIf(w, verdict = 'fail') AS v1, sumIf(w, verdict = 'unknown') AS v2, sumIf(w, verdict = 'error') AS v3,
    sumIf(w * x, is_scored) AS v4, sumIf(w, is_scored) AS v5,
    countIf(verdict = 'pass') AS n_pass, countIf(verdict = 'fail') AS n_fail, countIf(verdict = 'unknown') AS n_unknown, countIf(verdict = 'error') AS n_error,
    countIf(is_scored) AS n_scored, minIf((at_ms, trace), is_scored) AS first_scored, if(n_scored = 1, sumIf(x, is_scored), v4 / v5) AS mean_score,
    sumIf(x, is_scored AND verdict = 'pass') AS pass_scores, countIf(is_scored AND verdict = 'pass') AS n_pass_scored,
    sumIf(x, is_scored AND verdict = 'fail') AS fail_scores, countIf(is_scored AND verdict = 'fail') AS n_fail_scored,
    sum(cost) AS cost, sum(unpriced) AS unpriced${binned}
  FROM (
    SELECT ${cluster} AS cluster, hex(r.trace_id) AS trace, ${['r.step AS step', ...shownLabels].join(', ')}, r.verdict AS verdict, r.x AS x, r.is_scored AS is_scored, r.w AS w, r.at_ms AS at_ms, r.cost AS cost, r.unpriced AS unpriced
    FROM (${subjects}) AS r${bySession ? sessionsOf(database, spansWithin) : ''}${ofSpans.length > 0 ? spanLabelsOf(database, spansWithin, subject, ofSpans) : ''}
  ) GROUP BY ${['cluster', keys].join(', ')}
) GROUP BY ${keys} ORDER BY ${keys} LIMIT ${MAX_ROWS}`,
    // A trace is on one shard with its results: what is joined is there as well.
    settings: "distributed_product_mode = 'local'",
    query_params: params,
  }
}

interface Label {
  readonly group: GroupPlan
  readonly name: string
}

/** Each subject of a run once, by its latest verdict; what its judgements cost, all of them. Of another measure only the cost counts. */
function subjectsOf(database: string, within: string, labels: readonly Label[], stepMs: number | null): string {
  const at = 'tupleElement(latest, 4)'
  const carried = labels.flatMap(({ group, name }) => {
    const column = group.kind === 'field' ? CARRIED[group.path] : undefined
    return column === undefined ? [] : [{ column, name }]
  })
  const inTuple = carried.map(({ column }) => `, ifNull(toString(${column}), '')`).join('')
  const shown = carried.map(({ name }, i) => `, tupleElement(latest, ${i + 5}) AS ${name}`).join('')
  return `SELECT trace_id, span_id, ${stepMs === null ? 'toInt64(0)' : `intDiv(${at} - {fromMs:Int64}, {stepMs:Int64})`} AS step,
      if(is_current, tupleElement(latest, 1), '') AS verdict, is_current AND isNotNull(tupleElement(latest, 2)) AS is_scored, ifNull(tupleElement(latest, 2), 0) AS x,
      1 / greatest(tupleElement(latest, 3), 1e-9) AS w, ${at} AS at_ms, cost, unpriced${shown}
    FROM (
      SELECT trace_id, span_id, measure_hash = {measureHash:String} AS is_current,
        argMax(tuple(toString(verdict), toNullable(score), inclusion_probability, toUnixTimestamp64Milli(evaluated_at)${inTuple}), (revision, evaluated_at)) AS latest,
        arraySum(t -> t.4, groupUniqArray((revision, toString(measure_hash), toString(verdict_hash), ifNull(cost_micro_usd, 0)))) AS cost,
        countIf(isNull(cost_micro_usd) AND isNotNull(judge_model)) AS unpriced
      FROM ${database}.results WHERE ${within} AND revision >= 1
      GROUP BY trace_id, span_id, subject_kind, run_id, is_current
    )`
}

const sessionsOf = (database: string, within: string): string => `
    LEFT JOIN (
      SELECT trace_id, any(session_id) AS session FROM ${database}.spans WHERE ${within} AND isNotNull(session_id) GROUP BY trace_id
    ) AS s ON s.trace_id = r.trace_id`

const SPAN_COLUMNS: Readonly<Record<string, string>> = {
  name: "if(ifNull(tool_name, '') = '', name, tool_name)",
  kind: 'toString(kind)',
  status: 'toString(status)',
  model: "ifNull(model, '')",
  provider: "ifNull(provider, '')",
  finish_reason: "ifNull(finish_reason, '')",
}

/** Labels that results do not carry: of the span that is judged, or of a trace's root. */
function spanLabelsOf(database: string, within: string, subject: Subject, labels: readonly Label[]): string {
  const isWhole = subject === 'trace' || subject === 'session'
  const shown = labels.map(({ group, name }) => {
    const attribute = `{attr${name.slice(1)}:String}`
    const text = `if(JSONType(attributes, ${attribute}) = 'String', JSONExtractString(attributes, ${attribute}), JSONExtractRaw(attributes, ${attribute}))`
    const of = group.kind === 'attr' ? text : (SPAN_COLUMNS[group.path] ?? "''")
    return `any(${of}) AS ${name}`
  })
  const keys = isWhole ? 'trace_id' : 'trace_id, span_id'
  const roots = isWhole ? " AND parent_span_id = unhex('0000000000000000')" : ''
  return `
    LEFT JOIN (
      SELECT ${keys}, ${shown.join(', ')} FROM ${database}.spans WHERE ${within}${roots} GROUP BY ${keys}
    ) AS p ON p.trace_id = r.trace_id${isWhole ? '' : ' AND p.span_id = r.span_id'}`
}

type Count = number | string

export type StoredTally = Record<
  'step' | 'pass' | 'fail' | 'unknown' | 'error' | 'scored' | 'clusters' | 'unpriced',
  Count
> & {
  sums: number[]
  products: number[]
  bin_counts: string
  bin_tops: string
  few: number[]
  mean_of_pass: number | null
  mean_of_fail: number | null
  cost: number | null
} & Record<`l${number}`, string>

export function tallyFromRow(row: StoredTally, by: readonly GroupPlan[]): TallyRow {
  const counts = row.bin_counts === '' ? {} : (JSON.parse(row.bin_counts) as Record<string, Count>)
  const tops = row.bin_tops === '' ? {} : (JSON.parse(row.bin_tops) as Record<string, number>)
  return {
    step: Number(row.step),
    group: Object.fromEntries(by.map((group, i) => [printGroup(group), row[`l${i}`] || '(none)'])),
    counts: { pass: Number(row.pass), fail: Number(row.fail), unknown: Number(row.unknown), error: Number(row.error) },
    scored: Number(row.scored),
    clusters: Number(row.clusters),
    sums: row.sums.map(Number),
    products: row.products.map(Number),
    bins: Object.entries(counts).map(([index, count]) => [Number(index), Number(count), Number(tops[index] ?? 0)]),
    few: row.few.map(Number),
    meanOfPass: row.mean_of_pass,
    meanOfFail: row.mean_of_fail,
    costMicroUsd: knownCost(Number(row.cost ?? 0), Number(row.unpriced)),
  }
}

export interface WorstQuery {
  readonly evalId: string
  readonly measureHash: string
  readonly fromMs: number
  readonly toMs: number
  /** Which scores are the worst; `newest` where there are none. */
  readonly order: 'lowest' | 'highest' | 'newest'
  readonly limit: number
}

export interface StoredWorst {
  trace: string
  span: string
  score: number | null
}

/** Failing subjects. */
export function worstQuery(database: string, tenant: string, query: WorstQuery): Query {
  const { order, ...params } = query
  const byScore = { lowest: 'score_of ASC NULLS LAST, ', highest: 'score_of DESC NULLS LAST, ', newest: '' }[order]
  return {
    query: `SELECT lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span, tupleElement(latest, 2) AS score FROM (
  SELECT trace_id, span_id, max(evaluated_at) AS at,
    argMax(tuple(toString(verdict), toNullable(score)), (revision, evaluated_at)) AS latest, tupleElement(latest, 2) AS score_of
  FROM ${database}.results
  WHERE tenant = {tenant:String} AND eval_id = {evalId:String} AND measure_hash = {measureHash:String} AND revision >= 1 AND ${LIVE}
    AND evaluated_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND evaluated_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  GROUP BY trace_id, span_id, subject_kind, run_id
) WHERE tupleElement(latest, 1) = 'fail' ORDER BY ${byScore}at DESC, trace_id, span_id LIMIT {limit:UInt32}`,
    query_params: { tenant, ...params },
  }
}
