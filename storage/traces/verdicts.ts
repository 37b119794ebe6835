/** What results say, in few columns: an agreement is worked out of thousands of them, whose texts nobody asks for. */
import type { EvalResult, Verdict } from '../../engine/model/result.ts'
import type { ResultFilter } from './port.ts'
import { LATEST, type Query, resultsWhere, SUBJECT } from './queries.ts'
import { idFromHex } from './stored-id.ts'

export type VerdictFilter = Pick<ResultFilter, 'labels' | 'sinceMs' | 'limit'> & { evalId: string }

export type StoredVerdict = Pick<
  EvalResult,
  'measureHash' | 'traceId' | 'spanId' | 'runId' | 'evaluatedAtMs' | 'verdict' | 'score' | 'inclusionProbability'
>

/** As `resultsQuery` selects and orders them. */
export function verdictsQuery(database: string, tenant: string, filter: VerdictFilter): Query {
  const { where, latest, params } = resultsWhere(tenant, filter)
  return {
    query: `SELECT measure_hash, lower(hex(trace_id)), lower(hex(span_id)), run_id, toUnixTimestamp64Milli(evaluated_at), verdict, score, inclusion_probability FROM (
  SELECT measure_hash, trace_id, span_id, run_id, evaluated_at, verdict, score, inclusion_probability
  FROM ${database}.results WHERE ${where.join(' AND ')}
  ORDER BY ${LATEST} LIMIT 1 BY ${SUBJECT}
) ${latest.length > 0 ? `WHERE ${latest.join(' AND ')}` : ''} ORDER BY evaluated_at DESC, trace_id, span_id, run_id LIMIT {limit:UInt32}`,
    query_params: params,
  }
}

export function verdictsFrom(columns: readonly unknown[][]): StoredVerdict[] {
  const [measures, traces, spans, runs, times, verdicts, scores, probabilities] = columns as [
    ...[measures: string[], traces: string[], spans: string[], runs: string[], times: (number | string)[]],
    ...[verdicts: Verdict[], scores: (number | null)[], probabilities: number[]],
  ]
  return (measures ?? []).map((measureHash, at) => ({
    ...{ measureHash, traceId: idFromHex(traces[at]!), spanId: idFromHex(spans[at]!), runId: runs[at]! },
    ...{ evaluatedAtMs: Number(times[at]), verdict: verdicts[at]!, score: scores[at] ?? undefined },
    inclusionProbability: probabilities[at]!,
  }))
}
