import { expect, test } from 'vitest'
import { groupCalls } from './grouped-calls.ts'

test('calls of one turn go together, in order, and each hears its own answer', async () => {
  const sent: (readonly number[])[] = []
  const double = groupCalls(async (all: readonly number[]) => {
    sent.push(all)
    return all.map((one) => one * 2)
  }, 3)
  expect(await Promise.all([1, 2, 3, 4].map(double))).toEqual([2, 4, 6, 8])
  expect(await double(5)).toBe(10)
  expect(sent).toEqual([[1, 2, 3], [4], [5]])
})

test('those that went together fail together, and no others', async () => {
  const call = groupCalls(async (all: readonly string[]) => {
    if (all.includes('bad')) throw new Error('refused')
    return all
  }, 2)
  const ended = await Promise.allSettled(['good', 'bad', 'other'].map(call))
  expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  expect(await call('later')).toBe('later')
})

test('answers that do not fit the questions are none', async () => {
  const call = groupCalls(async (_: readonly string[]) => ['one'], 10)
  const ended = await Promise.allSettled(['a', 'b'].map(call))
  expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})
