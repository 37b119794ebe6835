/**
 * What results of an eval add up to over a period, by parts of the traffic: sums, from which rates, means and their intervals are made.
 * Subjects weigh what the inverse of the probability says with which they were drawn. Their sums are taken cluster by cluster (session, else
 * trace), and of the clusters' sums the products of each two are added up: the variance of any ratio of two of them is made of those.
 */
import type { GroupPlan, Subject } from '../../dsl/plan.ts'
import { printGroup } from '../../dsl/print-rule.ts'
import { knownCost } from '../../engine/no-price.ts'
import type { Tally } from '../../engine/scorecard/estimate.ts'
import { MAX_SEVERAL, type RowsOf, type SeveralRow, severalQuery } from './latest.ts'
import { LIVE, type Query } from './queries.ts'

export interface TalliesQuery {
  readonly evals: readonly TalliedEval[]
  readonly windows: readonly TalliesWindow[]
  readonly bins: { readonly growth: number; readonly offset: number }
  /** Clusters are sessions where there are any; traces otherwise. It reads the spans. */
  readonly bySession: boolean
}

export interface TalliedEval {
  readonly evalId: string
  readonly measureHash: string
  readonly subject: Subject
  readonly parts: readonly TalliedPart[]
}

/** Results of an eval by these labels. */
export interface TalliedPart {
  readonly by: readonly GroupPlan[]
  /** Whether it is told how many of the scores fall into each bin. */
  readonly isOfValues: boolean
  /** Nothing is told by clusters, as of steps. */
  readonly isSumsAlone?: true
}

/** Evaluated in [fromMs, toMs). */
export interface TalliesWindow {
  readonly fromMs: number
  readonly toMs: number
  /** By steps of this length since `fromMs`, of which nothing is told by clusters; null for the whole. */
  readonly stepMs: number | null
}

/** Of each cluster, in this order: how much of it passed, failed, is unknown, is an error, its scores, and how much has a score. */
export const TALLIED = ['pass', 'fail', 'unknown', 'error', 'score', 'scored'] as const

/** Labels as the language writes them; sums in the order of `TALLIED`. */
export interface TallyRow extends Tally {
  readonly evalId: string
  /** Which of the eval's parts, and which of the windows. */
  readonly part: number
  readonly window: number
  /** Of its step; 0 without steps. */
  readonly step: number
  /** Means of the scores of what passed and what failed. */
  readonly meanOfPass: number | null
  readonly meanOfFail: number | null
}

/** Of so many clusters their mean scores are given one by one. */
export const FEW_MEANS = 29
/** Of a part in a window. */
const MAX_ROWS = 20_000
/** Of a subject that is judged long after it was: spans are looked for so far back. */
const SPANS_BEFORE_MS = 35 * 86_400_000

const CARRIED: Readonly<Record<string, string>> = {
  'agent.name': 'agent_name',
  'agent.version': 'agent_version',
  env: 'env',
}

/** Those with several rows of a subject are found first. */
export async function tallied(
  rows: <Row>(query: Query) => Promise<Row[]>,
  database: string,
  tenant: string,
  query: TalliesQuery,
): Promise<TallyRow[]> {
  const several = await rows<SeveralRow>(severalQuery(database, tallyRows(tenant, query), SUBJECT_OF_RUN))
  const found = talliesQueries(database, tenant, query, several).map((one) => rows<StoredTally>(one))
  return talliesFrom((await Promise.all(found)).flat(), query)
}

/** Of one part; its number is what a statement calls it by. */
interface Asked extends Omit<TalliedEval, 'parts'>, TalliedPart {
  readonly number: number
  readonly part: number
}

const askedOf = ({ evals }: TalliesQuery): Asked[] =>
  evals
    .flatMap(({ parts, ...of }) => parts.map((one, part) => ({ ...of, ...one, part })))
    .map((one, number) => ({ ...one, number }))

const isOfSpans = (group: GroupPlan): boolean => group.kind === 'attr' || CARRIED[group.path] === undefined

/** Rows of all windows. */
export function tallyRows(
  tenant: string,
  { evals, windows }: { evals: readonly { evalId: string }[]; windows: readonly Omit<TalliesWindow, 'stepMs'>[] },
): RowsOf {
  return {
    where: `tenant = {tenant:String} AND eval_id IN (${evals.map((_, i) => `{evalId${i}:String}`).join(', ')}) AND revision >= 1 AND ${LIVE}
      AND evaluated_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND evaluated_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')`,
    params: {
      tenant,
      ...Object.fromEntries(evals.map(({ evalId }, i) => [`evalId${i}`, evalId])),
      fromMs: Math.min(...windows.map(({ fromMs }) => fromMs)),
      toMs: Math.max(...windows.map(({ toMs }) => toMs)),
    },
  }
}

