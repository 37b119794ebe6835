import { expect, test } from 'vitest'
import { createGathered } from './gathered.ts'

const MIB = 2 ** 20

test.each<[string, number, number[]]>([
  ['nothing', 0, []],
  ['one piece', 0, [100]],
  ['as many bytes as were expected', 300, [100, 100, 100]],
  ['more than were expected', 150, [100, 100, 40_000, 1, 99_000]],
  ['none that were expected', 1_000, []],
])('%s', (_, expectedBytes, sizes) => {
  const gathered = createGathered(expectedBytes, MIB)
  const pieces = sizes.map((size, n) => Buffer.alloc(size, n + 1))
  for (const piece of pieces) gathered.add(piece)
  expect(gathered.sizeBytes).toBe(sizes.reduce((sum, size) => sum + size, 0))
  expect(gathered.bytes().equals(Buffer.concat(pieces))).toBe(true)
})

test('the first piece stays where it is, and of others nothing is held', () => {
  const gathered = createGathered(0, MIB)
  const read = Buffer.alloc(1_000, 'a')
  gathered.add(read.subarray(0, 1))
  expect(gathered.bytes().buffer).toBe(read.buffer)
  gathered.add(read.subarray(1, 2))
  read.fill('b')
  expect(gathered.bytes().toString()).toBe('aa')
})

test('room is made for what there may be, and no more', () => {
  const gathered = createGathered(0, 100_000)
  for (let at = 0; at < 100_000; at += 1_000) gathered.add(Buffer.alloc(1_000))
  expect(gathered.bytes().buffer.byteLength).toBe(100_000)
  gathered.clear()
  expect(gathered.sizeBytes).toBe(0)
})
