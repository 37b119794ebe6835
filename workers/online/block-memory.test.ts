import { expect, test } from 'vitest'
import { BlockMemory, type LentMemory } from './block-memory.ts'

const MB = 1 << 20
const fill = (lent: LentMemory, sizes: readonly number[]) => sizes.map((size, i) => lent.allocate(size).fill(i + 1))

test('what one batch is given does not overlap, and is as large as was asked', () => {
  const sizes = [3 * MB, MB, 1, 3 * MB, 5 * MB, MB - 1]
  const blocks = fill(new BlockMemory().lend(), sizes)
  expect(blocks.map(({ length }) => length)).toEqual(sizes)
  expect(blocks.map((block, i) => block.equals(Buffer.alloc(sizes[i]!, i + 1)))).not.toContain(false)
})

test('memory is lent again when it was given back, and not before', () => {
  const memory = new BlockMemory()
  const first = memory.lend()
  const [written] = fill(first, [MB])
  const second = memory.lend()
  expect(second.allocate(MB).buffer).not.toBe(written!.buffer)
  first.giveBack()
  expect(memory.lend().allocate(MB).buffer).toBe(written!.buffer)
  // After that it is another's.
  expect(first.allocate(MB).buffer).not.toBe(written!.buffer)
})

test('after a burst, batches that need less let go of what they do not need', () => {
  const memory = new BlockMemory()
  const large = memory.lend()
  const slabs = new Set(fill(large, [4 * MB, 4 * MB, 4 * MB, 4 * MB]).map(({ buffer }) => buffer))
  large.giveBack()
  for (let i = 0; i < 3; i++) {
    const small = memory.lend()
    small.allocate(1)
    small.giveBack()
  }
  const next = fill(memory.lend(), [4 * MB, 4 * MB, 4 * MB, 4 * MB])
  expect(next.filter(({ buffer }) => slabs.has(buffer))).toHaveLength(2)
})