/**
 * To plan such a statement takes as long as to run it, so that one is of as much as can be: parts by labels that are of spans alone are joined
 * with them, and have one each.
 */
function talliesQueries(
  database: string,
  tenant: string,
  query: TalliesQuery,
  several: readonly SeveralRow[],
): Query[] {
  const asked = askedOf(query)
  const together = asked.filter(({ by }) => !by.some(isOfSpans))
  return [
    ...(together.length > 0 ? [together] : []),
    ...asked.filter(({ by }) => by.some(isOfSpans)).map((one) => [one]),
  ].map((some) => talliesQuery(database, tenant, query, some, several))
}

function talliesQuery(
  database: string,
  tenant: string,
  { windows, bins, bySession, evals: all }: TalliesQuery,
  asked: readonly Asked[],
  several: readonly SeveralRow[],
): Query {
  const evals = all.filter(({ evalId }) => asked.some((one) => one.evalId === evalId))
  const { where: within, params: ofRows } = tallyRows(tenant, { evals, windows })
  const params: Query['query_params'] = { ...ofRows, spansFromMs: Number(ofRows.fromMs) - SPANS_BEFORE_MS }
  for (const [i, { measureHash }] of evals.entries()) params[`measureHash${i}`] = measureHash
  for (const [i, { fromMs, toMs, stepMs }] of windows.entries()) {
    Object.assign(params, {
      [`from${i}`]: fromMs,
      [`to${i}`]: toMs,
      ...(stepMs !== null && { [`stepMs${i}`]: stepMs }),
    })
  }
  if (several.length > 0 && several.length <= MAX_SEVERAL) params.several = several.map(({ h }) => h)
  const [first] = asked
  const ofSpans = (first?.by ?? [])
    .map((group, i) => ({ group, name: `l${i}` }))
    .filter(({ group }) => isOfSpans(group))
  for (const { group, name } of ofSpans) if (group.kind === 'attr') params[`attr${name.slice(1)}`] = group.name
  const spansWithin = `tenant = {tenant:String} AND start_time >= fromUnixTimestamp64Milli({spansFromMs:Int64}, 'UTC')
      AND trace_id IN (SELECT trace_id FROM ${database}.results WHERE ${within})`
  const labels = asked.flatMap(({ by, number }) => {
    const of = by.map((group, i) => (isOfSpans(group) ? `ifNull(p.l${i}, '')` : `r.${carriedOf(group)}_of`))
    return of.length === 0 ? [] : [`asked = ${number}, [${of.join(', ')}]`]
  })
  const stepped = windows.flatMap(({ stepMs }, i) => (stepMs === null ? [] : [i]))
  const step = stepped.map((i) => `r.period = ${i}, intDiv(r.at_ms - {from${i}:Int64}, {stepMs${i}:Int64})`)
  const whole = bySession
    ? "if(ifNull(s.session, '') = '', hex(r.trace_id), concat('s:', s.session))"
    : 'hex(r.trace_id)'
  const sumsAlone = asked.filter(({ isSumsAlone }) => isSumsAlone).map(({ number }) => number)
  const isOne = [
    ...(stepped.length === 0 ? [] : [`r.period IN (${stepped.join(', ')})`]),
    ...(sumsAlone.length === 0 ? [] : [`asked IN (${sumsAlone.join(', ')})`]),
  ]
  const cluster = isOne.length === 0 ? whole : `if(${isOne.join(' OR ')}, '', ${whole})`
  const askedOfEval = evals.map(({ evalId }, i) => {
    const numbers = asked.filter((one) => one.evalId === evalId).map(({ number }) => number)
    return `r.eval_id = {evalId${i}:String}, [${numbers.join(', ')}]`
  })
  const keys = 'asked, period, step, labels'
  const v = TALLIED.map((_, i) => `v${i}`)
  const products = v.flatMap((a, i) => v.slice(i).map((b) => `sum(${a} * ${b})`))
  const index = 'toInt32(if(x = 0, 0, sign(x) * greatest(1, floor(log(abs(x)) / {growth:Float64}) + {offset:Int32})))'
  const ofValues = asked.filter(({ isOfValues }) => isOfValues).map(({ number }) => number)
  const isBinned = `is_scored AND asked IN (${ofValues.join(', ')})`
  const binned =
    ofValues.length === 0
      ? ''
      : `, sumMapIf(map(${index}, toUInt64(1)), ${isBinned}) AS bins, maxMapIf(map(${index}, x), ${isBinned}) AS tops`
  if (ofValues.length > 0) Object.assign(params, bins)
  return {
    query: `SELECT ${keys}, sum(n_pass) AS pass, sum(n_fail) AS fail, sum(n_unknown) AS unknown, sum(n_error) AS error, sum(n_scored) AS scored,
  countIf(n_pass + n_fail + n_unknown + n_error > 0) AS clusters, [${v.map((one) => `sum(${one})`).join(', ')}] AS sums, [${products.join(', ')}] AS products,
  ${ofValues.length === 0 ? "'' AS bin_counts, '' AS bin_tops" : 'toJSONString(sumMap(bins)) AS bin_counts, toJSONString(maxMap(tops)) AS bin_tops'},
  if(countIf(n_scored > 0) <= ${FEW_MEANS}, arrayMap(t -> t.2, arraySort(groupArrayIf(${FEW_MEANS})((first_scored, mean_score), n_scored > 0))), []) AS few,
  sum(pass_scores) / nullIf(sum(n_pass_scored), 0) AS mean_of_pass, sum(fail_scores) / nullIf(sum(n_fail_scored), 0) AS mean_of_fail, sum(cost) AS cost, sum(unpriced) AS unpriced
FROM (
  SELECT cluster, ${keys},
    sumIf(w, verdict = 'pass') AS v0, sumIf(w, verdict = 'fail') AS v1, sumIf(w, verdict = 'unknown') AS v2, sumIf(w, verdict = 'error') AS v3,
    sumIf(w * x, is_scored) AS v4, sumIf(w, is_scored) AS v5,
    countIf(verdict = 'pass') AS n_pass, countIf(verdict = 'fail') AS n_fail, countIf(verdict = 'unknown') AS n_unknown, countIf(verdict = 'error') AS n_error,
    countIf(is_scored) AS n_scored, minIf(concat(leftPad(toString(at_ms), 20, '0'), trace), is_scored) AS first_scored, if(n_scored = 1, sumIf(x, is_scored), v4 / v5) AS mean_score,
    sumIf(x, is_scored AND verdict = 'pass') AS pass_scores, countIf(is_scored AND verdict = 'pass') AS n_pass_scored,
    sumIf(x, is_scored AND verdict = 'fail') AS fail_scores, countIf(is_scored AND verdict = 'fail') AS n_fail_scored,
    sum(cost) AS cost, sum(unpriced) AS unpriced${binned}
  FROM (
    SELECT arrayJoin(multiIf(${askedOfEval.join(', ')}, [])) AS asked, r.period AS period, ${step.length === 0 ? 'toInt64(0)' : `multiIf(${step.join(', ')}, 0)`} AS step,
      ${labels.length === 0 ? 'emptyArrayString()' : `multiIf(${labels.join(', ')}, [])`} AS labels, ${cluster} AS cluster, hex(r.trace_id) AS trace,
      if(r.is_current, r.verdict_of, '') AS verdict, r.is_current AND isNotNull(r.score_of) AS is_scored, ifNull(r.score_of, 0) AS x,
      1 / greatest(r.drawn_by, 1e-9) AS w, r.at_ms AS at_ms, r.cost AS cost, r.unpriced AS unpriced
    FROM (${subjectsOf(database, within, { evals, windows, asked }, several)}) AS r${bySession ? sessionsOf(database, spansWithin) : ''}${ofSpans.length > 0 && first !== undefined ? spanLabelsOf(database, spansWithin, first.subject, ofSpans) : ''}
  ) GROUP BY cluster, ${keys}
) GROUP BY ${keys} ORDER BY ${keys} LIMIT ${MAX_ROWS} BY asked, period`,
    // A trace is on one shard with its results: what is joined is there as well.
    settings: "distributed_product_mode = 'local'",
    query_params: params,
  }
}

