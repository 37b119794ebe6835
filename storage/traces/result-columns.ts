/** A batch of results as a block in ClickHouse's Native format, in the columns of the table `results`. */
import type { EvalResult } from '../../engine/model/result.ts'
import { type Column, encodeBlock, LOG_COLUMNS, type RowContext } from './encode-block.ts'

const COLUMNS: readonly Column<EvalResult>[] = [
  ['tenant', (b, n) => b.lowCardinality(n, (r) => r.tenant)],
  ['eval_id', (b, n) => b.lowCardinality(n, (r) => r.evalId)],
  ['measure_hash', (b, n) => b.lowCardinality(n, (r) => r.measureHash)],
  ['verdict_hash', (b, n) => b.lowCardinality(n, (r) => r.verdictHash)],
  ['mode', (b, n) => b.lowCardinality(n, (r) => r.mode)],
  ['subject_kind', (b, n) => b.lowCardinality(n, (r) => r.subjectKind)],
  ['trace_id', (b, n) => b.hex(n, 16, (r) => r.traceId)],
  ['span_id', (b, n) => b.hex(n, 8, (r) => r.spanId)],
  ['subject_time', (b, n) => b.dateTime64(n, 6, (r) => r.subjectTimeUs)],
  ['evaluated_at', (b, n) => b.dateTime64(n, 3, (r) => r.evaluatedAtMs)],
  ['revision', (b, n) => b.uint32(n, (r) => r.revision)],
  ['verdict', (b, n) => b.lowCardinality(n, (r) => r.verdict)],
  ['score', (b, n) => b.nullableFloat64(n, (r) => r.score)],
  ['reason', (b, n) => b.lowCardinality(n, (r) => (r.reason === undefined ? '' : JSON.stringify(r.reason)))],
  ['evidence', (b, n) => b.string(n, evidenceText)],
  ['explanation', (b, n) => b.nullableString(n, (r) => r.explanation)],
  ['agent_name', (b, n) => b.lowCardinalityNullable(n, (r) => r.agentName)],
  ['agent_version', (b, n) => b.lowCardinalityNullable(n, (r) => r.agentVersion)],
  ['env', (b, n) => b.lowCardinalityNullable(n, (r) => r.env)],
  ['judge_model', (b, n) => b.lowCardinalityNullable(n, (r) => r.judgeModel)],
  ['judge_input_tokens', (b, n) => b.nullableUint64(n, (r) => r.judgeInputTokens)],
  ['judge_output_tokens', (b, n) => b.nullableUint64(n, (r) => r.judgeOutputTokens)],
  ['cost_micro_usd', (b, n) => b.nullableFloat64(n, (r) => r.costMicroUsd)],
  ['run_id', (b, n) => b.lowCardinality(n, (r) => r.runId)],
  ['inclusion_probability', (b, n) => b.float64(n, (r) => r.inclusionProbability)],
  ['drawn_for', (b, n) => b.lowCardinality(n, (r) => r.drawnFor ?? '')],
  ['stored_at', (b, n, { storedAtMs }) => b.dateTime64(n, 3, () => storedAtMs)],
  ...LOG_COLUMNS,
]

/** Matches and judgements are one list: what a verdict rests on. They are told apart by `kind`, which matches do not have. */
function evidenceText({ evidence, judgements }: EvalResult): string {
  if (judgements.length > 0) return JSON.stringify([...evidence, ...judgements])
  return evidence.length === 0 ? '' : JSON.stringify(evidence)
}

export const RESULT_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name)

export function encodeResultBlock(results: readonly EvalResult[], context: RowContext): Buffer {
  return encodeBlock(results, COLUMNS, context)
}
