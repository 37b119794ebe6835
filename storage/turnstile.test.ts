import { expect, test } from 'vitest'
import { createTurnstile } from './turnstile.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Four come at once; who is let in is listed, and leaves by his entry. */
async function fourAt(atOnce: number) {
  const { enter } = createTurnstile(atOnce)
  const inside: number[] = []
  const leave: (() => void)[] = []
  const come = (one: number) =>
    enter().then((left) => {
      inside.push(one)
      leave[one] = left
    })
  for (let one = 0; one < 4; one++) come(one)
  await turn()
  return { inside, leave, come }
}

test('lets so many in, and the others in the order in which they came', async () => {
  const { inside, leave } = await fourAt(2)
  expect(inside).toEqual([0, 1])
  leave[1]?.()
  await turn()
  expect(inside).toEqual([0, 1, 2])
  leave[0]?.()
  await turn()
  expect(inside).toEqual([0, 1, 2, 3])
})

test('who leaves twice makes room for one', async () => {
  const { inside, leave } = await fourAt(1)
  leave[0]?.()
  leave[0]?.()
  await turn()
  expect(inside).toEqual([0, 1])
})

test('a place that nobody waits for is there for whoever comes', async () => {
  const { inside, leave, come } = await fourAt(4)
  for (const one of leave) one()
  for (let one = 4; one < 9; one++) come(one)
  await turn()
  expect(inside).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})
