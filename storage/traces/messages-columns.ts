/** Messages that were sent apart from their spans as a block in ClickHouse's Native format, in the columns of the table `messages`. */
import type { SpanMessages } from '../../engine/conventions/span-messages.ts'
import { type Column, encodeBlock, LOG_COLUMNS, type RowContext } from './encode-block.ts'
import { messagesFromText, messagesToText } from './message-json.ts'

const COLUMNS: readonly Column<SpanMessages>[] = [
  ['tenant', (b, n) => b.lowCardinality(n, (m) => m.tenant)],
  ['trace_id', (b, n) => b.hex(n, 16, (m) => m.traceId)],
  ['span_id', (b, n) => b.hex(n, 8, (m) => m.spanId)],
  ['said_at', (b, n) => b.dateTime64(n, 6, (m) => m.timeUs)],
  ['said_at_sub_us', (b, n) => b.uint16(n, (m) => m.timeSubUs)],
  ['event_key', (b, n) => b.hex(n, 16, (m) => m.key)],
  [
    'input_messages',
    (b, n) => b.nullableString(n, (m) => m.inputMessages && messagesToText(m.inputMessages, undefined)),
  ],
  [
    'output_messages',
    (b, n) => b.nullableString(n, (m) => m.outputMessages && messagesToText(m.outputMessages, undefined)),
  ],
  ['stored_at', (b, n, { storedAtMs }) => b.dateTime64(n, 3, () => storedAtMs)],
  ...LOG_COLUMNS,
]

export const MESSAGES_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name)

export function encodeMessagesBlock(messages: readonly SpanMessages[], context: RowContext): Buffer {
  return encodeBlock(messages, COLUMNS, context)
}

export interface MessagesRow {
  trace_id_hex: string
  span_id_hex: string
  event_key_hex: string
  said_at_us: number | string
  said_at_sub_us: number
  input_messages: string | null
  output_messages: string | null
}

/** The select list whose rows are `MessagesRow`. */
export const MESSAGES_SELECT = `lower(hex(trace_id)) AS trace_id_hex, lower(hex(span_id)) AS span_id_hex, lower(hex(event_key)) AS event_key_hex,
  toUnixTimestamp64Micro(said_at) AS said_at_us, said_at_sub_us, input_messages, output_messages`

export function messagesFromRow(tenant: string, row: MessagesRow): SpanMessages {
  const read = (text: string | null) => (text === null ? undefined : messagesFromText(text, undefined))
  return {
    tenant,
    traceId: row.trace_id_hex,
    spanId: row.span_id_hex,
    key: row.event_key_hex,
    timeUs: Number(row.said_at_us),
    timeSubUs: row.said_at_sub_us,
    inputMessages: read(row.input_messages),
    outputMessages: read(row.output_messages),
  }
}
