import { expect, test } from 'vitest'
import { BATCHES_AHEAD, createReadAhead, type ReadAhead, type ReadPlace } from './read-ahead.ts'

/** Who has come, in order, as far as they were let in. */
function comers(ahead: ReadAhead, count: number): ReadPlace[] {
  const entered: ReadPlace[] = []
  for (let i = 0; i < count; i++) void ahead.enter().then((place) => entered.push(place))
  return entered
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('those who wait are let in together, when no more than are enough are left', async () => {
  const places = comers(createReadAhead({ few: 1, enough: 3, maxSpans: 1_000_000 }), 20)
  await turn()
  expect(places).toHaveLength(4)
  places[0]?.leave()
  await turn()
  expect(places).toHaveLength(4 + BATCHES_AHEAD)
  for (const place of places.slice(1, 9)) place.leave()
  await turn()
  expect(places).toHaveLength(20)
})

test('as many as there is room for, going by what the last one held; a few in any case', async () => {
  const ahead = createReadAhead({ few: 2, enough: 2, maxSpans: 10_000 })
  const places = comers(ahead, 20)
  await turn()
  expect(places).toHaveLength(3)
  for (const place of places) place.holds(3_000)
  places[0]?.leave()
  await turn()
  // 6,000 are held, and the next is thought to hold 3,000.
  expect(places).toHaveLength(4)
  places[1]?.holds(100_000)
  places[3]?.leave()
  await turn()
  expect(places).toHaveLength(4)
  places[2]?.leave()
  await turn()
  expect(places).toHaveLength(5)
})

test('who leaves twice has left once', async () => {
  const ahead = createReadAhead({ few: 1, enough: 5, maxSpans: 0 })
  const places = comers(ahead, 3)
  await turn()
  expect(places).toHaveLength(1)
  places[0]?.leave()
  await turn()
  places[0]?.leave()
  await turn()
  expect(places).toHaveLength(2)
})
