import { expect, test } from 'vitest'
import { figuresOf, partWords } from './part-words.ts'

test('a role that has no words yet is shown by its name', () => {
  expect(partWords('gateway').title).toBe('Receiving traces')
  expect(partWords('later').title).toBe('later')
})

test('telling figures come first and stay at zero, others are left out there', () => {
  const { telling, others } = figuresOf({
    'rejected.tooLarge': 2,
    droppedAttributes: 0,
    rejectedSpans: 0,
    acceptedSpans: 3,
  })
  expect(telling.map(({ name, value }) => [name, value])).toEqual([
    ['Spans taken in', 3],
    ['Spans refused', 0],
  ])
  expect(others.map(({ name }) => name)).toEqual(['rejected too large'])
})
