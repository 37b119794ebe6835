CREATE DATABASE IF NOT EXISTS assay ON CLUSTER 'one';

CREATE TABLE IF NOT EXISTS assay.schema_migrations ON CLUSTER 'one' (
  version UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC')
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{database}/{table}', '{shard}-{replica}', applied_at) ORDER BY version;

CREATE TABLE IF NOT EXISTS assay.spans_local ON CLUSTER 'one' (
  tenant LowCardinality(String),
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
  stored_at DateTime64(3, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', stored_at)
PARTITION BY toYYYYMM(start_time)
ORDER BY (tenant, toDate(start_time), trace_id, span_id)
SETTINGS index_granularity = 1024, min_bytes_for_wide_part = 67108864, replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, merge_selector_base = 20, storage_policy = 'tiered';

CREATE TABLE IF NOT EXISTS assay.spans ON CLUSTER 'one' AS assay.spans_local
ENGINE = Distributed('one', 'assay', 'spans_local', cityHash64(trace_id));

CREATE TABLE IF NOT EXISTS assay.results_local ON CLUSTER 'one' (
  tenant LowCardinality(String),
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
  INDEX by_time evaluated_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', stored_at)
PARTITION BY toYYYYMM(subject_time)
PRIMARY KEY (tenant, eval_id, trace_id, span_id)
ORDER BY (tenant, eval_id, trace_id, span_id, subject_kind, run_id, revision, measure_hash, verdict_hash)
SETTINGS min_bytes_for_wide_part = 67108864, replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, merge_selector_base = 20, storage_policy = 'tiered';

CREATE TABLE IF NOT EXISTS assay.results ON CLUSTER 'one' AS assay.results_local
ENGINE = Distributed('one', 'assay', 'results_local', cityHash64(trace_id));

INSERT INTO assay.schema_migrations SELECT 1, 'spans and results', '8f7d34e8c9f0baf9126d6a82d013858a9d7b927626aa67a0f5d034fd09e60277', now64(3, 'UTC');

ALTER TABLE assay.spans_local ON CLUSTER 'one' MODIFY SETTING merge_with_ttl_timeout = 86400, materialize_ttl_recalculate_only = 1;

ALTER TABLE assay.results_local ON CLUSTER 'one' MODIFY SETTING merge_with_ttl_timeout = 86400, materialize_ttl_recalculate_only = 1;

INSERT INTO assay.schema_migrations SELECT 2, 'merges that take out what is past its retention', '78d5270a103b15fcd2bc2b1f5596f0791fc256c1ba0ac7dadb59a5d4bfc049c3', now64(3, 'UTC');

ALTER TABLE assay.spans_local ON CLUSTER 'one' ADD COLUMN IF NOT EXISTS log_partition UInt32 DEFAULT 4294967295;

ALTER TABLE assay.spans ON CLUSTER 'one' ADD COLUMN IF NOT EXISTS log_partition UInt32 DEFAULT 4294967295;

ALTER TABLE assay.spans_local ON CLUSTER 'one' ADD COLUMN IF NOT EXISTS log_offset UInt64 DEFAULT 0;

ALTER TABLE assay.spans ON CLUSTER 'one' ADD COLUMN IF NOT EXISTS log_offset UInt64 DEFAULT 0;

ALTER TABLE assay.results_local ON CLUSTER 'one' ADD COLUMN IF NOT EXISTS log_partition UInt32 DEFAULT 4294967295;

ALTER TABLE assay.results ON CLUSTER 'one' ADD COLUMN IF NOT EXISTS log_partition UInt32 DEFAULT 4294967295;

ALTER TABLE assay.results_local ON CLUSTER 'one' ADD COLUMN IF NOT EXISTS log_offset UInt64 DEFAULT 0;

ALTER TABLE assay.results ON CLUSTER 'one' ADD COLUMN IF NOT EXISTS log_offset UInt64 DEFAULT 0;

CREATE TABLE IF NOT EXISTS assay.integrity_checks_local ON CLUSTER 'one' (
  from_time DateTime64(3, 'UTC'),
  to_time DateTime64(3, 'UTC'),
  checked_at DateTime64(3, 'UTC'),
  report String
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', checked_at)
ORDER BY (from_time, to_time)
SETTINGS index_granularity = 1024, storage_policy = 'tiered';

CREATE TABLE IF NOT EXISTS assay.integrity_checks ON CLUSTER 'one' AS assay.integrity_checks_local
ENGINE = Distributed('one', 'assay', 'integrity_checks_local', rand());

INSERT INTO assay.schema_migrations SELECT 3, 'positions in the log, and what checks of them found', 'f3651741c94f4050b64fc91c79b5b328445246f40e608333d7bb69e25472918c', now64(3, 'UTC');

ALTER TABLE assay.spans_local ON CLUSTER 'one' ADD INDEX IF NOT EXISTS by_stored_at stored_at TYPE minmax GRANULARITY 1;

ALTER TABLE assay.spans_local ON CLUSTER 'one' MATERIALIZE INDEX by_stored_at;

ALTER TABLE assay.results_local ON CLUSTER 'one' ADD INDEX IF NOT EXISTS by_stored_at stored_at TYPE minmax GRANULARITY 1;

ALTER TABLE assay.results_local ON CLUSTER 'one' MATERIALIZE INDEX by_stored_at;

CREATE OR REPLACE TABLE assay.integrity_checks ON CLUSTER 'one' AS assay.integrity_checks_local
ENGINE = Distributed('one', 'assay', 'integrity_checks_local', cityHash64(from_time, to_time));

INSERT INTO assay.schema_migrations SELECT 4, 'an index for checks of the store against the log', 'a152dfba26f4b563f53c2d9e3dbbe0a2f532fd0abe1545765513dfb46a2ee6cd', now64(3, 'UTC');

CREATE TABLE IF NOT EXISTS assay.messages_local ON CLUSTER 'one' (
  tenant LowCardinality(String),
  trace_id FixedString(16),
  span_id FixedString(8),
  said_at DateTime64(6, 'UTC'),
  said_at_sub_us UInt16,
  event_key FixedString(16),
  input_messages Nullable(String),
  output_messages Nullable(String),
  stored_at DateTime64(3, 'UTC'),
  log_partition UInt32 DEFAULT 4294967295,
  log_offset UInt64 DEFAULT 0
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', stored_at)
PARTITION BY toYYYYMM(said_at)
ORDER BY (tenant, trace_id, span_id, event_key)
SETTINGS index_granularity = 1024, min_bytes_for_wide_part = 67108864, replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, merge_selector_base = 20, storage_policy = 'tiered';

CREATE TABLE IF NOT EXISTS assay.messages ON CLUSTER 'one' AS assay.messages_local
ENGINE = Distributed('one', 'assay', 'messages_local', cityHash64(trace_id));

INSERT INTO assay.schema_migrations SELECT 5, 'messages sent apart from their spans', 'aaa8f466683378d78cfb72c334b53f8d133fc92ba233b75727ad36f9bc913c8d', now64(3, 'UTC');

ALTER TABLE assay.spans_local ON CLUSTER 'one' ADD COLUMN IF NOT EXISTS size_bytes UInt64 MATERIALIZED length(name) + length(attributes) + length(events) + length(links) + ifNull(length(status_message), 0) + ifNull(length(input_text), 0) + ifNull(length(input_messages), 0) + ifNull(length(output_text), 0) + ifNull(length(output_messages), 0) + ifNull(length(tool_arguments), 0) + ifNull(length(tool_result), 0) + ifNull(length(retrieval_query), 0) + ifNull(length(documents), 0) + ifNull(length(error_message), 0);

ALTER TABLE assay.spans ON CLUSTER 'one' ADD COLUMN IF NOT EXISTS size_bytes UInt64 MATERIALIZED length(name) + length(attributes) + length(events) + length(links) + ifNull(length(status_message), 0) + ifNull(length(input_text), 0) + ifNull(length(input_messages), 0) + ifNull(length(output_text), 0) + ifNull(length(output_messages), 0) + ifNull(length(tool_arguments), 0) + ifNull(length(tool_result), 0) + ifNull(length(retrieval_query), 0) + ifNull(length(documents), 0) + ifNull(length(error_message), 0);

INSERT INTO assay.schema_migrations SELECT 6, 'sizes of spans', '79a829d11686923715bf31bc734d3670492c91f1196b0df684972dfaae7798b7', now64(3, 'UTC');

ALTER TABLE assay.results_local ON CLUSTER 'one' ADD COLUMN IF NOT EXISTS drawn_for LowCardinality(String) AFTER inclusion_probability;

ALTER TABLE assay.results ON CLUSTER 'one' ADD COLUMN IF NOT EXISTS drawn_for LowCardinality(String) AFTER inclusion_probability;

INSERT INTO assay.schema_migrations SELECT 7, 'what subjects are drawn for', '4c8caf0ab6d7c29e354f39074ba98cd20bb7da5cb5c414b3dc325d3348bb73ce', now64(3, 'UTC');

ALTER TABLE assay.spans_local ON CLUSTER 'one' MODIFY SETTING merge_max_block_size = 2048;

ALTER TABLE assay.spans_local ON CLUSTER 'one' MODIFY SETTING auto_statistics_types = '';

ALTER TABLE assay.results_local ON CLUSTER 'one' MODIFY SETTING auto_statistics_types = '';

ALTER TABLE assay.messages_local ON CLUSTER 'one' MODIFY SETTING auto_statistics_types = '';

INSERT INTO assay.schema_migrations SELECT 8, 'merges that cost less', '3d620e573d661686b0c6f6535cd3b82e118d756c3397ed14ac4e317cf8bc463d', now64(3, 'UTC');

ALTER TABLE assay.spans_local ON CLUSTER 'one' MODIFY TTL toDateTime(least(intDiv(toUnixTimestamp64Micro(start_time), 1000000) + (86400 * 30), 4294967295), 'UTC') TO VOLUME 'cold', toDateTime(least(intDiv(toUnixTimestamp64Micro(start_time), 1000000) + (86400 * transform(tenant, ['acme'], [90], 365)), 4294967295), 'UTC');

ALTER TABLE assay.results_local ON CLUSTER 'one' MODIFY TTL toDateTime(least(intDiv(toUnixTimestamp64Micro(subject_time), 1000000) + (86400 * 30), 4294967295), 'UTC') TO VOLUME 'cold', toDateTime(least(intDiv(toUnixTimestamp64Micro(subject_time), 1000000) + (86400 * transform(tenant, ['acme'], [90], 365)), 4294967295), 'UTC');

ALTER TABLE assay.messages_local ON CLUSTER 'one' MODIFY TTL toDateTime(least(intDiv(toUnixTimestamp64Micro(said_at), 1000000) + (86400 * 30), 4294967295), 'UTC') TO VOLUME 'cold', toDateTime(least(intDiv(toUnixTimestamp64Micro(said_at), 1000000) + (86400 * transform(tenant, ['acme'], [90], 365)), 4294967295), 'UTC');
