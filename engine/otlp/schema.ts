/**
 * The messages of OTLP traces as tables: wire type and message type of each field.
 * https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto
 */
import { WIRE_DELIMITED, WIRE_FIXED32, WIRE_FIXED64, WIRE_VARINT } from './wire.ts'

/** AnyValues nest no deeper: the gateway refuses what does. */
export const MAX_NESTING = 100

export const REQUEST = 0
export const RESOURCE_SPANS = 1
export const RESOURCE = 2
export const SCOPE_SPANS = 3
export const SCOPE = 4
export const SPAN = 5
export const EVENT = 6
export const LINK = 7
export const STATUS = 8
export const KEY_VALUE = 9
export const ANY_VALUE = 10
export const ARRAY_VALUE = 11
export const KEY_VALUE_LIST = 12
export const ENTITY_REF = 13

interface Field {
  readonly name: string
  readonly wire: number
  /** Type of the message in it. */
  readonly message?: number
  readonly repeated?: true
}

const text = (name: string): Field => ({ name, wire: WIRE_DELIMITED })
const texts = (name: string): Field => ({ name, wire: WIRE_DELIMITED, repeated: true })
const varint = (name: string): Field => ({ name, wire: WIRE_VARINT })
const fixed64 = (name: string): Field => ({ name, wire: WIRE_FIXED64 })
const fixed32 = (name: string): Field => ({ name, wire: WIRE_FIXED32 })
const one = (name: string, message: number): Field => ({ name, wire: WIRE_DELIMITED, message })
const many = (name: string, message: number): Field => ({ name, wire: WIRE_DELIMITED, message, repeated: true })

/** By message type, then by field number. */
export const MESSAGES: readonly Readonly<Record<number, Field>>[] = [
  { 1: many('resource_spans', RESOURCE_SPANS) },
  { 1: one('resource', RESOURCE), 2: many('scope_spans', SCOPE_SPANS), 3: text('schema_url') },
  {
    1: many('attributes', KEY_VALUE),
    2: varint('dropped_attributes_count'),
    3: many('entity_refs', ENTITY_REF),
  },
  { 1: one('scope', SCOPE), 2: many('spans', SPAN), 3: text('schema_url') },
  {
    1: text('name'),
    2: text('version'),
    3: many('attributes', KEY_VALUE),
    4: varint('dropped_attributes_count'),
  },
  {
    1: text('trace_id'),
    2: text('span_id'),
    3: text('trace_state'),
    4: text('parent_span_id'),
    5: text('name'),
    6: varint('kind'),
    7: fixed64('start_time_unix_nano'),
    8: fixed64('end_time_unix_nano'),
    9: many('attributes', KEY_VALUE),
    10: varint('dropped_attributes_count'),
    11: many('events', EVENT),
    12: varint('dropped_events_count'),
    13: many('links', LINK),
    14: varint('dropped_links_count'),
    15: one('status', STATUS),
    16: fixed32('flags'),
  },
  {
    1: fixed64('time_unix_nano'),
    2: text('name'),
    3: many('attributes', KEY_VALUE),
    4: varint('dropped_attributes_count'),
  },
  {
    1: text('trace_id'),
    2: text('span_id'),
    3: text('trace_state'),
    4: many('attributes', KEY_VALUE),
    5: varint('dropped_attributes_count'),
    6: fixed32('flags'),
  },
  { 2: text('message'), 3: varint('code') },
  { 1: text('key'), 2: one('value', ANY_VALUE) },
  {
    1: text('string_value'),
    2: varint('bool_value'),
    3: varint('int_value'),
    4: fixed64('double_value'),
    5: one('array_value', ARRAY_VALUE),
    6: one('kvlist_value', KEY_VALUE_LIST),
    7: text('bytes_value'),
  },
  { 1: many('values', ANY_VALUE) },
  { 1: many('values', KEY_VALUE) },
  { 1: text('schema_url'), 2: text('type'), 3: texts('id_keys'), 4: texts('description_keys') },
]

/** Field numbers below this are looked up; all known ones are. */
export const FIELDS_PER_MESSAGE = 32

/** `message * FIELDS_PER_MESSAGE + field`: expected wire type + 1; 0 for a field that nobody knows. */
export const EXPECTED_WIRE = new Uint8Array(MESSAGES.length * FIELDS_PER_MESSAGE)
/** In the same places: type of the message in the field + 1; 0 for none. */
export const MESSAGE_IN = new Uint8Array(MESSAGES.length * FIELDS_PER_MESSAGE)

for (const [message, fields] of MESSAGES.entries()) {
  for (const [number, field] of Object.entries(fields)) {
    const at = message * FIELDS_PER_MESSAGE + Number(number)
    EXPECTED_WIRE[at] = field.wire + 1
    if (field.message !== undefined) MESSAGE_IN[at] = field.message + 1
  }
}
