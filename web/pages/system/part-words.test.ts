import { expect, test } from 'vitest'
import { breakerWords, figuresOf, partWords } from './part-words.ts'

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

test('the breaker is told by its own state, with why', () => {
  expect(breakerWords({ state: 'closed', reason: null })).toBe('closed: it turns nothing away')
  expect(breakerWords({ state: 'open', reason: 'the log refuses' })).toMatch(/^open: .* \(the log refuses\)$/)
})
