import { expect, test } from 'vitest'
import { withoutRepeats } from './repeats.ts'

test('a line is said again only after a while, other lines at once', () => {
  const said: string[] = []
  let nowMs = 0
  const { problem: say } = withoutRepeats((text) => said.push(text), { everyMs: 60_000, nowMs: () => nowMs })
  say('full')
  say('slow')
  nowMs = 59_999
  say('full')
  expect(said).toEqual(['full', 'slow'])
  nowMs = 60_000
  say('full')
  say('full')
  expect(said).toEqual(['full', 'slow', 'full'])
})

test('what it remembers is bounded', () => {
  const said: string[] = []
  const { problem: say } = withoutRepeats((text) => said.push(text), { everyMs: 60_000, nowMs: () => 0 })
  for (let round = 0; round < 2; round++) for (let i = 0; i < 201; i++) say(`problem ${i}`)
  expect(said).toHaveLength(402)
})

test('changes are all said, and a problem that comes back after one is said again', () => {
  const said: string[] = []
  const say = withoutRepeats((text) => said.push(text), { everyMs: 60_000, nowMs: () => 0 })
  for (let round = 0; round < 2; round++) {
    say.change('refused')
    say.change('taken')
  }
  say.problem('waits')
  say.problem('waits')
  say.change('goes on')
  say.problem('waits')
  expect(said).toEqual(['refused', 'taken', 'refused', 'taken', 'waits', 'goes on', 'waits'])
})
