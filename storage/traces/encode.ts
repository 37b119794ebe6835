/**
 * Rows as they are handed to ClickHouse. Encoding apart from inserting lets a reader turn spans into bytes as it goes: a batch
 * held as objects for the time of an insert costs the garbage collector more than encoding it.
 */
import type { SpanMessages } from '../../engine/conventions/span-messages.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { Span } from '../../engine/model/span.ts'
import type { LogPositions, RowContext } from './encode-block.ts'
import { encodeMessagesBlock } from './messages-columns.ts'
import type { Allocate } from './native.ts'
import { encodeResultBlock } from './result-columns.ts'
import { encodeSpanBlock } from './span-columns.ts'

export interface RowTypes {
  spans: Span
  /** Sent apart from their spans. */
  messages: SpanMessages
  results: EvalResult
}

export type TracesTable = keyof RowTypes

const ENCODERS: { [T in TracesTable]: (rows: readonly RowTypes[T][], context: RowContext) => Buffer } = {
  spans: encodeSpanBlock,
  messages: encodeMessagesBlock,
  results: encodeResultBlock,
}

/** Some milliseconds of work, and small enough to die young. */
export const ROWS_OF_BLOCK = 500

/**
 * One block for `TracesStore.insertBlocks`, in what `allocate` gives. Throws `UnstorableError` on a row that breaks the model. `positions`: of each
 * row, in the log.
 */
export function encodeRows<T extends TracesTable>(
  table: T,
  rows: readonly RowTypes[T][],
  storedAtMs: number,
  positions: LogPositions | null = null,
  allocate?: Allocate,
): Uint8Array {
  return ENCODERS[table](rows, { storedAtMs, positions, allocate })
}
