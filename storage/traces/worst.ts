/** The worst of what failed: examples for a scorecard. */
import type { Query } from './queries.ts'
import { idFromHex } from './stored-id.ts'
import { tallyRows } from './tallies.ts'

export interface WorstQuery {
  readonly evals: readonly WorstOfEval[]
  readonly fromMs: number
  readonly toMs: number
  /** Of each eval. */
  readonly limit: number
}

export interface WorstOfEval {
  readonly evalId: string
  readonly measureHash: string
  /** Which scores are the worst; `newest` where there are none. */
  readonly order: 'lowest' | 'highest' | 'newest'
}

export interface WorstRow {
  readonly evalId: string
  readonly traceId: string
  readonly spanId: string
  readonly score: number | null
}

export interface StoredWorst {
  eval_id: string
  trace: string
  span: string
  score: number | null
}

const BADNESS: Readonly<Record<WorstOfEval['order'], string>> = {
  lowest: 'score_of',
  highest: '-score_of',
  newest: 'NULL',
}

/** Failing subjects. */
export function worstQuery(database: string, tenant: string, { evals, fromMs, toMs, limit }: WorstQuery): Query {
  const { where, params } = tallyRows(tenant, { evals, windows: [{ fromMs, toMs }] })
  const isCurrent = evals.map((_, i) => `eval_id = {evalId${i}:String} AND measure_hash = {measureHash${i}:String}`)
  const badness = evals.map(({ order }, i) => `eval_id = {evalId${i}:String}, ${BADNESS[order]}`)
  return {
    query: `SELECT eval_id, lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span, score_of AS score FROM (
  SELECT eval_id, trace_id, span_id, max(evaluated_at) AS at,
    argMax(tuple(toString(verdict), toNullable(score)), (revision, evaluated_at)) AS latest, tupleElement(latest, 2) AS score_of
  FROM ${database}.results WHERE ${where} AND (${isCurrent.join(' OR ')})
  GROUP BY eval_id, trace_id, span_id, subject_kind, run_id
) WHERE tupleElement(latest, 1) = 'fail'
ORDER BY eval_id, multiIf(${badness.join(', ')}, NULL) ASC NULLS LAST, at DESC, trace_id, span_id LIMIT {limit:UInt32} BY eval_id`,
    query_params: {
      ...params,
      ...Object.fromEntries(evals.map(({ measureHash }, i) => [`measureHash${i}`, measureHash])),
      limit,
    },
  }
}

export const worstFromRow = ({ eval_id: evalId, trace, span, score }: StoredWorst): WorstRow => ({
  ...{ evalId, traceId: trace, spanId: idFromHex(span), score },
})
