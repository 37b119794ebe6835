/** Rows of the table `results` as they are selected, and the results that they stand for. */
import { makeResult } from '../../engine/model/make-result.ts'
import type { EvalResult, Evidence, Judgement, Reason } from '../../engine/model/result.ts'
import { OWN_COLUMNS } from './encode-block.ts'
import { RESULT_COLUMNS } from './result-columns.ts'
import { idFromHex } from './stored-id.ts'

type Text = string | null
type Count = number | string | null

export interface ResultRow {
  tenant: string
  eval_id: string
  measure_hash: string
  verdict_hash: string
  mode: EvalResult['mode']
  subject_kind: EvalResult['subjectKind']
  trace_id_hex: string
  span_id_hex: string
  subject_time_us: number | string
  evaluated_at_ms: number | string
  revision: number
  verdict: EvalResult['verdict']
  score: number | null
  reason: string
  evidence: string
  explanation: Text
  agent_name: Text
  agent_version: Text
  env: Text
  judge_model: Text
  judge_input_tokens: Count
  judge_output_tokens: Count
  cost_micro_usd: Count
  run_id: string
  inclusion_probability: number
  drawn_for: string
}

const SELECTED_AS: Readonly<Record<string, string>> = {
  trace_id: 'lower(hex(trace_id)) AS trace_id_hex',
  span_id: 'lower(hex(span_id)) AS span_id_hex',
  subject_time: 'toUnixTimestamp64Micro(subject_time) AS subject_time_us',
  evaluated_at: 'toUnixTimestamp64Milli(evaluated_at) AS evaluated_at_ms',
}

/** The select list whose rows are `ResultRow`. */
export const RESULT_SELECT = RESULT_COLUMNS.filter((name) => !OWN_COLUMNS.has(name))
  .map((name) => SELECTED_AS[name] ?? name)
  .join(', ')

export function resultFromRow(row: ResultRow): EvalResult {
  return makeResult({
    tenant: row.tenant,
    evalId: row.eval_id,
    measureHash: row.measure_hash,
    verdictHash: row.verdict_hash,
    mode: row.mode,
    subjectKind: row.subject_kind,
    traceId: idFromHex(row.trace_id_hex),
    spanId: idFromHex(row.span_id_hex),
    subjectTimeUs: Number(row.subject_time_us),
    evaluatedAtMs: Number(row.evaluated_at_ms),
    revision: row.revision,
    verdict: row.verdict,
    score: row.score ?? undefined,
    reason: row.reason === '' ? undefined : (JSON.parse(row.reason) as Reason),
    ...evidenceFrom(row.evidence),
    explanation: row.explanation ?? undefined,
    agentName: row.agent_name ?? undefined,
    agentVersion: row.agent_version ?? undefined,
    env: row.env ?? undefined,
    judgeModel: row.judge_model ?? undefined,
    judgeInputTokens: number(row.judge_input_tokens),
    judgeOutputTokens: number(row.judge_output_tokens),
    costMicroUsd: number(row.cost_micro_usd),
    runId: row.run_id,
    inclusionProbability: row.inclusion_probability,
    drawnFor: row.drawn_for === 'flagged' ? 'flagged' : undefined,
  })
}

/** Both are one list in the store, see `result-columns.ts`. */
function evidenceFrom(text: string): { evidence?: Evidence[]; judgements?: Judgement[] } {
  if (text === '') return {}
  const evidence: Evidence[] = []
  const judgements: Judgement[] = []
  for (const one of JSON.parse(text) as (Evidence | Judgement)[]) {
    if ('kind' in one) judgements.push(one)
    else evidence.push(one)
  }
  return { evidence, ...(judgements.length > 0 && { judgements }) }
}

function number(value: Count): number | undefined {
  return value === null ? undefined : Number(value)
}
