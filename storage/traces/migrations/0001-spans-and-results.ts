/**
 * The first schema. Both tables are ReplacingMergeTree, whose merges drop rows of equal sorting key; what a key or a partition
 * is made of is therefore immutable. Merges come at their own time: queries drop duplicates themselves (`queries.ts`).
 *
 * Spans sort by day before trace: a query over a window reads its days alone, and a trace is still one seek a day. The granule
 * is an eighth of the usual, because rows are wide and a trace has few of them. Inserts of up to 64 MB are kept as compact parts:
 * one file, not a hundred and fifty.
 *
 * A result is identified by its whole sorting key, so there is no id column: it would cost a hash a row. Results sort by subject
 * so that the latest revision of each is found in reading order, without memory for all of them.
 */
import type { Migration } from '../migrations.ts'

export const spansAndResults: Migration = {
  version: 1,
  name: 'spans and results',
  statements: [
    {
      create: 'spans',
      columns: `  tenant LowCardinality(String),
  trace_id FixedString(16),
  span_id FixedString(8),
  parent_span_id FixedString(8),
  kind LowCardinality(String),
  name LowCardinality(String),
  start_time DateTime64(6, 'UTC'),
  start_time_sub_us UInt16,
  duration_ns UInt64,
  status LowCardinality(String),
  status_message Nullable(String),
  agent_name LowCardinality(Nullable(String)),
  agent_version LowCardinality(Nullable(String)),
  env LowCardinality(Nullable(String)),
  session_id Nullable(String),
  user_id Nullable(String),
  provider LowCardinality(Nullable(String)),
  model LowCardinality(Nullable(String)),
  input_text Nullable(String),
  input_messages Nullable(String),
  output_text Nullable(String),
  output_messages Nullable(String),
  tokens_input Nullable(UInt64),
  tokens_output Nullable(UInt64),
  tokens_total Nullable(UInt64),
  tokens_cached_input Nullable(UInt64),
  tokens_reasoning Nullable(UInt64),
  cost_micro_usd Nullable(Float64),
  cost_source LowCardinality(Nullable(String)),
  tool_name LowCardinality(Nullable(String)),
  tool_call_id Nullable(String),
  tool_arguments Nullable(String),
  tool_result Nullable(String),
  retrieval_query Nullable(String),
  documents Nullable(String),
  finish_reason LowCardinality(Nullable(String)),
  time_to_first_token_ms Nullable(Float64),
  error_message Nullable(String),
  convention LowCardinality(String),
  attributes String,
  resource LowCardinality(String),
  scope_name LowCardinality(Nullable(String)),
  scope_version LowCardinality(Nullable(String)),
  events String,
  links String,
  stored_at DateTime64(3, 'UTC')`,
      versionColumn: 'stored_at',
      keys: `PARTITION BY toYYYYMM(start_time)
ORDER BY (tenant, toDate(start_time), trace_id, span_id)`,
      settings:
        'index_granularity = 1024, min_bytes_for_wide_part = 67108864, non_replicated_deduplication_window = 1000, merge_selector_base = 20',
      shardBy: 'cityHash64(trace_id)',
    },
    {
      create: 'results',
      columns: `  tenant LowCardinality(String),
  eval_id LowCardinality(String),
  measure_hash LowCardinality(String),
  verdict_hash LowCardinality(String),
  mode LowCardinality(String),
  subject_kind LowCardinality(String),
  trace_id FixedString(16),
  span_id FixedString(8),
  subject_time DateTime64(6, 'UTC'),
  evaluated_at DateTime64(3, 'UTC'),
  revision UInt32,
  verdict LowCardinality(String),
  score Nullable(Float64),
  reason LowCardinality(String),
  evidence String,
  explanation Nullable(String),
  agent_name LowCardinality(Nullable(String)),
  agent_version LowCardinality(Nullable(String)),
  env LowCardinality(Nullable(String)),
  judge_model LowCardinality(Nullable(String)),
  judge_input_tokens Nullable(UInt64),
  judge_output_tokens Nullable(UInt64),
  cost_micro_usd Nullable(Float64),
  run_id LowCardinality(String),
  inclusion_probability Float64,
  stored_at DateTime64(3, 'UTC'),
  INDEX by_time evaluated_at TYPE minmax GRANULARITY 1`,
      versionColumn: 'stored_at',
      keys: `PARTITION BY toYYYYMM(subject_time)
PRIMARY KEY (tenant, eval_id, trace_id, span_id)
ORDER BY (tenant, eval_id, trace_id, span_id, subject_kind, run_id, revision, measure_hash, verdict_hash)`,
      settings:
        'min_bytes_for_wide_part = 67108864, non_replicated_deduplication_window = 1000, merge_selector_base = 20',
      shardBy: 'cityHash64(trace_id)',
    },
  ],
}
