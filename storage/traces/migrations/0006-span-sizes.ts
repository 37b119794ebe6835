/**
 * How much of a span is stored, for metering: by the engine, as it is inserted, so that a usage report of a month reads one number a
 * span and not its texts. Of rows that are there already it is worked out when it is asked for, until they are merged.
 */
import type { Migration } from '../migrations.ts'

const PLAIN = ['name', 'attributes', 'events', 'links']
const NULLABLE = [
  'status_message',
  'input_text',
  'input_messages',
  'output_text',
  'output_messages',
  'tool_arguments',
  'tool_result',
  'retrieval_query',
  'documents',
  'error_message',
]

const SIZE = [
  ...PLAIN.map((column) => `length(${column})`),
  ...NULLABLE.map((column) => `ifNull(length(${column}), 0)`),
].join(' + ')

export const spanSizes: Migration = {
  version: 6,
  name: 'sizes of spans',
  statements: [{ alter: 'spans', action: `ADD COLUMN IF NOT EXISTS size_bytes UInt64 MATERIALIZED ${SIZE}` }],
}
