import { expect, test } from 'vitest'
import { Movement, type Patience, untilNothingLeft } from './movement.ts'

const told: string[] = []
const patience: Patience = {
  stallMs: 60_000,
  endMs: Number.POSITIVE_INFINITY,
  signal: new AbortController().signal,
  tell: (left) => told.push(left),
}

test('what changes is waited for however long it takes, what stands still is not', () => {
  let nowMs = 0
  const movement = new Movement(100, () => nowMs)
  for (let seen = 0; seen < 50; seen++) {
    nowMs += 99
    expect(movement.moves(seen)).toBe(true)
  }
  nowMs += 99
  expect(movement.moves(49)).toBe(true)
  nowMs += 1
  expect(movement.moves(49)).toBe(false)
  expect(movement.moves(50)).toBe(true)
})

test('it waits until nothing is left, and takes a failure for an answer', async () => {
  const answers = [3, 'gone', 1, 0]
  const ask = () => {
    const answer = answers.shift() ?? 0
    if (answer === 'gone') throw new Error('no broker')
    return answer
  }
  expect(await untilNothingLeft(patience, ask, 1)).toBe('')
  expect(told).toEqual(['3', 'no broker', '1', ''])
})

test('what is left when nothing moves, or when the run is over, is told', async () => {
  expect(await untilNothingLeft({ ...patience, stallMs: 0 }, () => 7)).toBe('7, and nothing moved for 0 s')
  expect(await untilNothingLeft({ ...patience, endMs: 0 }, () => 7)).toBe('7, when the time of the run was over')
})
