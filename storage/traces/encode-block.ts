import { type Allocate, NativeBlock } from './native.ts'
import { UnstorableError } from './port.ts'

/** Of the records that rows came in, a number a row: where the log has each. Offsets are exact up to 2^53. */
export interface LogPositions {
  readonly partitions: readonly number[]
  readonly offsets: readonly number[]
}

/** What is told of rows besides what is in them. */
export interface RowContext {
  readonly storedAtMs: number
  /** Null for rows that did not come through the log. */
  readonly positions: LogPositions | null
  /** Memory for the block; of its own unless told. */
  readonly allocate?: Allocate | undefined
}

export type Column<Row> = readonly [
  name: string,
  write: (block: NativeBlock<Row>, name: string, context: RowContext) => void,
]

/** The partition of rows that are of no log. */
export const NO_PARTITION = 0xffff_ffff

/** Both tables end with these: by them `assay verify` finds what the log has and the store has not. */
export const LOG_COLUMNS: readonly Column<unknown>[] = [
  ['log_partition', (b, n, { positions }) => b.uint32(n, inOrder(positions?.partitions, NO_PARTITION))],
  ['log_offset', (b, n, { positions }) => b.uint64(n, inOrder(positions?.offsets, 0))],
]

/** Of rows and not of what they tell: read by nobody who asks for spans or results. */
export const OWN_COLUMNS: ReadonlySet<string> = new Set(['stored_at', ...LOG_COLUMNS.map(([name]) => name)])

/** A column's values are asked for once a row, in the order of the rows. */
function inOrder(values: readonly number[] | undefined, otherwise: number): () => number {
  let next = 0
  return () => values?.[next++] ?? otherwise
}

/** Rows as one Native block. Throws `UnstorableError` on a row that breaks the model. */
export function encodeBlock<Row>(rows: readonly Row[], columns: readonly Column<Row>[], context: RowContext): Buffer {
  const block = new NativeBlock(rows, columns.length)
  try {
    for (const [name, write] of columns) write(block, name, context)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UnstorableError(error.message, { cause: error })
  }
  return block.bytes(context.allocate)
}
