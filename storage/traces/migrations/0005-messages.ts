/**
 * Messages that were sent apart from their spans, as log events. They come before the span or after it, so that neither can be written
 * into the other's row: who reads a span reads them with it. One event is one row, however often it was sent.
 */
import type { Migration } from '../migrations.ts'

export const messages: Migration = {
  version: 5,
  name: 'messages sent apart from their spans',
  statements: [
    {
      create: 'messages',
      columns: `  tenant LowCardinality(String),
  trace_id FixedString(16),
  span_id FixedString(8),
  said_at DateTime64(6, 'UTC'),
  said_at_sub_us UInt16,
  event_key FixedString(16),
  input_messages Nullable(String),
  output_messages Nullable(String),
  stored_at DateTime64(3, 'UTC'),
  log_partition UInt32 DEFAULT 4294967295,
  log_offset UInt64 DEFAULT 0`,
      versionColumn: 'stored_at',
      keys: `PARTITION BY toYYYYMM(said_at)
ORDER BY (tenant, trace_id, span_id, event_key)`,
      settings:
        'index_granularity = 1024, min_bytes_for_wide_part = 67108864, non_replicated_deduplication_window = 1000, merge_selector_base = 20',
      shardBy: 'cityHash64(trace_id)',
    },
  ],
}
