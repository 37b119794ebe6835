/** Rows to one Native block, in slices of the event loop's time: a batch takes some tens of milliseconds. */
import { createTimeSlice } from '../time-slice.ts'
import { NativeBlock } from './native.ts'

export type Column<Row> = readonly [
  name: string,
  write: (block: NativeBlock<Row>, name: string, storedAtMs: number) => void,
]

/** `rows` must not change meanwhile. Rejects with `RangeError` on a row that breaks the model: a bug of its maker. */
export async function encodeBlock<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  options: { storedAtMs: number; typicalRowBytes: number },
): Promise<Buffer> {
  const block = new NativeBlock(rows, columns.length, rows.length * options.typicalRowBytes)
  const giveWay = createTimeSlice()
  for (const [name, write] of columns) {
    write(block, name, options.storedAtMs)
    await giveWay()
  }
  return block.bytes()
}
