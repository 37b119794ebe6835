import { NativeBlock } from './native.ts'
import { UnstorableError } from './port.ts'

export type Column<Row> = readonly [
  name: string,
  write: (block: NativeBlock<Row>, name: string, storedAtMs: number) => void,
]

/** Rows as one Native block. Throws `UnstorableError` on a row that breaks the model. */
export function encodeBlock<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  options: { storedAtMs: number; typicalRowBytes: number },
): Buffer {
  const block = new NativeBlock(rows, columns.length, rows.length * options.typicalRowBytes)
  try {
    for (const [name, write] of columns) write(block, name, options.storedAtMs)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UnstorableError(error.message, { cause: error })
  }
  return block.bytes()
}
