/** How a record's headers lie in its row, and what it weighs. */
import type { RecordToAppend } from '../port.ts'

// What a record costs besides its value and strings: row header, cell pointer, b-tree share.
const RECORD_OVERHEAD_BYTES = 32

export function encodeHeaders(headers: RecordToAppend['headers']): string | null {
  return headers === undefined ? null : JSON.stringify(headers)
}

export function decodeHeaders(text: string | null): Readonly<Record<string, string>> {
  return text === null ? {} : (JSON.parse(text) as Record<string, string>)
}

/** What a record counts for in size bounds, with `headers` as encoded. */
export function sizeOf(record: RecordToAppend, headers: string | null): number {
  return record.value.byteLength + (record.key?.length ?? 0) + (headers?.length ?? 0) + RECORD_OVERHEAD_BYTES
}
