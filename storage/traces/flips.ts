/** Where an eval changed its mind: subjects whose last verdict is another than the one before it. */
import type { Verdict } from '../../engine/model/result.ts'
import { SUBJECT_KEY } from './latest.ts'
import { LIVE, type Query } from './queries.ts'
import type { EvalFlip, FlipQuery, Said } from './search-port.ts'
import { idFromHex } from './stored-id.ts'

export interface StoredFlip {
  trace: string
  span: string
  /** By time: [ms, revision, verdict, measure, verdict hash, run]. */
  said: readonly [number | string, number, Verdict, string, string, string][]
}

/** Verdicts on one subject that are looked at: judged more often than that, the first of them are what is left out. */
const MOST_VERDICTS = 50

/** Which subjects they may be is found by a hash: hardly any was judged in two ways. By a later revision, by another definition, or by a judge that was asked again. */
export function flipsQuery(database: string, tenant: string, { evalId, sinceMs, limit }: FlipQuery): Query {
  const rows = `FROM ${database}.results WHERE tenant = {tenant:String} AND eval_id = {evalId:String} AND ${LIVE}`
  const since = `max(evaluated_at) >= fromUnixTimestamp64Milli({sinceMs:Int64}, 'UTC')`
  return {
    query: `SELECT lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span,
  arraySlice(arraySort(groupArray((toUnixTimestamp64Milli(at), revision, toString(verdict), toString(measure_hash), toString(verdict_hash), toString(run_id)))), -${MOST_VERDICTS}) AS said
FROM (
  SELECT trace_id, span_id, revision, measure_hash, verdict_hash, run_id, argMax(verdict, evaluated_at) AS verdict, max(evaluated_at) AS at
  ${rows} AND ${SUBJECT_KEY} IN (
    SELECT ${SUBJECT_KEY} AS key ${rows} GROUP BY key HAVING min(verdict) != max(verdict) AND ${since}
  )
  GROUP BY eval_id, trace_id, span_id, subject_kind, run_id, revision, measure_hash, verdict_hash
) GROUP BY trace_id, span_id
HAVING uniqExact(verdict) > 1 AND max(at) >= fromUnixTimestamp64Milli({sinceMs:Int64}, 'UTC')
ORDER BY max(at) DESC, trace, span LIMIT {limit:UInt32}`,
    // A trace is on one shard, with its results: each looks for its own.
    settings: "distributed_product_mode = 'local'",
    query_params: { tenant, evalId, sinceMs, limit },
  }
}

/** Null where what differs is further back than is looked at. */
export function flipFromRow({ trace, span, said }: StoredFlip): EvalFlip | null {
  const now = said.at(-1)
  const before = said.findLast(([, , verdict]) => verdict !== now?.[2])
  if (now === undefined || before === undefined) return null
  return { traceId: trace, spanId: idFromHex(span), before: saidOf(before), now: saidOf(now) }
}

const saidOf = ([at, revision, verdict, measureHash, verdictHash, runId]: StoredFlip['said'][number]): Said => ({
  atMs: Number(at),
  revision: Number(revision),
  verdict,
  measureHash,
  verdictHash,
  runId,
})