interface Label {
  readonly group: GroupPlan
  readonly name: string
}

const carriedOf = (group: GroupPlan): string => (group.kind === 'field' ? (CARRIED[group.path] ?? '') : '')

/** Equal for all rows of a subject of a run. */
const SUBJECT_OF_RUN = 'cityHash64(eval_id, trace_id, span_id, run_id)'

/**
 * In each window each subject of a run once, by its latest verdict there; what its judgements cost, all of them. Of another measure only the
 * cost counts.
 */
function subjectsOf(
  database: string,
  within: string,
  { evals, windows, asked }: Pick<TalliesQuery, 'evals' | 'windows'> & { asked: readonly Asked[] },
  several: readonly SeveralRow[],
): string {
  const carried = [...new Set(asked.flatMap(({ by }) => by.map(carriedOf)))].filter((column) => column !== '')
  const isCurrent = evals.map((_, i) => `eval_id = {evalId${i}:String}, measure_hash = {measureHash${i}:String}`)
  const isWithin = windows.map((_, i) => `if(at >= {from${i}:Int64} AND at < {to${i}:Int64}, [${i}], [])`)
  const from = (also: string): string => `FROM (
        SELECT eval_id, trace_id, span_id, subject_kind, run_id, revision, evaluated_at, verdict, score, inclusion_probability, measure_hash, verdict_hash, cost_micro_usd, judge_model,
          ${carried.map((column) => `${column}, `).join('')}multiIf(${isCurrent.join(', ')}, false) AS is_current, toUnixTimestamp64Milli(evaluated_at) AS at, arrayJoin(arrayConcat(${isWithin.join(', ')})) AS period
        FROM ${database}.results WHERE ${within}${also})`
  const plain = (
    also: string,
  ): string => `SELECT eval_id, trace_id, span_id, period, is_current, toString(verdict) AS verdict_of, score AS score_of, inclusion_probability AS drawn_by, at AS at_ms,
        ifNull(cost_micro_usd, 0) AS cost, toUInt64(isNull(cost_micro_usd) AND isNotNull(judge_model)) AS unpriced${carried.map((column) => `, ifNull(toString(${column}), '') AS ${column}_of`).join('')}
      ${from(also)}`
  const grouped = (
    also: string,
  ): string => `SELECT eval_id, trace_id, span_id, period, is_current, latest.1 AS verdict_of, latest.2 AS score_of, latest.3 AS drawn_by, latest.4 AS at_ms,
        cost, unpriced${carried.map((column, i) => `, latest.${i + 5} AS ${column}_of`).join('')}
      FROM (
        SELECT eval_id, trace_id, span_id, period, is_current,
          argMax(tuple(toString(verdict), toNullable(score), inclusion_probability, at${carried.map((column) => `, ifNull(toString(${column}), '')`).join('')}), (revision, evaluated_at)) AS latest,
          arraySum(t -> t.4, groupUniqArray((revision, toString(measure_hash), toString(verdict_hash), ifNull(cost_micro_usd, 0)))) AS cost,
          countIf(isNull(cost_micro_usd) AND isNotNull(judge_model)) AS unpriced
        ${from(also)}
        GROUP BY eval_id, trace_id, span_id, subject_kind, run_id, is_current, period
      )`
  if (several.length === 0) return plain('')
  if (several.length > MAX_SEVERAL) return grouped('')
  const isSeveral = `${SUBJECT_OF_RUN} IN (SELECT toUInt64(arrayJoin({several:Array(String)})))`
  return `${plain(` AND NOT ${isSeveral}`)} UNION ALL ${grouped(` AND ${isSeveral}`)}`
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

type StoredTally = Record<
  'asked' | 'period' | 'step' | 'pass' | 'fail' | 'unknown' | 'error' | 'scored' | 'clusters' | 'unpriced',
  Count
> & {
  labels: string[]
  sums: number[]
  products: number[]
  bin_counts: string
  bin_tops: string
  few: number[]
  mean_of_pass: number | null
  mean_of_fail: number | null
  cost: number | null
}

function talliesFrom(rows: readonly StoredTally[], query: TalliesQuery): TallyRow[] {
  const asked = askedOf(query)
  return rows.flatMap((row) => {
    const of = asked[Number(row.asked)]
    return of === undefined ? [] : [tallyFromRow(row, of, query.windows[Number(row.period)]?.stepMs === null)]
  })
}

function tallyFromRow(row: StoredTally, { evalId, part, by, isSumsAlone }: Asked, isWhole: boolean): TallyRow {
  const counts = row.bin_counts === '' ? {} : (JSON.parse(row.bin_counts) as Record<string, Count>)
  const tops = row.bin_tops === '' ? {} : (JSON.parse(row.bin_tops) as Record<string, number>)
  const ofClusters = { clusters: Number(row.clusters), products: row.products.map(Number), few: row.few.map(Number) }
  return {
    ...{ evalId, part, window: Number(row.period), step: Number(row.step) },
    group: Object.fromEntries(by.map((group, i) => [printGroup(group), row.labels[i] || '(none)'])),
    counts: { pass: Number(row.pass), fail: Number(row.fail), unknown: Number(row.unknown), error: Number(row.error) },
    scored: Number(row.scored),
    sums: row.sums.map(Number),
    ...(isWhole && !isSumsAlone ? ofClusters : { clusters: 0, products: [], few: [] }),
    bins: Object.entries(counts).map(([index, count]) => [Number(index), Number(count), Number(tops[index] ?? 0)]),
    meanOfPass: row.mean_of_pass,
    meanOfFail: row.mean_of_fail,
    costMicroUsd: knownCost(Number(row.cost ?? 0), Number(row.unpriced)),
  }
}
