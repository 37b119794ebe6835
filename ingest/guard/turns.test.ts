import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

const nextRound = () => new Promise<void>((resolve) => setImmediate(resolve))

test('what came at once is worked on in slices, in its order, with the event loop between them', async () => {
  let nowMs = 0
  const turns = createTurns(() => nowMs)
  const rounds: number[][] = [[]]
  const work = async (n: number): Promise<void> => {
    const turn = turns.take()
    if (turn !== null) await turn
    rounds.at(-1)!.push(n)
    nowMs += 2
  }
  const all = Array.from({ length: 20 }, (_, n) => work(n))
  for (let done = false; !done; done = rounds.flat().length === 20) {
    await nextRound()
    rounds.push([])
  }
  await Promise.all(all)
  expect(rounds.flat()).toEqual(Array.from({ length: 20 }, (_, n) => n))
  // 5 ms are over within the third: three as they come, and three of those that waited.
  for (const round of rounds) expect(round.length).toBeLessThanOrEqual(6)
})

test('where there is time left nobody waits, and each round begins anew', async () => {
  let nowMs = 0
  const turns = createTurns(() => nowMs)
  expect([turns.take(), turns.take()]).toEqual([null, null])
  nowMs += 5
  expect(turns.take()).toBeInstanceOf(Promise)
  await nextRound()
  await nextRound()
  expect(turns.take()).toBeNull()
})
